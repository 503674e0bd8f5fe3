"""What people see while they wait, and what happens when they do not want to any more."""

import signal
from contextlib import suppress

import pytest

from anatwin.commands.terminal import progress
from anatwin.core import track


def work(done, number):
    """Ten parts, the fourth interrupted and the interruption swallowed."""
    with progress():
        for part in track(range(10), "work"):
            done.append(part)
            with suppress(KeyboardInterrupt):  # as an 'except' around an optional import does
                if part == 3:
                    signal.raise_signal(number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_swallowed_interruption_comes_again(number):
    done = []
    with pytest.raises(KeyboardInterrupt):
        work(done, number)
    assert done == [0, 1, 2, 3]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_import_that_fails_because_it_was_interrupted_is_an_interruption(number):
    def interrupted():
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt:
            raise ImportError("initialization failed") from None

    with pytest.raises(KeyboardInterrupt), progress():
        interrupted()
    with pytest.raises(ImportError), progress():
        raise ImportError("not there")


def test_afterwards_signals_are_handled_as_before():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with progress():
        assert signal.getsignal(signal.SIGINT) is not before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before

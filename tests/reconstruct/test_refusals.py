from dataclasses import replace

import numpy as np
import pytest

from anatwin.core import Grid, InputError, KSpace, UsageError
from anatwin.reconstruct import Espirit, RootSumOfSquares, Sense, Wavelet, ZeroFilled
from anatwin.testing.laws import random_complex

GRID = Grid.isotropic((20, 18, 4), 2.0)


def scan(mask, **changes):
    data = random_complex((3, *GRID.shape), 0).astype(np.complex64) * mask
    return KSpace(data, mask, GRID, **{"slice_axis": 2, **changes})


@pytest.mark.parametrize("method", [ZeroFilled(), Sense(), Wavelet()])
def test_says_what_to_do_when_the_middle_was_not_measured(method):
    mask = np.zeros((1, 18, 1), bool)
    mask[0, ::3] = True
    with pytest.raises(InputError, match=r"4 samples or more, got .* RootSumOfSquares"):
        method(scan(mask))
    assert RootSumOfSquares()(scan(mask)).data.max() > 0


def test_given_maps_need_no_middle():
    mask = np.zeros((1, 18, 1), bool)
    mask[0, ::3] = True
    with_maps = replace(scan(mask), coils=np.full((3, *GRID.shape), 3**-0.5, np.complex64))
    assert np.isfinite(Sense()(with_maps).data).all()


def test_readout_of_a_3d_scan_must_be_full():
    mask = np.ones((20, 18, 1), bool)
    mask[3, 5] = False
    with pytest.raises(InputError, match="readout_axis"):
        RootSumOfSquares()(scan(mask, slice_axis=None))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Espirit(kernel=1),
        lambda: Espirit(calibration=6),
        lambda: Espirit(threshold=0),
        lambda: Espirit(crop=1),
        lambda: Sense(iterations=0),
        lambda: Sense(tolerance=-1),
        lambda: Wavelet(iterations=0),
        lambda: Wavelet(strength=-0.1),
        lambda: Wavelet(wavelet="db17"),
        lambda: Wavelet(energy=0),
    ],
)
def test_refuses_impossible_options(make):
    with pytest.raises(UsageError):
        make()

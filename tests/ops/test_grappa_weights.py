import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.ops.grappa import choose_neighbours, fill_missing, learned_weights
from anatwin.testing.laws import random_complex


def shifted(shape, offsets, seed):
    """Return k-space of coils that are plane waves: each one is the first, moved along columns."""
    rows, columns = shape
    first = random_complex((rows, columns + 20), seed)
    return np.stack([first[:, 10 + n : 10 + n + columns] for n in offsets])


@settings(deadline=None, max_examples=20)
@given(factor=st.integers(2, 4), seed=st.integers(0, 1000))
def test_what_one_coil_lacks_another_has_measured(factor, seed):
    """Coils that move k-space by every step within the factor leave nothing unknown."""
    full = shifted((11, 60), range(-factor + 1, factor), seed)
    mask = np.arange(60)[None] % factor == 0
    mask[:, 18:42] = True
    nearest = choose_neighbours(mask, wanted=2, kernel=3, largest=(7, 16))
    filled = fill_missing(full * mask, mask, full[:, :, 18:42], nearest, 1e-9)
    inner = np.s_[:, 1:-1, factor : 60 - 2 * factor]
    np.testing.assert_allclose(filled[inner], full[inner], atol=1e-4)
    np.testing.assert_array_equal(filled[:, :, mask[0]], full[:, :, mask[0]])


def test_gaps_along_both_axes():
    rows = shifted((52, 50), (-1, 0, 1), 0)
    full = np.concatenate([rows, np.roll(rows, 1, 1), np.roll(rows, -1, 1)])
    mask = np.zeros((52, 50), bool)
    mask[::2, ::2] = mask[12:40, 11:39] = True
    nearest = choose_neighbours(mask, wanted=8, kernel=5, largest=(9, 9))
    filled = fill_missing(full * mask, mask, full[:, 12:40, 11:39], nearest, 1e-9)
    inner = np.s_[:, 3:-3, 3:-3]
    np.testing.assert_allclose(filled[inner], full[inner], atol=1e-3)


def test_equally_spaced_lines_have_as_many_patterns_as_gaps():
    mask = np.arange(180)[None] % 3 == 0
    nearest = choose_neighbours(mask, wanted=4, kernel=5, largest=(20, 15))
    assert nearest.window == (5, 11)
    middle = nearest.which[(nearest.missing[:, 1] > 10) & (nearest.missing[:, 1] < 169)]
    lines = nearest.patterns[np.unique(middle)].reshape(-1, 5, 11)
    assert (lines == lines[:, :1]).all()
    offsets = {tuple(np.flatnonzero(line[0]) - 5) for line in lines}
    assert offsets == {(-4, -1, 2, 5), (-5, -2, 1, 4)}


def test_a_sample_without_neighbours_stays_zero():
    samples = random_complex((2, 9, 80), 0).astype(np.complex64)
    mask = np.zeros((1, 80), bool)
    mask[:, 30:50] = True
    nearest = choose_neighbours(mask, wanted=2, kernel=3, largest=(3, 9))
    filled = fill_missing(samples * mask, mask, samples[:, :, 30:50], nearest, 1e-3)
    assert filled.dtype == np.complex64
    assert not filled[:, :, :20].any()
    assert filled[:, :, 27].any()


def test_regularisation_makes_the_weights_small():
    samples = random_complex((3, 12, 24), 3)
    nearest = choose_neighbours(np.arange(24)[None] % 2 == 0, wanted=2, kernel=3, largest=(5, 7))
    sizes = [
        sum(np.linalg.norm(weights) for _, weights in learned_weights(samples, nearest, amount))
        for amount in (0.0, 0.1, 1e4)
    ]
    assert sizes[0] > sizes[1] > sizes[2]
    assert sizes[2] == pytest.approx(0, abs=1e-2)

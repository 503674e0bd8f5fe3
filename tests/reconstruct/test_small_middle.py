"""A complete middle too small for ESPIRiT costs quality, never the image."""

import numpy as np
import pytest

from anatwin.core import KSpace
from anatwin.reconstruct import Espirit, RootSumOfSquares, Sense, Wavelet
from anatwin.testing.suites import known_image, known_scan, relative_error


def with_middle(side: int, *, lines: bool) -> KSpace:
    """Return a scan of every third sample at random and a complete middle of so many."""
    full = known_scan(slice_axis=2)
    rows, columns, _ = full.grid.shape
    shape = (1, columns) if lines else (rows, columns)
    mask = np.random.default_rng(side).random(shape) < 0.33
    for extra, value in ((2, False), (0, True)):
        half = (side + extra) // 2
        middle = tuple(slice(max(n // 2 - half, 0), n // 2 + half) for n in shape)
        mask[middle] = value
    mask = mask[..., None]
    return KSpace(full.data * mask, mask, full.grid, slice_axis=2, origin="synthetic")


@pytest.mark.parametrize("lines", [True, False])
@pytest.mark.parametrize("side", [4, 6, 8, 10])
@pytest.mark.parametrize("method", [Sense(), Wavelet()])
def test_the_image_is_better_than_zero_filled(method, side, lines) -> None:
    scan, truth = with_middle(side, lines=lines), known_image(known_scan(slice_axis=2))
    plain = relative_error(RootSumOfSquares()(scan).data, truth)
    assert relative_error(method(scan).magnitude().data, truth) < 0.9 * plain


def test_a_kernel_that_fits_no_more_gives_smooth_maps_too() -> None:
    scan, truth = with_middle(14, lines=True), known_image(known_scan(slice_axis=2))
    plain = relative_error(RootSumOfSquares()(scan).data, truth)
    wide = Sense(espirit=Espirit(kernel=14, calibration=24))
    assert relative_error(wide(scan).magnitude().data, truth) < 0.9 * plain

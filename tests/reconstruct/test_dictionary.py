from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from anatwin.core import Grid, UsageError
from anatwin.ops.fourier import fft
from anatwin.phantoms import head_ellipsoids
from anatwin.reconstruct import RootSumOfSquares, Wavelet, ZeroFilled
from anatwin.reconstruct.dictionary import DictionaryLearning
from anatwin.testing.suites import ReconstructorSuite, known_scan, relative_error


class TestDictionaryLearning(ReconstructorSuite):
    method = DictionaryLearning(iterations=8)
    error: ClassVar[float] = 0.05

    @pytest.mark.parametrize(("iterations", "factors"), [(8, (1e-3, 1e3, 1 / 3)), (30, (1e3,))])
    def test_does_not_depend_on_scale(self, iterations, factors):
        """No rounding of the samples turns a choice of atoms."""
        scan = known_scan(slice_axis=2)
        method = replace(self.method, iterations=iterations)
        plain = method(scan).data
        for factor in factors:
            scaled = replace(scan, data=scan.data * np.float32(factor))
            assert relative_error(method(scaled).data / np.float32(factor), plain) < 1e-6


@pytest.fixture(scope="module")
def full():
    grid = Grid.centred((84, 96, 1), (2.6, 2.6, 5.0))
    return replace(head_ellipsoids().kspace(grid, slice_axis=2), coils=None)


def points(shape):
    """Return a mask of a third of all points, denser in the middle."""
    rng = np.random.default_rng(0)
    radius = np.hypot(*np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij"))
    return (rng.random(shape) < np.clip(1.25 - 1.6 * radius, 0.1, 1))[..., None]


def test_beats_zero_filling_by_four_decibels_and_wavelets(full):
    mask = points((84, 96))
    assert 0.25 < mask.mean() < 0.4
    scan = replace(full, data=full.data * mask, mask=mask)
    truth = RootSumOfSquares()(full).data
    learnt, wavelet, zeros = (
        relative_error(m(scan).magnitude().data, truth)
        for m in (DictionaryLearning(), Wavelet(), ZeroFilled())
    )
    assert 20 * np.log10(zeros / learnt) > 4
    assert learnt < wavelet


def test_measured_samples_stay_to_the_weight_given_to_them(full):
    mask = points((84, 96))
    scan = replace(full, data=full.data * mask, mask=mask)
    changes = []
    for fidelity in (3.0, 1000.0):
        image = DictionaryLearning(iterations=6, fidelity=fidelity)(scan).data[..., 0]
        found = fft(image, (0, 1))[..., None] * mask
        changes.append(relative_error(found, scan.data[0]))
    assert changes[1] < 1e-3 < 3e-3 < changes[0]


def test_another_seed_learns_from_other_patches(full):
    mask = points((84, 96))
    scan = replace(full, data=full.data * mask, mask=mask)
    images = [DictionaryLearning(iterations=3, examples=500, seed=s)(scan).data for s in (0, 1)]
    assert 0 < relative_error(*images) < 0.05


def test_an_empty_slice_is_dark(full):
    data = np.concatenate([full.data, 0 * full.data], axis=3)
    scan = replace(full, data=data, grid=Grid.centred((84, 96, 2), (2.6, 2.6, 5.0)))
    image = DictionaryLearning(iterations=2)(scan).data
    assert not image[..., 1].any()
    assert image[..., 0].any()


@pytest.mark.parametrize(
    "options",
    [
        {"iterations": 0},
        {"patch": 1},
        {"sparsity": 0},
        {"examples": 0},
        {"last_error": 0.0},
        {"last_error": 0.5},
        {"fidelity": 0.0},
        {"seed": -1},
        {"energy": 0.0},
    ],
)
def test_refuses_impossible_options(options):
    with pytest.raises(UsageError, match=f"DictionaryLearning.{next(iter(options))}"):
        DictionaryLearning(**options)

import numpy as np
import pytest

from anatwin.core import Grid
from anatwin.ops.fourier import ifft
from anatwin.phantoms import Patient, Scanner, Weighting, head, patient, signal, tissues

GRID = Grid.isotropic((36, 44, 40), 6.0)
QUIET = Scanner(n_coils=4, noise=0.0, seed=3)


@pytest.fixture(scope="module")
def scan() -> Patient:
    return patient(3, grid=GRID, acceleration=1, scanner=QUIET)


def test_complete_quiet_scan_shows_the_truth(scan: Patient) -> None:
    coil_images = ifft(scan.kspace.data, (1, 2, 3))
    image = np.sqrt((np.abs(coil_images) ** 2).sum(axis=0))
    error = np.linalg.norm(image - scan.truth.data) / np.linalg.norm(scan.truth.data)
    assert error < 0.05


def test_truth_is_the_person_seen_at_the_scans_resolution(scan: Patient) -> None:
    person = signal(tissues(GRID, 3), seed=3).data
    truth = scan.truth.data
    assert np.corrcoef(truth.ravel(), person.ravel())[0, 1] > 0.8
    assert truth.mean() == pytest.approx(person.mean(), rel=0.12)  # ringing is rectified
    assert np.array_equal(scan.labels.data, head(GRID, 3).data)
    brain = np.isin(scan.labels.data, [1, 2])
    assert np.median(truth[brain]) == pytest.approx(1.0, abs=0.15)


def test_scan_is_undersampled_noisy_and_repeatable() -> None:
    first, second = (patient(5, grid=GRID, acceleration=4) for _ in range(2))
    kspace = first.kspace
    assert np.array_equal(kspace.data, second.kspace.data)
    assert kspace.n_coils == 8
    assert kspace.origin == "synthetic"
    assert kspace.acceleration == pytest.approx(4, rel=0.01)
    assert kspace.mask.shape == (36, 44, 1)
    assert not kspace.data[:, ~kspace.mask[:, :, 0]].any()


def test_image_is_where_the_labels_are(scan: Patient) -> None:
    """The two lattices of the simulation share their middle: no half-voxel shift."""
    index = np.indices(GRID.shape).reshape(3, -1)
    blurred = scan.truth.data.ravel()
    sharp = signal(tissues(GRID, 3), seed=3).data.ravel()
    shift = (index * blurred).sum(1) / blurred.sum() - (index * sharp).sum(1) / sharp.sum()
    assert np.abs(shift).max() < 0.3


def test_fat_is_shifted_along_the_readout() -> None:
    still, moved = (
        patient(3, grid=GRID, weighting=Weighting(fat_shift_voxels=s), scanner=QUIET).truth.data
        for s in (0.0, 2.0)
    )
    assert moved.mean() == pytest.approx(still.mean(), rel=0.05)
    assert np.corrcoef(moved.ravel(), still.ravel())[0, 1] < 0.98
    brain = np.s_[15:20, 18:24, 26:30]
    assert moved[brain] == pytest.approx(still[brain], abs=0.2)

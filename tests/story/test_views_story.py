"""From labelled volumes to the mask of a person who was not among them, by the command line."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from anatwin.acquire import ThickSlices
from anatwin.align import resampled
from anatwin.cli import main
from anatwin.core import Grid, Volume
from anatwin.io.nifti import read_labels, write_volume
from anatwin.io.tables import read_table


def person(seed: int) -> tuple[Volume, Volume]:
    """Return an image of a bright, bent object in a textured body in the dark, and its mask."""
    rng = np.random.default_rng(seed)
    i, j, k = np.meshgrid(*(np.linspace(-1, 1, n) for n in (56, 60, 52)), indexing="ij")
    a, b, c = rng.uniform(0.45, 0.55, 3)
    mask = (i / a) ** 2 + ((j - 0.5 * i**2) / b) ** 2 + ((k - 0.3 * j) / c) ** 2 < 1
    body = i**2 + (j / 0.9) ** 2 + (k / 0.95) ** 2 < 0.9
    waves = sum(np.sin(rng.uniform(3, 6) * x + rng.uniform(0, 6)) for x in (i, j, k, i - j))
    grid = Grid.isotropic(mask.shape, 1.0)
    image = (body * (30 + 3 * waves) + 90 * mask).astype(np.float32)
    return Volume(image, grid), Volume(mask.astype(np.float32), grid)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train on two people, for seconds."""
    pytest.importorskip("torch", reason="torch trains the networks")
    folder = tmp_path_factory.mktemp("people")
    for seed in range(2):
        with h5py.File(folder / f"p{seed}.h5", "w") as file:
            for name, volume in zip(("image", "label"), person(seed), strict=True):
                file[name] = volume.data
    run(
        "train", "views", str(folder), "-o", str(folder / "out"), "--distance-mm", "5",
        "--edge-mm", "56", "--rotation-deg", "15", "--shift-mm", "5", "--poses", "1",
        "--steps", "90", "--align-steps", "1", "--together-steps", "1",
    )  # fmt: skip
    return folder / "out"


def run(*words: str) -> None:
    """Run a command that succeeds."""
    with pytest.raises(SystemExit) as finished:
        main(list(words))
    assert finished.value.code == 0


def test_views_of_another_person_are_labelled_and_fused(network: Path, tmp_path: Path) -> None:
    assert "views of 2 labelled volumes" in (network / "model-card.md").read_text(encoding="utf-8")
    image, mask = person(7)
    names = ("axial", "coronal", "sagittal")
    for n, name in enumerate(names):
        scan = ThickSlices(
            direction=name, distance_mm=5, rotation_deg=8 * n, shift_mm=4 * n, seed=n
        )
        write_volume(scan(image).volume, tmp_path / f"{name}.nii.gz")
    run(
        "fuse", *(str(tmp_path / f"{name}.nii.gz") for name in names), "-o", str(tmp_path / "case"),
        "--spacing-mm", "3", "--align.rotation-deg", "20", "--align.candidates", "2",
        "--image.iterations", "1", "segment:trained-network", "--segment.model", str(network),
    )  # fmt: skip
    table = read_table(tmp_path / "case/labels.tsv")
    found = read_labels(tmp_path / "case/labels.nii.gz", table)
    truth = resampled(mask, found.grid).data > 0.5
    assert truth.mean() < 0.3
    dice = 2 * np.sum(truth & (found.data == 1)) / (np.sum(truth) + np.sum(found.data == 1))
    assert dice > 0.75

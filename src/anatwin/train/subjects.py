"""People whose image and mask stand in for their anatomy: what views are simulated from."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, InputError, Label, LabelTable, Volume
from anatwin.io.hdf5 import opened_hdf5, stored_dataset
from anatwin.ops.morphology import bounding_box
from anatwin.train.dataset import Case, read_dataset

OBJECT = LabelTable((Label(1, "object", (214, 96, 77)),))

_FINE_MM = 1.0

Scene = tuple[Volume, NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Subject:
    """One person.

    Parameters
    ----------
    name
        Of the file.
    read
        Gives the image and where the object is, ``i j k``.
    """

    name: str
    read: Callable[[], Scene]

    def in_cube(self, edge_mm: float) -> tuple[Volume, Volume]:
        """Return image and mask (0 to 1) in a cube of 1 mm voxels, the object in its middle.

        The darkest value becomes 0, which also lies beyond the image.
        """
        from scipy.ndimage import affine_transform

        image, mask = self.read()
        box = bounding_box(mask)
        if box is None:
            raise InputError(f"{self.name} marks no object; every subject must show it.")
        middle = image.grid.at(*((part.start + part.stop - 1) / 2 for part in box))
        cube = Grid.isotropic((round(edge_mm / _FINE_MM),) * 3, _FINE_MM)
        shift = np.eye(4)
        shift[:3, 3] = middle
        index = np.linalg.inv(image.grid.matrix) @ shift @ cube.matrix
        data = image.data.astype(np.float32)
        pair = []
        for values, order in ((data - data.min(), 3), (mask.astype(np.float32), 1)):
            found = affine_transform(
                values, index[:3, :3], index[:3, 3], output_shape=cube.shape, order=order,
                mode="grid-constant",
            )  # fmt: skip
            pair.append(Volume(np.maximum(found, 0), cube))
        return pair[0], pair[1]


def read_subjects(folder: Path, *, spacing_mm: float) -> tuple[Subject, ...]:
    """Return the people of a folder, by name.

    Parameters
    ----------
    folder
        HDF5 files with ``image`` and ``label``, as the 2018 left atrium challenge is often passed
        on, or a labelled dataset as ``anatwin train segment`` takes it, of which the first channel
        is used and all structures are one object.
    spacing_mm
        Voxel edge of HDF5 files, which do not say it.

    Raises
    ------
    InputError
        If there are fewer than two people.
    """
    files = sorted(folder.glob("*.h5"))
    if files:
        found = [Subject(path.stem, lambda p=path: _read_h5(p, spacing_mm)) for path in files]  # type: ignore[misc]
    else:
        dataset = read_dataset(folder)
        table = dataset.table
        found = [Subject(c.name, lambda c=c: _read_case(c, table)) for c in dataset.cases]  # type: ignore[misc]
    if len(found) < 2:
        raise InputError(f"{folder} shows {len(found)} subject; 2 or more are needed.")
    return tuple(found)


def _read_h5(path: Path, spacing_mm: float) -> Scene:
    with opened_hdf5(path) as file:
        image, label = (stored_dataset(file, name)[()] for name in ("image", "label"))
    if image.ndim != 3 or image.shape != label.shape:
        raise InputError(
            f"{path}: image and label must be volumes of one shape, got {image.shape} and "
            f"{label.shape}."
        )
    return Volume(image, Grid.isotropic(image.shape, spacing_mm)), label > 0


def _read_case(case: Case, table: LabelTable) -> Scene:
    volumes, labels = case.read(table)
    return volumes[0].magnitude(), labels.data > 0

"""Grown femora in a folder, so that each is grown once."""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, InputError
from anatwin.phantoms import Femur
from anatwin.simulate.femur_growth import grown_femur

Mask = NDArray[np.bool_]


def whole_blocks(femur: Femur, spacing_mm: float, factor: int) -> Grid:
    """Return a femur's fine grid, cut at the far ends to whole blocks."""
    full = femur.outline.grid(spacing_mm)
    columns, rows = (n // factor * factor for n in full.shape[:2])
    return Grid.from_matrix((columns, rows, 1), full.matrix, full.frame)


def kept_femur(
    number: int, femur: Femur, grid: Grid, *, folder: Path | None = None, iterations: int = 60
) -> Mask:
    """Return a femur's bone, ``x y``, out of a folder or, where it is not there, grown.

    Parameters
    ----------
    number
        Which femur, in the name of its file: ``femur_NN.npz``.
    femur, grid, iterations
        How it is grown.
    folder
        Where grown femora are kept; None keeps none.

    Raises
    ------
    InputError
        If the file cannot be read, or is of a femur with other pixels or another outline.
    """
    path = None if folder is None else folder / f"femur_{number:02d}.npz"
    if path is not None and path.exists():
        return _read(path, femur, grid)
    bone = grown_femur(femur, grid, iterations=iterations, seed=number)
    if path is not None:
        write_bone(bone, path)
    return bone


def write_bone(bone: Mask, path: Path) -> None:
    """Write bone, one bit a pixel, into a folder that is made if need be."""
    from anatwin.io.files import atomic_output

    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_output(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, bone=np.packbits(bone), shape=bone.shape)


def read_bone(path: Path) -> Mask:
    """Return bone that was written so.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            shape = tuple(int(n) for n in stored["shape"])
            flat = np.unpackbits(stored["bone"], count=int(np.prod(shape)))
    except (ValueError, OSError, KeyError, EOFError, BadZipFile) as error:
        raise InputError(f"{path} holds no bone: {error}; remove it.") from error
    bone: Mask = flat.reshape(shape).astype(np.bool_)
    return bone


def _read(path: Path, femur: Femur, grid: Grid) -> Mask:
    """Return a grown femur that was kept, if it is the one."""
    bone = read_bone(path)
    if bone.shape != grid.shape[:2] or (bone & ~femur.outline.inside(grid)).any():
        raise InputError(
            f"{path} is not of the femur that was asked for, {grid.shape[:2]} pixels; name another "
            "folder for femora of another size, seed or surface."
        )
    return bone

"""Loaded bodies as .npz files."""

from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from anatwin.core import Body, Grid, InputError
from anatwin.io.files import atomic_output

_NEEDED = ("density", "fixed", "forces_mn", "spacing_mm")


def write_body(body: Body, path: Path) -> None:
    """Write a body; where it stands in the world is lost, its spacing is not."""
    arrays: dict[str, Any] = {
        "density": body.density,
        "fixed": body.fixed,
        "forces_mn": body.forces_mn,
        "spacing_mm": np.array(body.grid.spacing_mm),
        "weights": np.array(body.weights),
        "material": np.array([body.modulus_kpa, body.poisson]),
    }
    if body.solid is not None:
        arrays["solid"] = body.solid
    with atomic_output(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)


def _arrays(path: Path) -> dict[str, Any]:
    """Return every array of a file, which is not trusted."""
    try:
        with path.open("rb") as file:
            opened = np.load(file, allow_pickle=False)
            if isinstance(opened, np.ndarray):
                raise ValueError("it holds one array without a name")
            return {name: opened[name] for name in opened.files}
    except (ValueError, OSError, EOFError, BadZipFile) as error:
        raise InputError(f"{path} cannot be read as .npz: {error}.") from error


def read_body(path: Path) -> Body:
    """Read a body from the arrays of an .npz file.

    It must hold ``density`` (``i j k``), ``fixed`` (``axis node ...``), ``forces_mn`` (``case
    axis node ...``) and ``spacing_mm`` (three numbers); it may hold ``solid`` (``i j k``),
    ``weights`` (one per case) and ``material`` (modulus [kPa], Poisson's ratio).

    Raises
    ------
    InputError
        If the file cannot be read or lacks an array.
    """
    found = _arrays(path)
    if missing := [name for name in _NEEDED if name not in found]:
        raise InputError(f"{path} must hold {', '.join(_NEEDED)}; it lacks {', '.join(missing)}.")
    density, forces = found["density"], found["forces_mn"]
    if density.ndim != 3 or found["spacing_mm"].shape != (3,):
        raise InputError(f"{path} needs density i j k and three numbers of spacing_mm.")
    x, y, z = found["spacing_mm"].tolist()
    modulus, poisson = found.get("material", np.array([17e6, 0.3])).tolist()
    i, j, k = density.shape
    return Body(
        Grid.centred((i, j, k), (x, y, z)),
        density,
        found["fixed"].astype(bool),
        forces,
        tuple(found.get("weights", np.ones(len(forces))).tolist()),
        found["solid"].astype(bool) if "solid" in found else None,
        modulus,
        poisson,
    )

"""Loaded bodies as .npz files."""

from pathlib import Path
from typing import Any

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
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{path} cannot be read as .npz: {error}.") from error
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

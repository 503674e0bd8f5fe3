"""Where a NIfTI header puts its voxels.

The sform holds where its code is positive, else the qform where its code is positive, else the
voxel sizes alone. Lengths become millimetres.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from anatwin.core import GeometryError, Grid

RawHeader: TypeAlias = Any
"""nibabel's header object, whose methods have no types."""

FRAME_PREFIX = "frame="
"""The description field names the frame of a file that was written here."""

_MM_PER_UNIT = {1: 1000.0, 2: 1.0, 3: 1e-3}
_TEMPLATES = {3: "Talairach", 4: "MNI 152", 5: "another template's"}
_DISAGREE_MM = 0.01


def grid_and_notes(raw: RawHeader, shape: tuple[int, int, int]) -> tuple[Grid, tuple[str, ...]]:
    """Return where the voxels lie, and what a reader should know about it."""
    sform, qform = _sform(raw), _qform(raw)
    matrix = next((m for m in (sform, qform) if m is not None), None)
    notes = [*_unit_notes(raw), *_form_notes(raw, sform, qform)]
    if matrix is None:
        matrix = _voxel_sizes_only(raw)
    scale = _MM_PER_UNIT.get(_unit(raw), 1.0)
    if sform is not None and qform is not None:
        gap_mm = _largest_gap(sform, qform, shape) * scale
        if gap_mm > _DISAGREE_MM:
            notes.append(
                f"sform and qform put voxels up to {gap_mm:.2f} mm apart; the sform is used."
            )
    in_mm = np.diag([scale, scale, scale, 1.0]) @ matrix
    return Grid.from_matrix(shape, in_mm, _frame_name(raw)), tuple(notes)


def _unit(raw: RawHeader) -> int:
    return int(raw["xyzt_units"]) & 7


def _unit_notes(raw: RawHeader) -> Iterator[str]:
    unit = _unit(raw)
    if unit not in _MM_PER_UNIT:
        yield "The header names no unit of length; millimetres are assumed."
    elif _MM_PER_UNIT[unit] != 1:
        yield f"Lengths are converted to mm from {'metres' if unit == 1 else 'micrometres'}."


def _form_notes(
    raw: RawHeader, sform: NDArray[np.float64] | None, qform: NDArray[np.float64] | None
) -> Iterator[str]:
    for name, matrix in (("sform", sform), ("qform", qform)):
        if int(raw[f"{name}_code"]) > 0 and matrix is None:
            yield f"The {name} of the header is damaged and is not used."
    if sform is None and qform is None:
        yield (
            "The header has neither sform nor qform: only the voxel sizes are known, "
            "and left and right cannot be told apart."
        )
        return
    code = int(raw["qform_code" if sform is None else "sform_code"])
    if code in _TEMPLATES:
        yield f"Positions are in {_TEMPLATES[code]} space; sizes may not be the person's own."


def _sform(raw: RawHeader) -> NDArray[np.float64] | None:
    matrix = np.asarray(raw.get_sform(), dtype=np.float64)
    return matrix if int(raw["sform_code"]) > 0 and _is_valid(matrix) else None


def _qform(raw: RawHeader) -> NDArray[np.float64] | None:
    from nibabel.spatialimages import HeaderDataError

    if int(raw["qform_code"]) <= 0:
        return None
    if abs(raw["pixdim"][0]) != 1:
        raw["pixdim"][0] = 1  # The standard reads a zero there as one.
    try:
        matrix = np.asarray(raw.get_qform(), dtype=np.float64)
    except (HeaderDataError, ValueError):
        return None
    return matrix if _is_valid(matrix) else None


def _is_valid(matrix: NDArray[np.float64]) -> bool:
    if not np.isfinite(matrix).all():
        return False
    lengths = np.linalg.norm(matrix[:3, :3], axis=0)
    return bool(abs(np.linalg.det(matrix[:3, :3])) > 1e-6 * lengths.prod() > 0)


def _voxel_sizes_only(raw: RawHeader) -> NDArray[np.float64]:
    sizes = np.abs(np.asarray(raw["pixdim"][1:4], dtype=np.float64))
    if not np.isfinite(sizes).all() or min(sizes) <= 0:
        raise GeometryError(f"the header claims voxels of {sizes.tolist()} mm; it is damaged.")
    return np.diag([*sizes, 1.0])


def _largest_gap(
    a: NDArray[np.float64], b: NDArray[np.float64], shape: tuple[int, int, int]
) -> float:
    corners = np.array(np.meshgrid(*((0, n - 1) for n in shape), [1])).reshape(4, -1)
    return float(np.linalg.norm(((a - b) @ corners)[:3], axis=0).max())


def _frame_name(raw: RawHeader) -> str:
    text = bytes(raw["descrip"].item()).split(b"\0")[0].decode("ascii", "replace")
    name = text.removeprefix(FRAME_PREFIX)
    return name if name != text and name.isprintable() else "scanner"

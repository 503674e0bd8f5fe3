"""Transforms as files: ITK's text format (.tfm) and plain 4 x 4 matrices (.txt).

They map the fixed world to the moving one, as resampling needs. ITK's world is LPS+, so its numbers
differ; a plain matrix is in RAS+, four lines of four numbers.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Bend, InputError, Transform, UsageError
from anatwin.io.files import atomic_output, naming, read_text

_ITK_HEADER = "#Insight Transform File V1.0"
_AFFINE = ("AffineTransform_double_3_3", "AffineTransform_float_3_3")
_MATRIX_FIRST = (*_AFFINE, "MatrixOffsetTransformBase_double_3_3")
_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def write_transform(transform: Transform, path: Path) -> None:
    """Write a transform; the suffix decides how.

    Parameters
    ----------
    transform
        From the fixed world to the moving one.
    path
        Ends in ``.tfm`` for ITK, or in ``.txt`` for a plain matrix.

    Raises
    ------
    UsageError
        If the path has another suffix.
    """
    path = Path(path)
    if path.suffix not in (".tfm", ".txt"):
        raise UsageError(f"A transform must end in .tfm or .txt, got {path.name}.")
    text = _itk_text(transform) if path.suffix == ".tfm" else _matrix_text(transform)
    with atomic_output(path) as temporary:
        temporary.write_text(text, encoding="ascii")


def write_bend(bend: Bend, transform: Transform, path: Path) -> None:
    """Write a bend and the transform after it as ITK's composite of both.

    Parameters
    ----------
    bend
        Of the fixed world.
    transform
        From the fixed world to the moving one.
    path
        Ends in ``.tfm``.
    """
    lps = _TO_LPS @ bend.grid.matrix
    shift = bend.shift_mm.transpose(2, 1, 0, 3) @ _TO_LPS[:3, :3]  # the first axis runs fastest
    spacing = bend.grid.spacing_mm
    fixed = (*bend.grid.shape, *lps[:3, 3], *spacing, *(lps[:3, :3] / spacing).ravel())
    affine = _itk_text(transform).split("\n", 2)[2]
    text = (
        f"{_ITK_HEADER}\n#Transform 0\nTransform: CompositeTransform_double_3_3\n"
        f"#Transform 1\n{affine}"  # of ITK's list, the last is applied first
        "#Transform 2\nTransform: DisplacementFieldTransform_double_3_3\n"
        f"Parameters: {' '.join(f'{x:.6g}' for x in shift.ravel())}\n"
        f"FixedParameters: {' '.join(repr(float(x)) for x in fixed)}\n"
    )
    with atomic_output(Path(path)) as temporary:
        temporary.write_text(text, encoding="ascii")


def read_transform(path: Path) -> Transform:
    """Read an affine transform of ITK, or a plain 4 x 4 matrix; the content decides.

    Raises
    ------
    InputError
        If it is neither, or holds a transform that is not affine.
    """
    path = Path(path)
    with naming(path):
        text = read_text(path)
        if text.startswith("#Insight Transform File"):
            return Transform.from_matrix(_from_itk(text))
        rows = [_numbers(line) for line in text.splitlines() if line.strip()]
        if [len(row) for row in rows] != [4, 4, 4, 4]:
            raise InputError("neither an ITK transform nor four lines of four numbers.")
        return Transform.from_matrix(np.array(rows))


def _itk_text(transform: Transform) -> str:
    lps = _TO_LPS @ transform.matrix @ _TO_LPS
    numbers = " ".join(repr(float(x)) for x in (*lps[:3, :3].ravel(), *lps[:3, 3]))
    return (
        f"{_ITK_HEADER}\n#Transform 0\nTransform: {_AFFINE[0]}\n"
        f"Parameters: {numbers}\nFixedParameters: 0 0 0\n"
    )


def _matrix_text(transform: Transform) -> str:
    rows = (" ".join(repr(float(x)) for x in row) for row in transform.matrix)
    return "\n".join(rows) + "\n"


def _from_itk(text: str) -> NDArray[np.float64]:
    """Return the RAS+ matrix of an ITK file with one affine or Euler transform."""
    pairs = [line.split(":", 1) for line in text.splitlines() if ":" in line]
    if [key for key, _ in pairs].count("Transform") != 1:
        raise InputError("expected one transform in the ITK file, it holds several or none.")
    fields = {key.strip(): value.strip() for key, value in pairs}
    kind = fields["Transform"]
    values = np.array(_numbers(fields.get("Parameters", "")))
    centre = np.array(_numbers(fields.get("FixedParameters", "")))[:3]
    if kind in _MATRIX_FIRST and values.size == 12:
        linear, shift = values[:9].reshape(3, 3), values[9:]
    elif kind.startswith("Euler3DTransform") and values.size == 6:
        linear, shift = _euler(values[:3]), values[3:]
    else:
        raise InputError(f"expected an affine or Euler transform in 3-D, got {kind!r}.")
    if centre.size != 3:
        raise InputError("expected a centre of three numbers as FixedParameters.")
    lps = np.eye(4)
    lps[:3, :3], lps[:3, 3] = linear, shift + centre - linear @ centre
    return np.asarray(_TO_LPS @ lps @ _TO_LPS)


def _euler(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ITK's rotation: about y first, then x, then z [rad]."""
    from scipy.spatial.transform import Rotation

    x, y, z = angles
    return np.asarray(Rotation.from_euler("yxz", [y, x, z]).as_matrix())


def _numbers(line: str) -> list[float]:
    try:
        return [float(word) for word in line.split()]
    except ValueError:
        raise InputError(f"expected numbers, got {line.strip()[:40]!r}.") from None

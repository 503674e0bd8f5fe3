"""One image of a DICOM file: where it lies, how it is stored, how it was acquired.

Only what is named here is ever read: no name, date or identifier of a person.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError

if TYPE_CHECKING:
    from pydicom import Dataset

Element: TypeAlias = Any
"""A pydicom value, whose type depends on the file."""

Facts: TypeAlias = tuple[tuple[str, str], ...]

GEOMETRY = ("PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient")
_MARKS = {
    "EchoTime": "echo time",
    "EffectiveEchoTime": "echo time",
    "InversionTime": "inversion time",
    "InversionTimes": "inversion time",
    "FlipAngle": "flip angle",
    "DiffusionBValue": "b-value",
    "TemporalPositionIdentifier": "time point",
    "TemporalPositionIndex": "time point",
    "ImageType": "image type",
    "FrameType": "image type",
    "TriggerTime": "trigger time",
    "NominalCardiacTriggerDelayTime": "trigger time",
    "AcquisitionNumber": "acquisition",
}
_FACTS = {
    "Modality": ("modality", ""),
    "Manufacturer": ("manufacturer", ""),
    "MagneticFieldStrength": ("field strength", " T"),
    "ScanningSequence": ("sequence type", ""),
    "SequenceName": ("sequence", ""),
    "PulseSequenceName": ("sequence", ""),
    "RepetitionTime": ("repetition time", " ms"),
    "EchoTime": ("echo time", " ms"),
    "EffectiveEchoTime": ("echo time", " ms"),
    "InversionTime": ("inversion time", " ms"),
    "FlipAngle": ("flip angle", " degrees"),
    "SliceThickness": ("slice thickness", " mm"),
}
_STORAGE = (
    "Rows",
    "Columns",
    "BitsAllocated",
    "SamplesPerPixel",
    "NumberOfFrames",
    "PhotometricInterpretation",
    "SeriesInstanceUID",
    "SeriesNumber",
    "SpacingBetweenSlices",
    "RescaleSlope",
    "RescaleIntercept",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
)
TAGS = [*_STORAGE, *GEOMETRY, *_FACTS, *_MARKS]


@dataclass(frozen=True, slots=True)
class Frame:
    """One image of a series, its pixels still in the file.

    Parameters
    ----------
    path, index
        The file, and which of its images.
    series, series_number
        Identifier of the series, and the number that the scanner shows.
    shape
        Number of ``(columns, rows)``.
    spacing_mm
        Between columns, between rows.
    orientation
        Directions of a row and of a column, in LPS+.
    position_mm
        Centre of the first pixel, in LPS+.
    thickness_mm, step_mm
        What the header says of the slice and of the distance to the next.
    slope, intercept
        From stored to real values.
    is_inverted
        Whether large values are dark.
    marks
        What tells the volumes of one series apart.
    facts
        How it was acquired.
    """

    path: Path
    index: int
    series: str
    series_number: int
    shape: tuple[int, int]
    spacing_mm: tuple[float, ...]
    orientation: tuple[float, ...]
    position_mm: tuple[float, ...]
    thickness_mm: float | None
    step_mm: float | None
    slope: float
    intercept: float
    is_inverted: bool
    marks: Facts
    facts: Facts

    @property
    def name(self) -> str:
        """File name, and the number of the image where the file holds several."""
        return f"{self.path.name} image {self.index + 1}" if self.index else self.path.name

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit vector across the slice, in LPS+."""
        return np.cross(self.orientation[:3], self.orientation[3:])


def macros(group: Element) -> Iterator["Dataset"]:
    """Yield the items of a functional group: one for each sequence in it."""
    for element in group or ():
        if element.VR == "SQ" and element.value:
            yield element.value[0]


def make_frame(path: Path, index: int, sources: tuple["Dataset", ...]) -> Frame:
    """Return an image described by ``sources``, the first that knows an element being right.

    Raises
    ------
    InputError
        If its position, direction or pixel size is impossible.
    """

    def find(name: str) -> Element:
        return next((v for s in sources if (v := s.get(name)) is not None and v != ""), None)

    spacing = [float(value) for value in find("PixelSpacing")]
    frame = Frame(
        path=path,
        index=index,
        series=str(find("SeriesInstanceUID") or ""),
        series_number=int(find("SeriesNumber") or 0),
        shape=(int(find("Columns")), int(find("Rows"))),
        spacing_mm=(spacing[1], spacing[0]),
        orientation=tuple(float(value) for value in find("ImageOrientationPatient")),
        position_mm=tuple(float(value) for value in find("ImagePositionPatient")),
        thickness_mm=_number(find("SliceThickness")),
        step_mm=_number(find("SpacingBetweenSlices")),
        slope=_number(find("RescaleSlope")) or 1.0,
        intercept=_number(find("RescaleIntercept")) or 0.0,
        is_inverted=str(find("PhotometricInterpretation")) == "MONOCHROME1",
        marks=_named({tag: (name, "") for tag, name in _MARKS.items()}, find),
        facts=_named(_FACTS, find),
    )
    _require_geometry(frame)
    return frame


def _number(value: Element) -> float | None:
    return None if value is None else float(value)


def _named(wanted: dict[str, tuple[str, str]], find: Element) -> Facts:
    """Return name and text of every tag that is there, each name once."""
    found: dict[str, str] = {}
    for tag, (name, unit) in wanted.items():
        if (value := find(tag)) is not None:
            text = value if isinstance(value, str) else _plain(value)
            found.setdefault(name, "".join(c for c in text if c.isprintable())[:64] + unit)
    return tuple(found.items())


def _plain(value: Element) -> str:
    if isinstance(value, (int, float)):
        return f"{float(value):g}"
    return " ".join(str(part) for part in value)


def _require_geometry(frame: Frame) -> None:
    values = (*frame.spacing_mm, *frame.orientation, *frame.position_mm)
    is_complete = len(frame.orientation) == 6 and len(frame.position_mm) == 3
    if not is_complete or not np.isfinite(values).all() or min(frame.spacing_mm) <= 0:
        raise InputError(f"{frame.path}: the position or the pixel size of its image is damaged.")
    across = float(np.linalg.norm(frame.normal))
    along = np.linalg.norm(np.reshape(frame.orientation, (2, 3)), axis=1)
    if not np.allclose((across, *along), 1, atol=1e-2):
        raise InputError(f"{frame.path}: its rows and columns are not perpendicular.")

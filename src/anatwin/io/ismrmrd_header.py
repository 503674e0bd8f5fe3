"""The XML header of ISMRMRD files, which fastMRI files hold too."""

import json
import math
from dataclasses import dataclass
from typing import Any, cast
from xml.etree import ElementTree

from anatwin.core import AnyKSpace, Grid, InputError, NonCartesian
from anatwin.core.kspace import Origin

_NAMESPACE = "http://www.ismrm.org/ISMRMRD"
_NOTES = "anatwin"
_LARGEST_HEADER = 4 << 20
_LARGEST_SIDE = 65535


@dataclass(frozen=True, slots=True)
class Space:
    """A matrix and its field of view [mm], readout, phase, partition."""

    matrix: tuple[int, int, int]
    fov_mm: tuple[float, float, float]

    def __post_init__(self) -> None:
        if not all(1 <= n <= _LARGEST_SIDE for n in self.matrix):
            raise InputError(f"expected a matrix of 1 to {_LARGEST_SIDE}, got {self.matrix}.")
        if not all(0 < side < 1e5 for side in self.fov_mm):
            raise InputError(f"expected a field of view in mm, got {self.fov_mm}.")


@dataclass(frozen=True, slots=True)
class Encoding:
    """How one image was encoded: centres are encoding steps of zero frequency, where stated."""

    encoded: Space
    recon: Space
    trajectory: str
    centres: tuple[int | None, int | None]
    n_slices: int
    has_embedded_calibration: bool

    @property
    def slice_thickness_mm(self) -> float:
        """Thickness of a slice: of the image's, since the encoded one may be oversampled."""
        return self.recon.fov_mm[2] / self.recon.matrix[2]


@dataclass(frozen=True, slots=True)
class Notes:
    """What this package adds, so that k-space comes back exactly as it was written."""

    grid: Grid
    readout_axis: int
    slice_axis: int | None
    origin: Origin

    @classmethod
    def of(cls, kspace: AnyKSpace) -> "Notes":
        """Return the notes of a k-space."""
        readout = (
            kspace.encoded_axes[0] if isinstance(kspace, NonCartesian) else kspace.readout_axis
        )
        return cls(kspace.grid, readout, kspace.slice_axis, kspace.origin)

    @classmethod
    def from_text(cls, text: str) -> "Notes":
        """Return the notes that JSON text holds."""
        try:
            facts = json.loads(text)
            grid = Grid.from_matrix(facts["shape"], facts["affine"], str(facts["frame"]))
            readout, slices, origin = facts["readout_axis"], facts["slice_axis"], facts["origin"]
        except (LookupError, TypeError, ValueError, RecursionError) as error:
            raise InputError(f"the notes of anatwin in the header are damaged: {error}") from error
        if readout not in (0, 1, 2) or slices not in (0, 1, 2, None) or readout == slices:
            raise InputError("the notes of anatwin in the header name axes that cannot be.")
        if origin not in ("raw", "synthetic"):
            raise InputError(f"expected raw or synthetic k-space, got {str(origin)[:40]!r}.")
        return cls(grid, readout, slices, cast("Origin", origin))

    def to_text(self) -> str:
        """Return the notes as JSON; every float reads back as the same float."""
        facts = {
            "shape": self.grid.shape,
            "affine": self.grid.affine,
            "frame": self.grid.frame,
            "readout_axis": self.readout_axis,
            "slice_axis": self.slice_axis,
            "origin": self.origin,
        }
        return json.dumps(facts)

    @property
    def order(self) -> tuple[int, int, int]:
        """Grid axes as the scanner sees them: readout, phase, and partition or slice."""
        phase, last = sorted(
            {0, 1, 2} - {self.readout_axis}, key=lambda axis: (axis == self.slice_axis, axis)
        )
        return self.readout_axis, phase, last


@dataclass(frozen=True, slots=True)
class Header:
    """Every encoding of a measurement, and this package's notes if it wrote them."""

    encodings: tuple[Encoding, ...]
    notes: Notes | None


def parse_header(xml: bytes | str) -> Header:
    """Return what an ISMRMRD header says.

    Raises
    ------
    InputError
        If it is not XML, lacks a part or holds values that cannot be.
    """
    raw = xml.encode("utf-8") if isinstance(xml, str) else xml
    if len(raw) > _LARGEST_HEADER or b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise InputError("the ISMRMRD header is too large or declares entities.")
    try:
        root = ElementTree.fromstring(raw)
    except ElementTree.ParseError as error:
        raise InputError(f"the ISMRMRD header is not XML ({error}).") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    encodings = tuple(_encoding(element) for element in root.findall("encoding"))
    if not encodings:
        raise InputError("the ISMRMRD header describes no encoding.")
    for parameter in root.findall("userParameters/userParameterString"):
        if parameter.findtext("name") == _NOTES:
            return Header(encodings, Notes.from_text(parameter.findtext("value") or ""))
    return Header(encodings, None)


def _encoding(element: ElementTree.Element) -> Encoding:
    limits = "encodingLimits/kspace_encoding_step_{}/center"
    calibration = element.findtext("parallelImaging/calibrationMode") or ""
    last_slice = _number(element, "encodingLimits/slice/maximum", default=0)
    return Encoding(
        encoded=_space(element, "encodedSpace"),
        recon=_space(element, "reconSpace"),
        trajectory=(element.findtext("trajectory") or "cartesian").strip().lower(),
        centres=(_centre(element, limits.format(1)), _centre(element, limits.format(2))),
        n_slices=int(last_slice) + 1,
        has_embedded_calibration=calibration.strip() == "embedded",
    )


def _space(element: ElementTree.Element, name: str) -> Space:
    sizes = [_number(element, f"{name}/matrixSize/{axis}") for axis in "xyz"]
    sides = [_number(element, f"{name}/fieldOfView_mm/{axis}") for axis in "xyz"]
    return Space((int(sizes[0]), int(sizes[1]), int(sizes[2])), (sides[0], sides[1], sides[2]))


def _centre(element: ElementTree.Element, path: str) -> int | None:
    return None if element.find(path) is None else int(_number(element, path))


def _number(element: ElementTree.Element, path: str, *, default: float | None = None) -> float:
    text = element.findtext(path)
    if text is None and default is not None:
        return default
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not abs(value) < 1e9:
        raise InputError(f"the ISMRMRD header has no number at {path}.")
    return value


def header_xml(kspace: AnyKSpace) -> bytes:
    """Return the header of a k-space.

    The field strength is unknown to a KSpace: the resonance frequency, which the format
    demands, is written as 0.
    """
    notes = Notes.of(kspace)
    shape = [kspace.grid.shape[axis] for axis in notes.order]
    spacing = [kspace.grid.spacing_mm[axis] for axis in notes.order]
    is_3d, is_curved = kspace.slice_axis is None, isinstance(kspace, NonCartesian)
    space = {
        "matrixSize": dict(zip("xyz", shape if is_3d else [*shape[:2], 1], strict=True)),
        "fieldOfView_mm": _field_of_view(shape, spacing, is_3d=is_3d),
    }
    limits = {
        "kspace_encoding_step_0": _limits(shape[0]),
        "kspace_encoding_step_1": _limits(kspace.data.shape[2] if is_curved else shape[1]),
        "kspace_encoding_step_2": _limits(shape[2] if is_3d else 1),
        "slice": _limits(1 if is_3d else shape[2], centre=0),
    }
    document = {
        "acquisitionSystemInformation": {"receiverChannels": kspace.n_coils},
        "experimentalConditions": {"H1resonanceFrequency_Hz": 0},
        "encoding": {
            "encodedSpace": space,
            "reconSpace": space,
            "encodingLimits": limits,
            "trajectory": "other" if is_curved else "cartesian",
        },
        "userParameters": {"userParameterString": {"name": _NOTES, "value": notes.to_text()}},
    }
    root = ElementTree.Element("ismrmrdHeader", {"xmlns": _NAMESPACE})
    _append(root, document)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def _field_of_view(shape: list[int], spacing: list[float], *, is_3d: bool) -> dict[str, float]:
    counts = shape if is_3d else [*shape[:2], 1]
    return dict(zip("xyz", (n * s for n, s in zip(counts, spacing, strict=True)), strict=True))


def _limits(n: int, *, centre: int | None = None) -> dict[str, int]:
    return {"minimum": 0, "maximum": n - 1, "center": n // 2 if centre is None else centre}


def _append(parent: ElementTree.Element, content: dict[str, Any]) -> None:
    for tag, value in content.items():
        child = ElementTree.SubElement(parent, tag)
        if isinstance(value, dict):
            _append(child, value)
        else:
            child.text = repr(value) if isinstance(value, float) else str(value)

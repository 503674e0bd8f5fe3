"""Open whatever a twin can be built from; the content decides, not the name."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from anatwin.core import AnyKSpace, InputError, KSpace, UsageError, Volume
from anatwin.io.files import naming, open_unpacked

ACCEPTED = (
    "a NIfTI image (.nii, .nii.gz), a folder with a DICOM series, or k-space as ISMRMRD (.h5), "
    "fastMRI (.h5) or BART (.cfl with .hdr)"
)

_NOTES = {
    "BART": ("The file holds no position and no voxel size: 1 mm and RAS are assumed.",),
    "fastMRI": ("The file holds no position: slices are taken as centred on the origin.",),
}
_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """What was opened.

    Parameters
    ----------
    product
        The image, or the k-space.
    kind
        Its format: ``NIfTI``, ``DICOM``, ``ISMRMRD``, ``fastMRI`` or ``BART``.
    notes
        What a reader should know: what was left out, assumed or converted.
    facts
        Name and text of what is known of the acquisition; never of the person.
    """

    product: Volume | AnyKSpace
    kind: str
    notes: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


def open_source(path: Path, *, frame: int | None = None) -> Source:
    """Open an image or k-space of any accepted format.

    Parameters
    ----------
    path
        A file, or a folder with a DICOM series.
    frame
        Which image of an input that holds several, from 0.

    Raises
    ------
    InputError
        If it is missing, damaged, or of no accepted format.
    UsageError
        If ``frame`` is given for a format that holds one image.
    """
    path = _existing(Path(path))
    kind = identify(path)
    if kind in _IMAGES:
        return _IMAGES[kind](path, frame)
    kspace = _KSPACES[kind](path, frame)
    return Source(kspace, kind, _NOTES.get(kind, ()))


def identify(path: Path) -> str:
    """Return the format of a file or folder, from its content.

    Raises
    ------
    InputError
        If it is none that can be opened.
    """
    with naming(path):
        if path.is_dir():
            return "DICOM"
        if _cfl_of(path).is_file():
            return "BART"
        start = _start(path)
        if start[:8] == _HDF5_MAGIC:
            return _identify_hdf5(path)
        kind = _identify_start(start)
        if kind is None:
            raise InputError(f"an unknown kind of file; expected {ACCEPTED}.")
        return kind


def _existing(path: Path) -> Path:
    if not path.exists() and not _cfl_of(path).exists():
        raise InputError(f"{path}: no such file or folder.")
    return path


def _cfl_of(path: Path) -> Path:
    """Return where BART's samples are, of a pair named with or without a suffix."""
    return Path(str(path).removesuffix(".hdr").removesuffix(".cfl") + ".cfl")


def _start(path: Path) -> bytes:
    """Return the first bytes, unpacked if they can be."""
    try:
        with open_unpacked(path) as stream:
            return stream.read(540)
    except (EOFError, zlib.error):
        raise InputError("the compressed file is cut short or damaged; copy it again.") from None


def _identify_start(start: bytes) -> str | None:
    from anatwin.io.nifti_header import is_nifti

    if start[128:132] == b"DICM":
        return "DICOM"
    return "NIfTI" if is_nifti(start) else None


def _identify_hdf5(path: Path) -> str:
    from anatwin.io.hdf5 import opened_hdf5

    with opened_hdf5(path) as file:
        if "xml" in file.get("dataset", ()):
            return "ISMRMRD"
        if "kspace" in file:
            return "fastMRI"
        held = ", ".join(sorted(file)[:5]) or "nothing"
        raise InputError(
            "an HDF5 file that is neither ISMRMRD (group 'dataset') nor fastMRI (array 'kspace'); "
            f"it holds {held}."
        )


def _open_nifti(path: Path, frame: int | None) -> Source:
    from anatwin.io.nifti import read_volume_and_notes

    volume, notes = read_volume_and_notes(path, frame=frame)
    return Source(volume, "NIfTI", notes)


def _open_dicom(path: Path, frame: int | None) -> Source:
    from anatwin.io.dicom import read_series_and_notes

    volume, notes, facts = read_series_and_notes(path, frame=frame)
    return Source(volume, "DICOM", notes, facts)


def _open_ismrmrd(path: Path, frame: int | None) -> AnyKSpace:
    from anatwin.io.ismrmrd import read_ismrmrd

    return read_ismrmrd(path, frame=frame)


def _open_fastmri(path: Path, frame: int | None) -> KSpace:
    from anatwin.io.fastmri import read_fastmri

    _require_no_choice(path, frame)
    return read_fastmri(path)


def _open_bart(path: Path, frame: int | None) -> KSpace:
    from anatwin.io.bart import read_cfl

    _require_no_choice(path, frame)
    return read_cfl(path)


def _require_no_choice(path: Path, frame: int | None) -> None:
    if frame is not None:
        raise UsageError(f"{path}: the file holds one image; leave out the frame.")


_IMAGES: dict[str, Callable[[Path, int | None], Source]] = {
    "NIfTI": _open_nifti,
    "DICOM": _open_dicom,
}
_KSPACES: dict[str, Callable[[Path, int | None], AnyKSpace]] = {
    "ISMRMRD": _open_ismrmrd,
    "fastMRI": _open_fastmri,
    "BART": _open_bart,
}

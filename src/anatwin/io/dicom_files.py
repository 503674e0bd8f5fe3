"""Opening DICOM files that nobody has checked yet."""

import logging
import struct
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from anatwin.core import InputError, MissingPartError
from anatwin.io.dicom_frames import GEOMETRY, TAGS, Element, Frame, macros, make_frame
from anatwin.io.files import DEFLATE_RATIO

if TYPE_CHECKING:
    from pydicom import Dataset

_DEFLATED = "1.2.840.10008.1.2.1.99"
_DAMAGE = (
    AttributeError,
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    OverflowError,
    EOFError,
    RuntimeError,
    MemoryError,
    NotImplementedError,
    struct.error,
)
"""What pydicom raises on a file that is not what it says."""


def is_dicom(path: Path) -> bool:
    """Tell whether a file carries the DICOM signature."""
    with path.open("rb") as stream:
        return stream.read(132)[128:] == b"DICM"


def read_frames(path: Path) -> list[Frame]:
    """Read where the images of one DICOM file lie; none if it holds no image with a place.

    Raises
    ------
    InputError
        If the file is damaged, claims more than it holds, or is of a kind that cannot be read.
    MissingPartError
        If its compression needs a package that is not installed.
    """
    from pydicom import dcmread
    from pydicom.filereader import read_file_meta_info

    with _explaining(path):
        syntax = str(read_file_meta_info(path).TransferSyntaxUID)
        if syntax == _DEFLATED:
            raise InputError(f"{path}: a deflated DICOM file; store it uncompressed first.")
        with _mapped(path) as content:
            header = dcmread(content, stop_before_pixels=True, specific_tags=TAGS)  # type: ignore[arg-type]
        if not header.get("Rows") or not header.get("Columns"):
            return []
        groups = header.get("PerFrameFunctionalGroupsSequence")
        if groups is None and any(header.get(name) is None for name in GEOMETRY):
            return []
        _require_readable(path, header, syntax)
        if groups is None:
            return [make_frame(path, 0, (header,))]
        shared = (header.get("SharedFunctionalGroupsSequence") or [None])[0]
        return [
            make_frame(path, index, (*macros(group), *macros(shared), header))
            for index, group in enumerate(groups)
        ]


def read_pixels(path: Path, indices: Sequence[int]) -> Iterator[NDArray[Any]]:
    """Yield stored values, ``column row``, of the given images of one file.

    Raises
    ------
    InputError
        If they cannot be decoded.
    """
    from pydicom.pixels.utils import iter_pixels

    with _explaining(path), _mapped(path) as content:
        for pixels in iter_pixels(content, indices=indices, raw=True):  # type: ignore[arg-type]
            yield pixels.T


@contextmanager
def _mapped(path: Path) -> Iterator[mmap]:
    """Yield the file's bytes, so that a read never returns more than the file holds."""
    with path.open("rb") as stream, mmap(stream.fileno(), 0, access=ACCESS_READ) as content:
        yield content


@contextmanager
def _explaining(path: Path) -> Iterator[None]:
    """Silence the library and name the file in whatever it raises.

    Its own words stay out: they may quote the header, and with it the person.
    """
    from pydicom.errors import BytesLengthException, InvalidDicomError

    logger = logging.getLogger("pydicom")
    level = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel(logging.CRITICAL)
        try:
            yield
        except (InputError, MissingPartError):
            raise
        except (InvalidDicomError, BytesLengthException, *_DAMAGE) as error:
            raise InputError(
                f"{path}: a damaged DICOM file, or one of an unknown kind "
                f"({type(error).__name__}); copy it again."
            ) from error
        finally:
            logger.setLevel(level)


def _require_readable(path: Path, header: "Dataset", syntax: str) -> None:
    colours = str(header.get("PhotometricInterpretation") or "MONOCHROME2")
    if int(header.get("SamplesPerPixel") or 1) != 1 or not colours.startswith("MONOCHROME"):
        raise InputError(f"{path}: a colour picture; a grey image was expected.")
    if "MOSAIC" in (header.get("ImageType") or ()):
        raise InputError(
            f"{path}: a Siemens mosaic, many slices in one picture; convert it to NIfTI first."
        )
    n_frames = int(header.get("NumberOfFrames") or 1)
    groups = header.get("PerFrameFunctionalGroupsSequence")
    if n_frames != (1 if groups is None else len(groups)):
        raise InputError(f"{path}: {n_frames} images without a position for each.")
    _require_content(path, header, n_frames, syntax)


def _require_content(path: Path, header: "Dataset", n_frames: int, syntax: str) -> None:
    from pydicom.uid import UID

    is_packed = UID(syntax).is_compressed
    bits = int(header.Rows) * int(header.Columns) * n_frames * int(header.BitsAllocated)
    most = path.stat().st_size * (DEFLATE_RATIO if is_packed else 1)
    if bits // 8 > most:
        raise InputError(
            f"{path}: the header claims {bits // 8} bytes of pixels but the file can hold "
            f"{most} at most; it is cut short or damaged."
        )
    if is_packed:
        _require_decoder(path, UID(syntax))


def _require_decoder(path: Path, syntax: Element) -> None:
    from pydicom.pixels.decoders.base import get_decoder

    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        raise InputError(
            f"{path}: its pixels are compressed as {syntax.name}, which cannot be read; "
            "store the series uncompressed."
        ) from None
    if not decoder.is_available:
        raise MissingPartError(
            f"{path}: its pixels are compressed as {syntax.name}; install a decoder with "
            "`pip install pylibjpeg pylibjpeg-openjpeg pylibjpeg-libjpeg`, or store the series "
            "uncompressed."
        )

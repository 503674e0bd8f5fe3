"""Output that is complete or absent, input that is bounded by what the file really holds."""

import gzip
import hashlib
import os
import secrets
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from anatwin.core import AnatwinError, InputError, ResourceError

GZIP_MAGIC = b"\x1f\x8b"
DEFLATE_RATIO = 1032
"""Deflate cannot turn one byte into more than this many."""

_CHUNK = 1 << 20


@contextmanager
def atomic_output(path: Path) -> Iterator[Path]:
    """Yield a temporary neighbour of ``path`` that becomes ``path`` when the block succeeds.

    The neighbour keeps the suffixes, and is removed on any failure, an interrupt included. An
    existing ``path`` is replaced in one step.

    Raises
    ------
    ResourceError
        If the folder cannot be written to, or the disk is full.
    """
    path = Path(path)
    temporary = path.with_name(f".{secrets.token_hex(4)}-{path.name}")
    try:
        _require_writable(temporary)
        yield temporary
        temporary.replace(path)
    except AnatwinError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise ResourceError(f"Cannot write {path}: {_one_line(reason)}.") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _require_writable(temporary: Path) -> None:
    """Fail now rather than after the work; leave nothing, since some libraries want no file."""
    temporary.touch(exist_ok=False)
    temporary.unlink()


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn whatever a damaged or unreadable file causes into an InputError that names it."""
    try:
        yield
    except InputError as error:
        if str(path) in str(error):
            raise
        raise type(error)(f"{path}: {_one_line(error)}") from error
    except AnatwinError:
        raise
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{path}: the compressed file is cut short or damaged ({_one_line(error)}); "
            "copy it again."
        ) from error
    except FileNotFoundError:
        raise InputError(f"{path}: no such file.") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"{path}: cannot be read ({_one_line(reason)}).") from error


def _one_line(message: object) -> str:
    return " ".join(str(message).split())


@contextmanager
def open_unpacked(path: Path) -> Iterator[BinaryIO]:
    """Yield a stream of the file's bytes, decompressed if they start as gzip does."""
    with path.open("rb") as raw:
        is_gzip = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        if not is_gzip:
            yield raw
            return
        with gzip.GzipFile(fileobj=raw, mode="rb") as unpacked:
            yield unpacked  # type: ignore[misc]


def capacity(path: Path) -> int:
    """Return the most bytes that a file can hold once unpacked."""
    with path.open("rb") as raw:
        is_gzip = raw.read(2) == GZIP_MAGIC
    size = path.stat().st_size
    return size * DEFLATE_RATIO if is_gzip else size


def read_exactly(stream: BinaryIO, n_bytes: int) -> bytearray:
    """Read ``n_bytes``; memory grows only with what the stream really holds.

    Raises
    ------
    InputError
        If the stream ends early.
    """
    content = bytearray()
    while len(content) < n_bytes and (part := stream.read(min(n_bytes - len(content), _CHUNK))):
        content += part
    if missing := n_bytes - len(content):
        raise InputError(f"the file ends {missing} bytes early; it is cut short, copy it again.")
    return content


def skip(stream: BinaryIO, n_bytes: int) -> None:
    """Pass over ``n_bytes``, without keeping them."""
    while n_bytes > 0:
        n_bytes -= len(read_exactly(stream, min(n_bytes, _CHUNK)))


def read_text(path: Path, *, limit_bytes: int = 4 << 20) -> str:
    """Return the text of a small file.

    Raises
    ------
    InputError
        If it is missing, larger than ``limit_bytes``, or not UTF-8 text.
    """
    with naming(path):
        with path.open("rb") as stream:
            raw = stream.read(limit_bytes + 1)
        if len(raw) > limit_bytes:
            raise InputError(f"too large for a table (more than {limit_bytes >> 20} MB).")
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise InputError("not a text file (UTF-8 expected).") from None
        if "\0" in text:
            raise InputError("not a text file (it holds NUL characters).")
        return text


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    with naming(path), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def available_bytes() -> int:
    """Return the memory that can still be used, or a very large number where nobody knows."""
    limits = [_meminfo_available(), _cgroup_available()]
    return min((limit for limit in limits if limit is not None), default=1 << 62)


def _meminfo_available() -> int | None:
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _cgroup_available() -> int | None:
    folder = Path("/sys/fs/cgroup")
    with suppress(OSError, ValueError):
        limit = int((folder / "memory.max").read_text(encoding="ascii"))
        return limit - int((folder / "memory.current").read_text(encoding="ascii"))
    return None


def require_memory(n_bytes: int, what: str) -> None:
    """Raise ResourceError if ``what`` needs more memory than there is."""
    available = available_bytes()
    if n_bytes > available:
        raise ResourceError(
            f"{what} needs {n_bytes / 1e9:.1f} GB of memory and {available / 1e9:.1f} GB are free; "
            "use a larger computer or crop the image."
        )

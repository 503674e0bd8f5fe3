"""HDF5 files that nobody has checked yet."""

from collections.abc import Iterator
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from anatwin.core import AnatwinError, InputError
from anatwin.io.files import naming


@contextmanager
def opened_hdf5(path: Path) -> Iterator[Any]:
    """Yield an HDF5 file for reading; whatever HDF5 complains of becomes an InputError.

    Raises
    ------
    InputError
        If it is missing, not HDF5, or damaged.
    """
    import h5py

    path = Path(path)
    with naming(path):
        if path.is_file() and not h5py.is_hdf5(path):
            raise InputError("expected an HDF5 file; it is something else or cut short.")
        with path.open("rb"), h5py.File(path, "r") as file:
            try:
                yield file
            except AnatwinError:
                raise
            except (OSError, LookupError, TypeError, ValueError, RuntimeError) as error:
                raise InputError(f"the HDF5 content is damaged or unexpected ({error}).") from error


def stored_dataset(group: Any, name: str) -> Any:  # noqa: ANN401
    """Return a dataset whose values lie in the file itself, never in another one it points to.

    Raises
    ------
    InputError
        If there is none of that name, or its values lie elsewhere.
    """
    import h5py

    link = group.get(name, getlink=True)
    dataset = group.get(name) if isinstance(link, h5py.HardLink) else None
    if not isinstance(dataset, h5py.Dataset):
        raise InputError(f"expected a dataset {name!r}, found {sorted(group)[:8]}.")
    if dataset.is_virtual or dataset.external:
        raise InputError(f"dataset {name!r} lies in another file; copy it into this one.")
    if _overlaps(dataset.dtype):
        raise InputError(f"the fields of dataset {name!r} overlap; the file is damaged.")
    return dataset


def stored_text(group: Any, name: str) -> bytes | str:  # noqa: ANN401
    """Return the text of a dataset, the first one if it holds several.

    Raises
    ------
    InputError
        If there is none of that name, or it is not text.
    """
    import h5py

    dataset = stored_dataset(group, name)
    if h5py.check_string_dtype(dataset.dtype) is None or dataset.size == 0:
        raise InputError(f"expected text in {name!r}, got {dataset.dtype} {dataset.shape}.")
    text: bytes | str = dataset[(0,) * dataset.ndim]
    return text


def _overlaps(dtype: np.dtype[Any]) -> bool:
    """Tell whether fields of a compound type share bytes: reading those crashes HDF5."""
    if dtype.fields is None:
        return dtype.base.fields is not None and _overlaps(dtype.base)
    fields = sorted(((field[1], field[0]) for field in dtype.fields.values()), key=itemgetter(0))
    ends = [offset + kind.itemsize for offset, kind in fields]
    starts = [*(offset for offset, _ in fields[1:]), dtype.itemsize]
    return any(e > s for e, s in zip(ends, starts, strict=True)) or any(
        _overlaps(kind) for _, kind in fields
    )

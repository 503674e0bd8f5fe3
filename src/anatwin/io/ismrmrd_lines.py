"""Which acquisitions of an ISMRMRD file make an image, and where each of them goes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError
from anatwin.io.ismrmrd_header import Encoding, Header

_NOT_IMAGE = sum(1 << (flag - 1) for flag in (19, 23, 24, 26, 27, 28, 29, 30, 31))
"""Noise, navigators, phase correction, feedback, dummy and coil correction lines."""

_CALIBRATION_ONLY, _REVERSED = 1 << 19, 1 << 21

_COUNTERS = ("contrast", "phase", "repetition", "set")


@dataclass(frozen=True, eq=False, slots=True)
class Lines:
    """Where every acquisition goes.

    Parameters
    ----------
    rows
        Their positions in the file, ascending.
    y, z
        Phase encoding, and partition or slice, as indices into the image's k-space.
    first, last
        Encoded readout samples that each one covers: ``first <= sample < last``.
    skipped
        Samples to discard before those.
    """

    rows: NDArray[np.int64]
    y: NDArray[np.int64]
    z: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    skipped: NDArray[np.int64]

    def take(self, which: NDArray[Any]) -> "Lines":
        """Return some of the lines."""
        fields = (self.rows, self.y, self.z, self.first, self.last, self.skipped)
        return Lines(*(field[which] for field in fields))


def image_rows(
    heads: NDArray[np.void], header: Header, frame: int | None
) -> tuple[NDArray[np.int64], Encoding]:
    """Return which acquisitions make the wanted image, and how it was encoded."""
    flags, space = heads["flags"], heads["encoding_space_ref"].astype(np.int64)
    if np.any(space >= len(header.encodings)):
        raise InputError(f"refers to encoding {space.max()} of {len(header.encodings)}.")
    embedded = np.array([e.has_embedded_calibration for e in header.encodings])[space]
    is_extra = (flags & np.uint64(_CALIBRATION_ONLY)) > 0
    is_image = ((flags & np.uint64(_NOT_IMAGE)) == 0) & (~is_extra | embedded)
    key = np.stack([space, *(heads["idx"][name] for name in _COUNTERS)], axis=1)
    images = np.unique(key[is_image], axis=0)
    if not len(images):
        raise InputError("holds no acquisition of an image, only noise or calibration.")
    if frame is None and len(images) > 1:
        raise InputError(
            f"holds {len(images)} images (contrasts, phases, repetitions or sets); "
            f"choose one, frame 0 to {len(images) - 1}."
        )
    if not 0 <= (frame or 0) < len(images):
        raise InputError(f"holds {len(images)} images, frame {frame} is not one of them.")
    chosen = images[frame or 0]
    encoding = header.encodings[int(chosen[0])]
    rows = np.flatnonzero(is_image & (key == chosen).all(axis=1))
    _require_supported(heads[rows], encoding)
    return rows, encoding


def _require_supported(heads: NDArray[np.void], encoding: Encoding) -> None:
    if is_curved(encoding) and not heads["trajectory_dimensions"].all():
        raise InputError(
            f"expected the trajectory of every acquisition of a {encoding.trajectory[:40]} scan, "
            "got samples without one; let the converter write trajectories."
        )
    if np.any(heads["flags"] & np.uint64(_REVERSED)):
        raise InputError("holds reversed readouts (EPI), which need a phase correction first.")
    channels = np.unique(heads["active_channels"])
    if len(channels) > 1 or channels[0] < 1:
        raise InputError(f"expected one number of coils, got {channels.tolist()[:8]}.")
    if encoding.encoded.matrix[2] > 1 and encoding.n_slices > 1:
        raise InputError("holds several 3-D slabs; extract one first.")


def is_curved(encoding: Encoding) -> bool:
    """Tell whether samples lie along trajectories of their own."""
    return encoding.trajectory != "cartesian"


def matrix_of(encoding: Encoding) -> tuple[int, int, int]:
    """Return the number of readout samples, phase encodings, and partitions or slices."""
    x, y, z = encoding.encoded.matrix
    return x, y, z if z > 1 else encoding.n_slices


def lines_of(heads: NDArray[np.void], rows: NDArray[np.int64], encoding: Encoding) -> Lines:
    """Return where every acquisition goes, each inside the matrix that the header claims."""
    n_x, n_y, n_z = matrix_of(encoding)
    y = _step(heads["idx"]["kspace_encode_step_1"], encoding.centres[0], n_y)
    z = heads["idx"]["slice"].astype(np.int64)
    if encoding.encoded.matrix[2] > 1:
        z = _step(heads["idx"]["kspace_encode_step_2"], encoding.centres[1], n_z)
    n = heads["number_of_samples"].astype(np.int64)
    centre = np.where(n == n_x, n_x // 2, heads["center_sample"].astype(np.int64))
    pre, post = (heads[name].astype(np.int64) for name in ("discard_pre", "discard_post"))
    start = n_x // 2 - centre
    first, last = start + pre, start + n - post
    for what, position, limit in (
        ("phase encoding", y, n_y),
        ("partition or slice", z, n_z),
        ("readout", first, n_x),
        ("readout", last - 1, n_x),
    ):
        if np.any(bad := (position < 0) | (position >= limit)):
            raise InputError(
                f"{np.count_nonzero(bad)} lines have a {what} outside of the {limit} that the "
                "header states."
            )
    if np.any(first >= last):
        raise InputError("holds lines without a sample.")
    return Lines(rows, y, z, first, last, pre)


def _step(step: NDArray[np.uint16], centre: int | None, n: int) -> NDArray[np.int64]:
    """Return indices of encoding steps whose zero frequency goes to the middle."""
    return step.astype(np.int64) - (n // 2 if centre is None else centre) + n // 2

"""Label a whole head with the packaged network."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from anatwin.core import (
    InputError,
    Labels,
    LabelTable,
    UsageError,
    Volume,
    craniofacial_table,
    head_table,
)
from anatwin.nets import Device, Network, find, load
from anatwin.ops.morphology import Box
from anatwin.ops.patches import Scores, blend_windows, softmax
from anatwin.segment.seen import STRIDE, Seen, is_occupied, occupied_box, window_size
from anatwin.segment.strays import rename_strays

_WIDE = 96
"""Widest window from left to right [voxels of 1 mm]."""

_MARGIN_MM = 4
"""Of background that the networks see around a head."""


@dataclass(frozen=True, kw_only=True)
class HeadNetwork:
    """Label a head's structures with a small 3-D network of any contrast.

    The scan is seen at 1 mm by a U-Net that was trained on images synthesised from label maps
    with random contrast (Billot et al. 2023, doi:10.1016/j.media.2023.102789). Windows are
    blended and labelled slab by slab, so memory does not grow with the number of structures,
    and labels are decided on the scan's own voxels from interpolated probabilities.
    """

    structures: Literal["brain", "craniofacial"] = "brain"
    """Which packaged network: one names the brain's parts, the other jaw, muscles, airway and
    spine."""

    window: int = 128
    """Edge of the window that the network sees at once [voxels of 1 mm], a multiple of 32; it is
    96 at most from left to right, which costs less memory and names as well."""

    overlap: int = 24
    """Least overlap of neighbouring windows [voxels of 1 mm]."""

    mirror: bool = True
    """Label the mirror image too and average: twice the time, better, and left is right's mirror
    image whatever the network has learned."""

    tidy: bool = True
    """Make soft tissue of brain that hangs on no brain, and of all but one piece of each eye; then
    move the borders between the brain's tissues to where this scan's own intensities change."""

    device: Device = "auto"
    """Where the network runs; auto takes a graphics card where onnxruntime finds one."""

    threads: int = 0
    """Processor threads; 0 uses every core."""

    model: Path | None = None
    """An ONNX file of one's own with the same input and output, instead of the packaged one."""

    def __post_init__(self) -> None:
        if self.window < STRIDE or self.window % STRIDE:
            raise UsageError(f"window must be a multiple of 32, got {self.window}.")
        if not 0 <= self.overlap <= self.window // 2:
            raise UsageError(
                f"overlap must be 0 to half the window ({self.window // 2}), got {self.overlap}."
            )
        if self.threads < 0:
            raise UsageError(f"threads must be 0 or more, got {self.threads}.")

    def files(self) -> tuple[Path, ...]:
        """Return the files that the labels depend on."""
        packaged = "head" if self.structures == "brain" else "craniofacial"
        return (self.model or find(packaged),)

    def __call__(self, volume: Volume) -> Labels:
        """Return the labels of ``volume`` on its own grid."""
        from anatwin.segment.borders import follow_borders

        seen = Seen.of(volume, self.window)
        labels, uncertainty = seen.labelled(self.slabs(seen))
        if self.tidy and self.structures == "brain":
            rename_strays(labels, self.table)
            follow_borders(volume, labels, self.table, threads=self.threads)
        return Labels(labels, volume.grid, self.table, uncertainty)

    @property
    def table(self) -> LabelTable:
        """The structures that are named."""
        return head_table() if self.structures == "brain" else craniofacial_table()

    def slabs(self, seen: Seen) -> Iterator[tuple[int, Scores]]:
        """Yield first plane and probability of every structure, ``class i j k``, slab by slab."""
        (model,) = self.files()
        network = load(model, device=self.device, threads=self.threads)
        score = _Probabilities(network, self.table, self.mirror)
        box = _window_box(seen.head, self.window)
        i, j, k = (min(self.window, span.stop - span.start) for span in box)
        slabs = blend_windows(seen.head[box], score, (min(i, _WIDE), j, k), overlap=self.overlap)
        return _surrounded(slabs, box, seen.head.shape)


def _window_box(head: NDArray[np.float32], window: int) -> Box:
    """Return the part that windows must cover, as large as one, or a size it can have."""
    spans = []
    for part, n in zip(occupied_box(head, _MARGIN_MM), head.shape, strict=True):
        least = window_size(part.stop - part.start, window)
        start = max(0, min(part.start, n - least))
        spans.append(slice(start, max(part.stop, start + least)))
    return (spans[0], spans[1], spans[2])


def _surrounded(
    slabs: Iterable[tuple[int, Scores]], box: Box, shape: tuple[int, ...]
) -> Iterator[tuple[int, Scores]]:
    """Yield a box's probabilities and, around it, background."""
    rows, *plane = box
    for start, scores in slabs:
        whole = _background(len(scores), (scores.shape[1], *shape[1:]))
        whole[:, :, *plane] = scores
        if start == 0 and rows.start:
            yield 0, _background(len(scores), (rows.start, *shape[1:]))
        yield rows.start + start, whole
    if rows.stop < shape[0]:
        yield rows.stop, _background(len(scores), (shape[0] - rows.stop, *shape[1:]))


def _background(n_classes: int, shape: tuple[int, ...]) -> Scores:
    scores: Scores = np.zeros((n_classes, *shape), np.float32)
    scores[0] = 1
    return scores


@dataclass(frozen=True, eq=False, slots=True)
class _Probabilities:
    """Probability of every class in a window."""

    network: Network
    table: LabelTable
    mirror: bool

    def __call__(self, window: NDArray[np.float32]) -> Scores:
        n_classes = len(self.table) + 1
        if not is_occupied(window).any():
            return _background(n_classes, window.shape)
        scores = self._scores(window)
        if self.mirror:
            scores += self._scores(window[::-1])[self.table.mirrored(), ::-1]
            scores /= 2
        return scores

    def _scores(self, window: NDArray[np.float32]) -> Scores:
        """Return what the network says of one window."""
        scores = self.network(np.ascontiguousarray(window[None, None]))[0]
        expected = (len(self.table) + 1, *window.shape)
        if scores.shape != expected:
            raise InputError(
                f"The network must return {expected}, got {scores.shape}; "
                "it was made for another table of structures."
            )
        return softmax(scores)

"""Label a whole head with the packaged network."""

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
from anatwin.ops.intensity import rescale_percentiles
from anatwin.ops.morphology import Box, bounding_box, span
from anatwin.ops.patches import Scores, blend_windows
from anatwin.ops.resample import Matrix
from anatwin.segment.lattice import Lattice
from anatwin.segment.strays import rename_strays

_EMPTY = 0.05
"""Mean of a 4 mm cube of the rescaled image that is surely background below."""

_MARGIN_MM = 12
_STRIDE = 32


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
    """Edge of the window that the network sees at once [voxels of 1 mm], a multiple of 32."""

    overlap: int = 32
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
        if self.window < _STRIDE or self.window % _STRIDE:
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
        from anatwin.segment.argmax import label_slabs  # numba: only when it runs
        from anatwin.segment.borders import follow_borders

        _require_head_sized(volume)
        table = head_table() if self.structures == "brain" else craniofacial_table()
        (model,) = self.files()
        network = load(model, device=self.device, threads=self.threads)
        lattice = Lattice.of(volume.grid)
        image = _prepare(lattice, volume)
        box = _head_box(image)
        head = _pad(image[box], self.window)
        del image
        score = _Probabilities(network, table, self.mirror)
        size = tuple(min(self.window, n) for n in head.shape)
        slabs = blend_windows(head, score, size, overlap=self.overlap)
        labels = np.zeros(volume.grid.shape, np.uint8)
        uncertainty = np.zeros(volume.grid.shape, np.float16)
        rows, back = _restrict(lattice.back, box, head.shape)
        label_slabs(slabs, back, lattice.view(labels)[rows], lattice.view(uncertainty)[rows])
        if self.tidy and self.structures == "brain":
            rename_strays(labels, table)
            follow_borders(volume, labels, table)
        return Labels(labels, volume.grid, table, uncertainty)


@dataclass(frozen=True, eq=False, slots=True)
class _Probabilities:
    """Probability of every class in a window."""

    network: Network
    table: LabelTable
    mirror: bool

    def __call__(self, window: NDArray[np.float32]) -> Scores:
        n_classes = len(self.table) + 1
        if not _is_occupied(window).any():
            background: Scores = np.zeros((n_classes, *window.shape), np.float32)
            background[0] = 1
            return background
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
        scores -= scores.max(axis=0)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=0)
        return scores


def _require_head_sized(volume: Volume) -> None:
    extent_mm = [n * s for n, s in zip(volume.grid.shape, volume.grid.spacing_mm, strict=True)]
    size = " x ".join(f"{mm:.0f}" for mm in extent_mm)
    if min(volume.grid.shape) < 2:
        raise InputError(
            f"Segmentation needs a 3-D scan, got one slice ({volume.grid.shape}); "
            "give the whole series."
        )
    if min(extent_mm) < 32 or max(volume.grid.spacing_mm) > 12:
        spacing = " x ".join(f"{mm:.2g}" for mm in volume.grid.spacing_mm)
        raise InputError(
            f"A head needs at least 32 mm along every axis and voxels of at most 12 mm, got "
            f"{size} mm with voxels of {spacing} mm; check the spacing in the header."
        )
    if max(extent_mm) > 700:
        raise InputError(f"A head scan is at most 700 mm wide, got {size} mm; check the spacing.")


def _prepare(lattice: Lattice, volume: Volume) -> NDArray[np.float32]:
    """Return the image at 1 mm from 0 to 1."""
    image = lattice.sample(volume.magnitude().data)
    if image.min() == image.max():
        raise InputError("The image has the same value everywhere; there is nothing to segment.")
    return rescale_percentiles(image)


def _is_occupied(image: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which 4 mm cubes are brighter than background."""
    i, j, k = (-(-n // 4) for n in image.shape)
    padded = np.pad(image, [(0, -n % 4) for n in image.shape], mode="edge")
    return padded.reshape(i, 4, j, 4, k, 4).mean(axis=(1, 3, 5)) > _EMPTY


def _head_box(image: NDArray[np.float32]) -> Box:
    """Return the part of the image that holds the head, with a margin."""
    cubes = bounding_box(_is_occupied(image))
    if cubes is None:
        raise InputError("No head was found: the image is dark apart from single voxels.")
    i, j, k = (
        slice(max(0, 4 * part.start - _MARGIN_MM), min(n, 4 * part.stop + _MARGIN_MM))
        for part, n in zip(cubes, image.shape, strict=True)
    )
    return (i, j, k)


def _pad(image: NDArray[np.float32], window: int) -> NDArray[np.float32]:
    """Return the image with background added up to a window, or up to a size it can have."""
    sizes = [max(n, min(window, -(-n // _STRIDE) * _STRIDE)) for n in image.shape]
    return np.pad(image, [(0, m - n) for m, n in zip(sizes, image.shape, strict=True)])


def _restrict(
    matrices: tuple[Matrix, ...], box: Box, shape: tuple[int, ...]
) -> tuple[Box, list[Matrix]]:
    """Return the scan's voxels that a box of the lattice decides, and their matrices."""
    rows, parts = [], []
    for matrix, part, n in zip(matrices, box, shape, strict=True):
        seen = matrix[:, part]
        row = span(seen.sum(axis=1) > 0.5)
        seen = seen[row] / seen[row].sum(axis=1, keepdims=True)
        rows.append(row)
        parts.append(np.pad(seen, ((0, 0), (0, n - seen.shape[1]))))
    return (rows[0], rows[1], rows[2]), parts

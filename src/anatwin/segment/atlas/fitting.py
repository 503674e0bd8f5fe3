"""Fit the atlas to a scan, and name the scan's voxels by it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import track
from anatwin.ops.patches import Scores, row_slabs
from anatwin.ops.resample import apply_matrices, hat_matrix, linear_matrix
from anatwin.ops.sparse_prior import N_LEVELS, believed
from anatwin.segment.atlas.bending import BACKGROUND, smooth, step
from anatwin.segment.atlas.looks import TOP, Looks, looks
from anatwin.segment.atlas.placing import placed
from anatwin.segment.atlas.template import HeadAtlas

Array = NDArray[Any]

_COARSE = 4
"""The atlas is bent on voxels of so many millimetres,"""

_MIDDLE = 2
"""and what tissues look like is learned once more on these."""

_ROUNDS = 10
_STEPS = 4
_SMOOTH = (2.5, 1.5)
"""Of the bending, in the first rounds and in the last [coarse voxel]."""

_SHADE_MM = 40.0
_SHADE_FROM = 3
_SHADES = (0.3, 3.0)

_FLOOR = 1e-3
"""No class is impossible anywhere,"""

_BARE = 0.02
"""nor that there is nothing: a scan may end, or its skull may have been stripped."""

_DOUBT = 1e-3
"""Probability of what a network calls impossible."""

_ROWS = 8


@dataclass(frozen=True, eq=False)
class Witness:
    """What one network says of a scan.

    Parameters
    ----------
    levels
        Probability of everything that it names, 0 to 255, uint8, ``name i j k``.
    name_of
        What it calls every class of the atlas.
    trust
        Power of its probabilities: networks that see the same scan are not independent.
    spacing_mm
        Of the levels' voxels.
    first_mm
        Where the first of them lies from the scan's first 1 mm voxel, along every axis.
    """

    levels: Array
    name_of: Array
    trust: float
    spacing_mm: float = 1.0
    first_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def at(self, shape: tuple[int, ...], step_mm: int, rows: slice = slice(None)) -> Array:
        """Return its levels on voxels of the scan of so many millimetres, ``name i j k``."""
        if self.spacing_mm == step_mm:
            return self.levels[:, rows]
        first, *rest = (
            hat_matrix(
                ((np.arange(n) + 0.5) * step_mm - 0.5 - offset) / self.spacing_mm, m,
                width=step_mm / self.spacing_mm,
            )
            for n, m, offset in zip(shape, self.levels.shape[1:], self.first_mm, strict=True)
        )  # fmt: skip
        matrices = (first[rows], *rest)
        parts = (np.rint(apply_matrices(level, matrices)) for level in self.levels)
        return np.stack([part.astype(np.uint8) for part in parts])

    def coarser(self, factor: int) -> "Witness":
        """Return means over blocks of voxels."""
        blocks = (np.rint(_blocks(level, factor)).astype(np.uint8) for level in self.levels)
        return replace(self, levels=np.stack(list(blocks)), spacing_mm=self.spacing_mm * factor)


@dataclass(frozen=True, eq=False)
class Evidence:
    """A scan and what networks say of it.

    Parameters
    ----------
    image
        Grey values from 0 to 1, ``i j k``.
    overview
        Who saw the whole head at once and names what the overview table does.
    near
        Who saw its parts, on the image's voxels.
    """

    image: Array
    overview: Witness
    near: tuple[Witness, ...]

    @property
    def witnesses(self) -> tuple[Witness, ...]:
        """All of them."""
        return (*self.near, self.overview)

    def coarser(self, factor: int) -> "Evidence":
        """Return means over blocks of voxels."""
        near = tuple(witness.coarser(factor) for witness in self.near)
        return Evidence(_blocks(self.image, factor), self.overview, near)


@dataclass(frozen=True, eq=False)
class Fitted:
    """The atlas on a scan.

    Parameters
    ----------
    atlas
        The atlas.
    matrix
        From the scan's world, in millimetres from the centre of its first 1 mm voxel, to the
        atlas's; None where it could not be placed, and the networks alone decide.
    field
        By how much points of the scan are moved before [mm], on coarse voxels, ``3 i j k``.
    shade
        Factor of the scan's brightness, on coarse voxels, ``i j k``.
    looks
        What the tissues look like; None before the first are known.
    """

    atlas: HeadAtlas
    matrix: Array | None
    field: Array
    shade: Array
    looks: Looks | None = None

    def slabs(self, evidence: Evidence) -> Iterator[tuple[int, Scores]]:
        """Yield first plane and probability of every pair of names, ``pair i j k``, slab by slab.

        Parameters
        ----------
        evidence
            On voxels of 1 mm.
        """
        for rows in track(row_slabs(len(evidence.image), _ROWS), "naming"):
            found, _ = self._believed(evidence, 1, self.atlas.pair, rows)
            yield rows.start, found

    def _believed(
        self, evidence: Evidence, step_mm: int, channel: Array, rows: slice = slice(None)
    ) -> tuple[Array, Array]:
        """Return the probability of every channel, ``channel i j k``, and grey levels' counts."""
        atlas = self.atlas
        full = evidence.image.shape
        image = evidence.image[rows]
        grey = image / self._at(self.shade, full, step_mm, rows)
        level = np.clip(np.rint(grey * ((N_LEVELS - 1) / TOP)), 0, N_LEVELS - 1).astype(np.uint8)
        heard = [w.at(full, step_mm, rows).reshape(len(w.levels), -1) for w in evidence.witnesses]
        sizes = np.cumsum([0, *(len(levels) for levels in heard[:-1])])
        name_of = np.stack([w.name_of + n for w, n in zip(evidence.witnesses, sizes, strict=True)])
        sure = np.arange(N_LEVELS) / 255 + _DOUBT
        weights = np.stack([sure**w.trust for w in evidence.witnesses]).astype(np.float32)
        look = (
            self.looks.table()
            if self.looks
            else np.ones((len(atlas.is_mixed), N_LEVELS), np.float32)
        )
        is_placed = self.matrix is not None
        shares = atlas.shares if is_placed else np.zeros_like(atlas.shares)
        floor = _floor(atlas) if is_placed else 1 / np.bincount(atlas.pair)[atlas.pair]
        found, counts = believed(
            (atlas.classes, shares),
            atlas.at(self._points(full, step_mm, rows)),
            floor,
            (np.concatenate(heard), name_of, weights),
            (level.ravel(), look, atlas.tissue),
            channel,
        )
        return found.reshape(-1, *image.shape), counts

    def _points(self, shape: tuple[int, ...], step_mm: int, rows: slice = slice(None)) -> Array:
        """Return where voxels lie in the atlas's world [mm], ``3 n``."""
        at = [(np.arange(n, dtype=np.float32) + 0.5) * step_mm - 0.5 for n in shape]
        at[0] = at[0][rows]
        points = np.stack(np.meshgrid(*at, indexing="ij"))
        points += np.stack([self._at(part, shape, step_mm, rows) for part in self.field])
        matrix = (np.eye(4) if self.matrix is None else self.matrix).astype(np.float32)
        moved: Array = matrix[:3, :3] @ points.reshape(3, -1) + matrix[:3, 3:]
        return moved

    def _at(self, coarse: Array, shape: tuple[int, ...], step_mm: int, rows: slice) -> Array:
        """Return coarse values at finer voxels."""
        if coarse.shape == shape:
            return coarse[rows]
        first, *rest = (
            linear_matrix(n, m, step_mm / _COARSE) for n, m in zip(coarse.shape, shape, strict=True)
        )
        return apply_matrices(coarse, (first[rows], *rest))


def fit(atlas: HeadAtlas, evidence: Evidence) -> Fitted:
    """Place an atlas on a scan, bend it, and learn what the scan's tissues look like.

    Parameters
    ----------
    atlas
        The atlas.
    evidence
        On voxels of 1 mm.
    """
    middle = evidence.coarser(_MIDDLE)
    coarse = middle.coarser(_COARSE // _MIDDLE)
    overview = evidence.overview
    matrix = placed(overview.levels, atlas.centroids_mm(), overview.spacing_mm).matrix
    if matrix is not None:
        matrix[:3, 3] -= matrix[:3, :3] @ np.array(overview.first_mm)
    shape = coarse.image.shape
    fitted = Fitted(atlas, matrix, np.zeros((3, *shape), np.float32), np.ones(shape, np.float32))
    if matrix is None:
        return fitted
    for n in track(range(_ROUNDS), "bending the atlas"):
        fitted = _appeared(fitted, coarse, is_shaded=n >= _SHADE_FROM)
        if n < _ROUNDS - 1:
            fitted = _bent(fitted, coarse, _SMOOTH[n > _ROUNDS // 2])
    _, counts = fitted._believed(middle, _MIDDLE, atlas.tissue)
    return replace(fitted, looks=looks(counts, atlas.is_mixed, atlas.is_plain, fitted.looks))


def _floor(atlas: HeadAtlas) -> Array:
    """Return the least prior of every class."""
    floor = np.full(len(atlas.structure), _FLOOR)
    floor[0] += _BARE
    return floor


def _appeared(fitted: Fitted, evidence: Evidence, *, is_shaded: bool) -> Fitted:
    """Return the atlas with what tissues look like, and how the scan is shaded, learned again."""
    from scipy.ndimage import gaussian_filter

    found, counts = fitted._believed(evidence, _COARSE, fitted.atlas.tissue)
    fitted = replace(
        fitted, looks=looks(counts, fitted.atlas.is_mixed, fitted.atlas.is_plain, fitted.looks)
    )
    if not is_shaded:
        return fitted
    assert fitted.looks is not None
    mean, variance = fitted.looks.moments()
    found[fitted.atlas.tissue[0]] = 0  # nothing has no brightness
    seen = np.tensordot(mean / variance, found, 1) * evidence.image
    expected = np.tensordot(mean**2 / variance, found, 1)
    above, below = (gaussian_filter(x, _SHADE_MM / _COARSE) for x in (seen, expected))
    rest = 1e-3 * expected.mean()
    shade = np.clip((above + rest) / (below + rest), *_SHADES).astype(np.float32)
    return replace(fitted, shade=shade)


def _bent(fitted: Fitted, evidence: Evidence, sigma: float) -> Fitted:
    """Return the atlas bent towards where its parts seem to lie."""
    atlas = fitted.atlas
    wanted, _ = fitted._believed(evidence, _COARSE, atlas.group)
    weight = np.ones(len(wanted))
    weight[atlas.group[0]] = BACKGROUND
    for _ in range(_STEPS):
        here = atlas.sampled(fitted._points(evidence.image.shape, _COARSE), atlas.group)
        moved = step(here.reshape(wanted.shape), wanted, weight) * np.float32(_COARSE)
        fitted = replace(fitted, field=smooth(fitted.field + moved, sigma))
    return fitted


def _blocks(values: Array, factor: int) -> Array:
    """Return the means over blocks of voxels, the last ones filled up with their edge."""
    widths = [(0, -n % factor) for n in values.shape]
    padded = np.pad(values, widths, mode="edge").astype(np.float32)
    i, j, k = (n // factor for n in padded.shape)
    return padded.reshape(i, factor, j, factor, k, factor).mean(axis=(1, 3, 5))

"""Fit the atlas to a scan, and name the scan's voxels by it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import track
from anatwin.ops.patches import Scores, row_slabs
from anatwin.ops.sparse_prior import N_LEVELS, believed
from anatwin.segment.atlas.bending import BACKGROUND, bent, step
from anatwin.segment.atlas.evenness import N_DEGREES, TEACHES, mixtures, taught
from anatwin.segment.atlas.evidence import Evidence, Places
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

_SHADE_MM = 16.0
_SHADE_FROM = 3
_SHADES = (0.3, 3.0)

_FLOOR = 1e-3
"""No class is impossible anywhere,"""

_BARE = 0.02
"""nor that there is nothing: a scan may end, or its skull may have been stripped."""

_DOUBT = 1e-3
"""Probability of what a network calls impossible."""

_RARE = 1e-3
"""Likelihood of any grey value in any tissue,"""

_RARE_AT_FIRST = 1e-2
"""and while the atlas is bent. A tissue that was first seen where it is not (an eye beside the
eye) must be able to take voxels that look otherwise, or it will never learn its look."""

_ROWS = 8


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
    coarse
        Places of the coarse voxels.
    field
        By how much points of the scan are moved before [mm], on coarse voxels, ``3 i j k``.
    shade
        Factor of the scan's brightness, on coarse voxels, ``i j k``.
    noise
        Variance of the scan's even voxels.
    looks
        What the tissues look like; None before the first are known.
    rare
        Likelihood of any grey value in any tissue.
    threads
        Processor threads; 0 for every core.
    """

    atlas: HeadAtlas
    matrix: Array | None
    coarse: Places
    field: Array
    shade: Array
    noise: float
    looks: Looks | None = None
    rare: float = _RARE_AT_FIRST
    threads: int = 0

    def slabs(self, evidence: Evidence) -> Iterator[tuple[int, Scores]]:
        """Yield first plane and probability of every pair of names, ``pair i j k``, slab by slab.

        Parameters
        ----------
        evidence
            Of the scan the atlas was fitted to, or of a part of it.
        """
        for rows in track(row_slabs(len(evidence.image), _ROWS), "naming"):
            found, _ = self._believed(evidence, self.atlas.pair, rows)
            yield rows.start, found

    def _believed(
        self, evidence: Evidence, channel: Array, rows: slice = slice(None)
    ) -> tuple[Array, Array]:
        """Return the probability of every channel, ``channel i j k``, and what tissues look like.

        The latter is how much of every tissue has every grey level, ``tissue level``, even voxels
        weighing most.
        """
        atlas = self.atlas
        places = evidence.places.rows(rows)
        image = evidence.image[rows]
        grey = image / self.coarse.read(self.shade, places)
        level = np.clip(np.rint(grey * ((N_LEVELS - 1) / TOP)), 0, N_LEVELS - 1).astype(np.uint16)
        level += N_LEVELS * evidence.degrees(rows)
        heard = [w.at(places).reshape(len(w.levels), -1) for w in evidence.witnesses]
        sizes = np.cumsum([0, *(len(levels) for levels in heard[:-1])])
        name_of = np.stack([w.name_of + n for w, n in zip(evidence.witnesses, sizes, strict=True)])
        sure = np.arange(N_LEVELS) / 255 + _DOUBT
        weights = np.stack([sure**w.trust for w in evidence.witnesses]).astype(np.float32)
        look = (
            self.looks.table(
                mixtures(evidence.noise) + max(0.0, evidence.noise - self.noise), self.rare
            )
            if self.looks
            else np.ones((N_DEGREES * N_LEVELS, len(atlas.is_mixed)), np.float32)
        )
        is_placed = self.matrix is not None
        shares = atlas.shares if is_placed else np.zeros_like(atlas.shares)
        floor = _floor(atlas) if is_placed else 1 / np.bincount(atlas.pair)[atlas.pair]
        found, counts = believed(
            (atlas.classes, shares, floor),
            atlas.at(self._points(places)),
            (np.concatenate(heard), name_of, weights),
            (level.ravel(), look, atlas.tissue),
            channel,
            threads=self.threads,
        )
        learned = taught(counts.reshape(N_DEGREES, N_LEVELS, -1))
        return found.reshape(-1, *image.shape), learned

    def _points(self, places: Places) -> Array:
        """Return where places lie in the atlas's world [mm], ``3 n``."""
        at = [places.along(axis).astype(np.float32) for axis in range(3)]
        points = np.stack(np.meshgrid(*at, indexing="ij"))
        points += np.stack([self.coarse.read(part, places) for part in self.field])
        matrix = (np.eye(4) if self.matrix is None else self.matrix).astype(np.float32)
        moved: Array = matrix[:3, :3] @ points.reshape(3, -1) + matrix[:3, 3:]
        return moved


def fit(atlas: HeadAtlas, evidence: Evidence, *, threads: int = 0) -> Fitted:
    """Place an atlas on a scan, bend it, and learn what the scan's tissues look like.

    Parameters
    ----------
    atlas
        The atlas.
    evidence
        On voxels of 1 mm.
    threads
        Processor threads; 0 for every core.
    """
    middle = evidence.coarser(_MIDDLE)
    coarse = middle.coarser(_COARSE // _MIDDLE)
    overview = evidence.overview
    place = placed(overview.levels, atlas.centroids_mm(), overview.step_mm)
    matrix, places = place.matrix, coarse.places
    if matrix is not None:
        matrix[:3, 3] -= matrix[:3, :3] @ np.array(overview.first_mm)
    field = place.field([places.along(axis) - overview.first_mm[axis] for axis in range(3)])
    shade = np.ones(places.shape, np.float32)
    fitted = Fitted(atlas, matrix, places, field, shade, evidence.noise, threads=threads)
    if matrix is None:
        return fitted
    for n in track(range(_ROUNDS), "bending the atlas"):
        fitted = _appeared(fitted, coarse, is_shaded=n >= _SHADE_FROM)
        fitted = _bent(fitted, coarse)
    _, counts = fitted._believed(middle, atlas.tissue)
    learned = looks(counts, atlas.is_mixed, atlas.is_plain, fitted.looks)
    return replace(fitted, looks=learned, rare=_RARE)


def _floor(atlas: HeadAtlas) -> Array:
    """Return the least prior of every class."""
    floor = np.full(len(atlas.structure), _FLOOR)
    floor[0] += _BARE
    return floor


def _appeared(fitted: Fitted, evidence: Evidence, *, is_shaded: bool) -> Fitted:
    """Return the atlas with what tissues look like, and how the scan is shaded, learned again."""
    from scipy.ndimage import gaussian_filter

    found, counts = fitted._believed(evidence, fitted.atlas.tissue)
    fitted = replace(
        fitted, looks=looks(counts, fitted.atlas.is_mixed, fitted.atlas.is_plain, fitted.looks)
    )
    if not is_shaded:
        return fitted
    assert fitted.looks is not None
    mean, variance = fitted.looks.moments()
    found *= TEACHES[evidence.degrees()].astype(np.float32)
    found[fitted.atlas.tissue[0]] = 0  # nothing has no brightness
    seen = np.tensordot(mean / variance, found, 1) * evidence.image
    expected = np.tensordot(mean**2 / variance, found, 1)
    above, below = (gaussian_filter(x, _SHADE_MM / _COARSE) for x in (seen, expected))
    rest = 1e-3 * expected.mean()
    shade = np.clip((above + rest) / (below + rest), *_SHADES).astype(np.float32)
    return replace(fitted, shade=shade)


def _bent(fitted: Fitted, evidence: Evidence) -> Fitted:
    """Return the atlas bent towards where its parts seem to lie."""
    atlas = fitted.atlas
    wanted, _ = fitted._believed(evidence, atlas.group)
    weight = np.ones(len(wanted))
    weight[atlas.group[0]] = BACKGROUND
    for _ in range(_STEPS):
        here = atlas.sampled(fitted._points(evidence.places), atlas.group)
        moved = step(here.reshape(wanted.shape), wanted, weight)
        fitted = replace(fitted, field=bent(fitted.field, moved * np.float32(_COARSE)))
    return fitted

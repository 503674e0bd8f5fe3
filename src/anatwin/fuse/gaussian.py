"""Masks weighed by how near each view's slices are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, Labels, UsageError, track
from anatwin.fuse.posed import Posed
from anatwin.fuse.sampling import Between, indicators, offsets, shared_table


@dataclass(frozen=True, kw_only=True)
class GaussianFusion:
    """Believe each view most at its slices, and less between them.

    A view's confidence is a Gaussian of the distance from its nearest slice, known from geometry
    alone and turned with the view. Every structure's weighted mean over the views is taken, and
    the largest wins: for one structure that is a threshold of a half.

    References: Gu et al. 2023, SuperMask (the fusion); Raya and Udupa 1990,
    doi:10.1109/42.52980 (outlines between slices).
    """

    width: float = 0.25
    """Standard deviation of the Gaussian, in slice distances."""
    between: Between = "shape"
    """How a view's outlines continue between its slices."""

    def __post_init__(self) -> None:
        if not self.width > 0:
            raise UsageError(f"GaussianFusion.width must be above 0, got {self.width}.")

    def __call__(self, views: Sequence[Posed], grid: Grid) -> Labels:
        """Return the structures on a grid of the shared world, and how unsure they are.

        Raises
        ------
        InputError
            If there is no view, or tables differ.
        """
        table = shared_table(views)
        confidences = [self._confidence(view, grid) for view in views]
        total = np.maximum(sum(confidences), np.float32(1e-12))
        best, known = np.zeros(grid.shape, np.float32), np.zeros(grid.shape, np.float32)
        data = np.zeros(grid.shape, np.uint16)
        for index in track(table.indices, "fusing structures"):
            share = np.zeros(grid.shape, np.float32)
            for view, confidence in zip(views, confidences, strict=True):
                share += confidence * indicators(view, grid, index, between=self.between)
            share /= total
            data[share > best] = index
            np.maximum(best, share, out=best)
            known += share
        data[best <= 1 - known] = 0
        unsure = np.clip(2 - 2 * np.maximum(best, 1 - known), 0, 1)
        return Labels(data, grid, table, unsure)

    def _confidence(self, view: Posed, grid: Grid) -> NDArray[np.float32]:
        off, inside = offsets(view, grid)
        return np.asarray(np.exp(-((off / self.width) ** 2) / 2) * inside, np.float32)

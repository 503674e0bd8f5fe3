"""Masks of whichever view has the nearest slice."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anatwin.core import Grid, Labels
from anatwin.fuse.posed import Posed
from anatwin.fuse.sampling import indicators, offsets, shared_table


@dataclass(frozen=True, kw_only=True)
class NearestFusion:
    """Take every voxel from the view whose slice is nearest."""

    def __call__(self, views: Sequence[Posed], grid: Grid) -> Labels:
        """Return the structures on a grid of the shared world.

        Raises
        ------
        InputError
            If there is no view, or tables differ.
        """
        table = shared_table(views)
        nearest = np.full(grid.shape, np.inf, np.float32)
        data = np.zeros(grid.shape, np.uint16)
        for view in views:
            off, inside = offsets(view, grid)
            away = np.where(inside, off * np.float32(view.distance_mm), np.inf)
            closer = away < nearest
            nearest[closer] = away[closer]
            data[closer] = 0
            for index in table.indices:
                data[closer & (indicators(view, grid, index, between="nearest") > 0)] = index
        return Labels(data, grid, table)

"""Masks by consent of all views."""

from collections.abc import Sequence
from dataclasses import dataclass

from anatwin.core import Grid, Labels
from anatwin.fuse.posed import Posed
from anatwin.fuse.sampling import elected


@dataclass(frozen=True, kw_only=True)
class Unanimity:
    """Take what all views that cover a voxel see there."""

    def __call__(self, views: Sequence[Posed], grid: Grid) -> Labels:
        """Return the structures on a grid of the shared world.

        Raises
        ------
        InputError
            If there is no view, or tables differ.
        """
        return elected(views, grid, lambda votes, covering: (votes > 0) & (votes >= covering))

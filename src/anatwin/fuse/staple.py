"""Masks by estimating how reliable every view is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anatwin.core import Grid, Labels, MissingPartError
from anatwin.fuse.posed import Posed
from anatwin.fuse.sampling import indicators, shared_table


@dataclass(frozen=True, kw_only=True)
class Staple:
    """Estimate truth and each view's sensitivity and specificity together, with SimpleITK.

    Needs the extra 'align'.

    References: Warfield et al. 2004, doi:10.1109/TMI.2004.828354.
    """

    def __call__(self, views: Sequence[Posed], grid: Grid) -> Labels:
        """Return the structures on a grid of the shared world.

        Raises
        ------
        InputError
            If there is no view, or tables differ.
        MissingPartError
            If SimpleITK is not installed.
        """
        try:
            import SimpleITK as sitk  # noqa: N813
        except ImportError as error:
            raise MissingPartError(
                "STAPLE needs SimpleITK: pip install 'anatwin[align]'."
            ) from error
        table = shared_table(views)
        data = np.zeros(grid.shape, np.uint16)
        for index in table.indices:
            masks = [indicators(view, grid, index, between="nearest") for view in views]
            if any(mask.any() for mask in masks):
                images = [sitk.GetImageFromArray(mask.astype(np.uint8)) for mask in masks]
                truth = sitk.STAPLE(images, 1.0)  # type: ignore[no-untyped-call]
                data[sitk.GetArrayFromImage(truth) > 0.5] = index
        return Labels(data, grid, table)

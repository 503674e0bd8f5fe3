"""Shading that all views share is taken out of the fused image."""

import numpy as np
import pytest

from anatwin.core import GeometryError, Grid, InputError, Label, Labels, LabelTable, Volume
from anatwin.fuse import evened
from anatwin.phantoms import head_ellipsoids

_TABLE = LabelTable((Label(1, "head", (200, 80, 80)),))


def test_a_shaded_head_comes_out_even() -> None:
    grid = Grid.isotropic((46, 54, 50), 4.0)
    head = head_ellipsoids().image(grid).magnitude()
    labels = Labels((head.data > 0.1 * head.data.max()).astype(np.uint8), grid, _TABLE)
    slope = np.exp(np.linspace(-0.3, 0.3, 54, dtype=np.float32))[:, None]
    shaded = Volume(head.data * slope, grid)
    inside = labels.data > 0
    found = evened(shaded, labels)
    assert found.data.dtype == shaded.data.dtype
    before, after = (np.log(one.data[inside] / head.data[inside]).std() for one in (shaded, found))
    assert after < 0.3 * before


def test_nothing_deep_enough_is_said() -> None:
    grid = Grid.isotropic((6, 7, 8), 2.0)
    image = Volume(np.ones(grid.shape, np.float32), grid)
    thin = np.zeros(grid.shape, np.uint8)
    thin[3] = 1
    with pytest.raises(InputError, match="inside the mask"):
        evened(image, Labels(thin, grid, _TABLE))
    with pytest.raises(GeometryError):
        evened(image, Labels(thin[:5], Grid.isotropic((5, 7, 8), 2.0), _TABLE))

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.core import Grid, Volume
from anatwin.io.orientation import reoriented


@settings(deadline=None, max_examples=20)
@given(st.permutations(range(3)), st.tuples(*[st.booleans()] * 3))
def test_another_order_of_axes_moves_no_voxel(order, flips):
    codes = "".join(("RAS", "LPI")[flips[n]][order[n]] for n in range(3))
    grid = Grid.centred((5, 6, 7), (1.0, 1.2, 0.9))
    image = Volume(np.random.default_rng(3).normal(size=grid.shape), grid)
    turned = reoriented(image, codes)
    assert turned.grid.axis_codes() == codes
    back = reoriented(turned, "RAS")
    np.testing.assert_array_equal(back.data, image.data)
    assert back.grid.matches(image.grid)
    voxel = np.argwhere(turned.data == image.data.max())[0]
    here = np.argwhere(image.data == image.data.max())[0]
    np.testing.assert_allclose(turned.grid.at(*voxel), image.grid.at(*here))

import numpy as np

from anatwin.core import Grid, Labels, head_table
from anatwin.io.case import load_product, save_product
from anatwin.segment.parcellation import regions_table


def test_labels_come_back_with_what_is_known_of_them(tmp_path):
    grid = Grid.isotropic((5, 6, 7), 1.5)
    data, lost = np.zeros((2, *grid.shape), np.uint8)
    data[1:3], lost[2, 3] = 4, 2
    doubt = np.linspace(0, 1, data.size, dtype=np.float32).reshape(grid.shape)
    for number, known in enumerate(((), (doubt,), (doubt, lost))):
        labels = Labels(data, grid, head_table(), *known)
        folder = tmp_path / str(number)
        folder.mkdir()
        save_product("labels", labels, folder)
        back = load_product("labels", folder)
        for name in ("data", "uncertainty", "conflict"):
            np.testing.assert_array_equal(getattr(back, name), getattr(labels, name))


def test_regions_are_kept_beside_the_labels(tmp_path):
    grid = Grid.isotropic((5, 6, 7), 1.5)
    data = np.full(grid.shape, 40, np.uint8)
    save_product("labels", Labels(data // 10, grid, head_table()), tmp_path)
    save_product("regions", Labels(data, grid, regions_table()), tmp_path)
    back = load_product("regions", tmp_path)
    np.testing.assert_array_equal(back.data, data)
    assert back.table == regions_table()
    assert load_product("labels", tmp_path).table == head_table()

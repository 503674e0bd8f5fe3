import os
from pathlib import Path

import numpy as np
import pytest
import torch

from anatwin.train.maps import FineMap
from anatwin.train.numbering import STRUCTURE_OF, fine_index


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """Small tensors on busy cores: threads that wait for each other cost more than they bring."""
    torch.set_num_threads(1)


def blob_head(shape=(50, 54, 46)):
    """Return nested ellipsoids: skin, bone, fluid and two half brains with ventricles."""
    axes = [np.linspace(-1, 1, n) for n in shape]
    i, j, k = np.meshgrid(*axes, indexing="ij")
    radius = np.sqrt(i**2 + (j * 0.95) ** 2 + (k * 1.05) ** 2)
    right = i > 0
    data = np.zeros(shape, np.uint8)
    for limit, (left_entry, right_entry) in (
        (0.95, (("scalp", 19), ("scalp", 19))),
        (0.84, (("cortical_bone", 15), ("cortical_bone", 15))),
        (0.74, (("csf", 10), ("csf", 10))),
        (0.68, (("cortex", 3), ("cortex", 4))),
        (0.50, (("white_matter", 1), ("white_matter", 2))),
        (0.20, (("ventricle", 7), ("ventricle", 8))),
    ):
        inside = radius < limit
        data[inside & ~right] = fine_index(*left_entry)
        data[inside & right] = fine_index(*right_entry)
    seeds = np.argwhere(np.isin(STRUCTURE_OF[data], (7, 8))).astype(np.int32)
    return FineMap("blob", data, seeds)


@pytest.fixture
def head():
    return blob_head()


@pytest.fixture
def prepared(tmp_path):
    """Return the paths of two prepared maps of different shapes."""
    paths = []
    for n, shape in enumerate(((50, 54, 46), (44, 52, 48))):
        head = blob_head(shape)
        path = tmp_path / f"blob{n}.nii.gz.npz"
        np.savez_compressed(path, data=head.data, seeds=head.seeds)
        paths.append(path)
    return tuple(paths)


@pytest.fixture(scope="session")
def real_heads():
    """Return the folder of real label maps, or skip."""
    default = Path(__file__).parents[2] / ".." / "shared" / "data"
    folder = Path(os.environ.get("ANATWIN_DATA", default)) / "heads"
    if not folder.is_dir():
        pytest.skip(f"real heads are not at {folder} (set ANATWIN_DATA)")
    return folder

from dataclasses import replace

import numpy as np
import pytest

from anatwin.core import GeometryError, Grid, InputError, NonCartesian
from anatwin.core.noncartesian import describe_noncartesian


def scan() -> NonCartesian:
    rng = np.random.default_rng(0)
    trajectory = rng.uniform(-0.5, 0.5, (5, 7, 2))
    return NonCartesian(
        np.ones((3, 4, 5, 7), np.complex64),
        trajectory,
        Grid.centred((8, 3, 9), (1.0, 4.0, 1.5)),
        slice_axis=1,
        weights=np.ones((5, 7)),
        coils=np.ones((4, 8, 3, 9), np.complex64),
    )


def test_knows_its_plane() -> None:
    known = scan()
    assert (known.encoded_axes, known.plane_shape, known.n_coils) == ((0, 2), (8, 9), 4)
    facts = describe_noncartesian(known)
    assert facts["encoding"] == "2-D slices, 5 shots of 7 samples"
    assert (facts["coils"], facts["shape"]) == (4, (8, 3, 9))


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"slice_axis": 3}, GeometryError, "0, 1 or 2"),
        ({"slice_axis": 0}, GeometryError, "8 slices"),
        ({"data": np.ones((3, 4, 7, 5), np.complex64)}, GeometryError, "fit the samples"),
        ({"data": np.ones((3, 4, 5, 7), np.float32)}, InputError, "complex"),
        ({"data": np.zeros((3, 4, 5, 7), np.complex64)}, InputError, "zeros"),
        ({"data": np.full((3, 4, 5, 7), np.nan + 0j)}, InputError, "finite"),
        ({"trajectory": np.full((5, 7, 2), 4.0)}, GeometryError, "cycles per voxel"),
        ({"trajectory": np.full((5, 7, 2), np.nan)}, InputError, "trajectory must be finite"),
        ({"weights": np.ones((7, 5))}, GeometryError, "weights"),
        ({"weights": np.full((5, 7), -1.0)}, InputError, "not negative"),
        ({"weights": np.zeros((5, 7))}, InputError, "not all zero"),
        ({"coils": np.ones((4, 8, 9, 3), np.complex64)}, GeometryError, "coils"),
    ],
)
def test_refuses_what_cannot_be(changes: dict, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        replace(scan(), **changes)

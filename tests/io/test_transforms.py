"""Transforms survive their files, and ITK reads them as we mean them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from anatwin.core import Bend, Grid, InputError, Transform, UsageError
from anatwin.io.transforms import read_transform, write_bend, write_transform


def _transform(seed: int) -> Transform:
    rng = np.random.default_rng(seed)
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.random(random_state=seed).as_matrix() @ np.diag([1, 1.1, 0.9])
    matrix[:3, 3] = rng.normal(scale=40, size=3)
    return Transform.from_matrix(matrix)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([".tfm", ".txt"]))
def test_a_transform_survives_its_file(
    tmp_path_factory: pytest.TempPathFactory, seed: int, suffix: str
) -> None:
    path = tmp_path_factory.mktemp("transform") / f"found{suffix}"
    write_transform(_transform(seed), path)
    np.testing.assert_allclose(read_transform(path).matrix, _transform(seed).matrix, atol=1e-12)


def test_itk_moves_points_as_we_do(tmp_path: Path) -> None:
    sitk = pytest.importorskip("SimpleITK")
    path = tmp_path / "found.tfm"
    write_transform(_transform(3), path)
    point = np.array([[12.0, -30.0, 7.0]])
    lps = sitk.ReadTransform(str(path)).TransformPoint((point * [[-1, -1, 1]])[0].tolist())
    np.testing.assert_allclose(lps * np.array([-1, -1, 1]), _transform(3).apply(point)[0])


def test_itk_bends_as_we_do(tmp_path: Path) -> None:
    sitk = pytest.importorskip("SimpleITK")
    matrix = _transform(1).matrix @ np.diag([9, 8, 7, 1])
    u, _, v = np.linalg.svd(matrix[:3, :3])
    matrix[:3, :3] = u @ v @ np.diag([9, 8, 7])
    shift = np.random.default_rng(0).normal(size=(4, 6, 5, 3)).astype(np.float32)
    bend = Bend(Grid.from_matrix((4, 6, 5), matrix), shift)
    write_bend(bend, _transform(3), tmp_path / "bend.tfm")
    theirs = sitk.ReadTransform(str(tmp_path / "bend.tfm"))
    for index in ((1.3, 2.6, 3.1), (30, -7, 80)):  # the second lies beyond the lattice
        point = np.array([bend.grid.at(*index)])
        lps = theirs.TransformPoint((point * [[-1, -1, 1]])[0].tolist())
        ours = _transform(3).apply(bend.apply(point))[0]
        np.testing.assert_allclose(lps * np.array([-1, -1, 1]), ours, atol=1e-4)


def test_itk_euler_transforms_are_read(tmp_path: Path) -> None:
    sitk = pytest.importorskip("SimpleITK")
    euler = sitk.Euler3DTransform((5.0, -2.0, 9.0), 0.3, -0.5, 0.7, (4.0, 5.0, -6.0))
    path = tmp_path / "euler.tfm"
    sitk.WriteTransform(euler, str(path))
    found = read_transform(path).apply(np.array([[1.0, 2.0, 3.0]]))[0]
    np.testing.assert_allclose(
        found, np.array(euler.TransformPoint((-1.0, -2.0, 3.0))) * [-1, -1, 1], atol=1e-9
    )


@pytest.mark.parametrize(
    "text",
    ["1 2 3\n4 5 6\n", "a b c d\n" * 4, "#Insight Transform File V1.0\nTransform: BSpline_3\n"],
)
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.txt"
    path.write_text(text, encoding="ascii")
    with pytest.raises(InputError, match=r"other\.txt"):
        read_transform(path)


def test_other_suffixes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.tfm or \.txt"):
        write_transform(_transform(0), tmp_path / "found.mat")

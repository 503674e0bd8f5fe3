"""The surfaces of a label map: closed, outward, shared, and true to the voxels."""

import os
from pathlib import Path

import numpy as np
import pytest
import trimesh

from anatwin.core import Grid, InputError, Label, Labels, LabelTable, UsageError
from anatwin.mesh import SurfaceNets, volume_error

TABLE = LabelTable(
    (
        Label(1, "ball", (200, 10, 10)),
        Label(2, "shell", (10, 200, 10)),
        Label(7, "block", (10, 10, 200)),
    )
)
DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[2] / "../shared/data"))
OBLIQUE = np.array(
    [[0.0, -0.9, 0.3, 12.0], [1.1, 0.0, 0.0, -40.0], [0.0, 0.3, 0.9, 7.0], [0.0, 0.0, 0.0, 1.0]]
)


def nested_balls(grid: Grid, inner_mm: float, outer_mm: float) -> Labels:
    """Return a ball inside a shell, about the centre of the grid."""
    index = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1)
    centre = np.array([(n - 1) / 2 for n in grid.shape])
    radius = np.linalg.norm((index - centre) @ grid.matrix[:3, :3].T, axis=-1)
    data = np.zeros(grid.shape, dtype=np.uint8)
    data[radius <= outer_mm] = 2
    data[radius <= inner_mm] = 1
    return Labels(data, grid, TABLE)


def is_solid(surface) -> bool:
    """Tell what an independent library says: two faces at every edge, all facing out."""
    mesh = trimesh.Trimesh(surface.vertices, surface.faces, process=False)
    return bool(mesh.is_watertight and mesh.is_winding_consistent and mesh.volume > 0)


class TestDigitalSphere:
    grid = Grid.centred((66, 61, 57), (1.0, 1.0, 1.0))

    def test_volume_within_two_per_cent_of_ball(self):
        ball, shell = SurfaceNets()(nested_balls(self.grid, 14.0, 24.0))
        exact = 4 / 3 * np.pi * np.array([14.0**3, 24.0**3 - 14.0**3])
        assert ball.volume_mm3 == pytest.approx(exact[0], rel=0.02)
        assert shell.volume_mm3 == pytest.approx(exact[1], rel=0.02)

    def test_vertices_lie_on_the_sphere(self):
        ball, _ = SurfaceNets()(nested_balls(self.grid, 14.0, 24.0))
        radius = np.linalg.norm(ball.vertices, axis=1)
        assert abs(radius - 14.0).max() < 0.6
        assert abs(radius - 14.0).mean() < 0.15

    def test_without_smoothing_the_volume_is_that_of_the_voxels(self):
        labels = nested_balls(self.grid, 14.0, 24.0)
        for surface in SurfaceNets(iterations=0)(labels):
            assert volume_error(surface, labels) == pytest.approx(0, abs=1e-6)

    def test_neighbours_share_their_boundary(self):
        ball, shell = SurfaceNets(max_faces=5000)(nested_balls(self.grid, 14.0, 24.0))
        inner = {tuple(v) for v in ball.vertices}
        assert inner <= {tuple(v) for v in shell.vertices}


@pytest.mark.parametrize("flip", [1, -1])
def test_world_position_and_normals_on_flipped_and_oblique_grids(flip):
    matrix = OBLIQUE.copy()
    matrix[:, 2] *= flip
    grid = Grid.from_matrix((41, 38, 44), matrix)
    ball, shell = SurfaceNets()(nested_balls(grid, 8.0, 14.0))
    centre = grid.at(*((n - 1) / 2 for n in grid.shape))
    np.testing.assert_allclose(ball.vertices.mean(axis=0), centre, atol=0.2)
    assert is_solid(ball)
    assert is_solid(shell)


def random_map(seed: int, shape: tuple[int, int, int]) -> Labels:
    """Return blobs that touch in every way that voxels can, also at the border."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(seed)
    score = np.stack([gaussian_filter(rng.standard_normal(shape), 1.2) for _ in range(4)])
    values = np.array([0, 1, 2, 7], dtype=np.uint8)
    return Labels(values[score.argmax(axis=0)], Grid.isotropic(shape, 1.0), TABLE)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("max_faces", [3000, 400_000])
def test_every_surface_is_solid_whatever_the_labels(seed, max_faces):
    labels = random_map(seed, (23, 19, 17))
    surfaces = SurfaceNets(max_faces=max_faces)(labels)
    assert [s.name for s in surfaces] == ["ball", "shell", "block"]
    assert all(s.is_closed and is_solid(s) for s in surfaces)


def test_single_voxels_diagonal_to_each_other_make_separate_solids():
    data = np.zeros((6, 7, 5), dtype=np.uint8)
    data[2, 3, 2] = data[3, 4, 2] = data[4, 5, 3] = 1
    labels = Labels(data, Grid.isotropic(data.shape, 1.0), TABLE)
    (surface,) = SurfaceNets(iterations=0, min_volume_mm3=0)(labels)
    parts = trimesh.Trimesh(surface.vertices, surface.faces, process=False).split()
    assert sorted(part.volume for part in parts) == pytest.approx([1, 1, 1])


def test_structure_that_fills_the_volume_is_closed_at_the_border():
    data = np.full((9, 7, 8), 7, dtype=np.uint16)
    labels = Labels(data, Grid.isotropic(data.shape, 2.0), TABLE)
    (block,) = SurfaceNets(iterations=0)(labels)
    assert is_solid(block)
    np.testing.assert_allclose(np.ptp(block.vertices, axis=0), [18, 14, 16])


class TestFineGrids:
    def test_merging_voxels_keeps_place_and_volume(self):
        grid = Grid.centred((101, 97, 43), (0.4, 0.41, 1.1))
        labels = nested_balls(grid, 10.0, 17.0)
        ball, shell = SurfaceNets()(labels)
        finer = SurfaceNets(spacing_mm=0.4, max_faces=10**6)(labels)
        assert len(ball.faces) < len(finer[0].faces) / 2
        assert abs(volume_error(ball, labels)) < 0.02
        assert abs(volume_error(shell, labels)) < 0.02
        np.testing.assert_allclose(ball.vertices.mean(axis=0), 0, atol=0.25)

    def test_reduction_keeps_the_volume(self):
        labels = nested_balls(Grid.isotropic((64, 66, 60), 1.0), 16.0, 26.0)
        for surface in SurfaceNets(max_faces=2000)(labels):
            assert abs(volume_error(surface, labels)) < 0.02
            assert len(surface.faces) <= 2200

    def test_reduction_keeps_small_structures(self):
        labels = nested_balls(Grid.isotropic((70, 74, 72), 1.0), 2.0, 33.0)
        ball, shell = SurfaceNets(max_faces=1000)(labels)
        assert is_solid(ball)
        assert abs(volume_error(ball, labels)) < 0.5
        assert len(shell.faces) < 3000


class TestWhatCannotBeMeshed:
    def test_background_alone(self):
        data = np.zeros((5, 6, 7), dtype=np.uint8)
        with pytest.raises(InputError, match="background"):
            SurfaceNets()(Labels(data, Grid.isotropic(data.shape, 1.0), TABLE))

    def test_only_specks(self):
        data = np.zeros((5, 6, 7), dtype=np.uint8)
        data[2, 2, 2] = 1
        with pytest.raises(InputError, match="20 mm"):
            SurfaceNets()(Labels(data, Grid.isotropic(data.shape, 1.0), TABLE))

    def test_specks_beside_a_structure_get_no_surface(self):
        labels = nested_balls(Grid.isotropic((20, 21, 22), 1.0), 0.5, 8.0)
        assert [s.name for s in SurfaceNets()(labels)] == ["shell"]

    def test_volume_error_of_an_absent_structure(self):
        labels = nested_balls(Grid.isotropic((20, 21, 22), 1.0), 3.0, 8.0)
        ball, _ = SurfaceNets()(labels)
        without = Labels(np.where(labels.data == 1, 2, labels.data), labels.grid, TABLE)
        with pytest.raises(InputError, match="ball"):
            volume_error(ball, without)

    @pytest.mark.parametrize(
        "wrong",
        [{"spacing_mm": 0}, {"iterations": -1}, {"max_faces": 5}, {"min_volume_mm3": -1.0}],
    )
    def test_hyper_parameters(self, wrong):
        with pytest.raises(UsageError, match=next(iter(wrong))):
            SurfaceNets(**wrong)


def test_real_head():
    path = DATA / "heads/labels/training_seg_02.nii.gz"
    if not path.exists():
        pytest.skip(f"real data absent: {path}")
    import nibabel

    image = nibabel.load(path)
    coarse = np.asarray(image.dataobj)[40:220:2, 60:200:2, 40:220:2]
    skull, brain = np.isin(coarse, (515, 516)), np.isin(coarse, (2, 41))
    data = (7 * skull + 1 * brain).astype(np.uint8)
    grid = Grid.from_matrix(data.shape, image.affine @ np.diag([2, 2, 2, 1]))
    labels = Labels(data, grid, TABLE)
    surfaces = SurfaceNets(max_faces=60_000)(labels)
    assert [s.name for s in surfaces] == ["ball", "block"]
    for surface in surfaces:
        assert is_solid(surface)
        assert abs(volume_error(surface, labels)) < 0.05

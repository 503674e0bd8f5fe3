import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from skimage.measure import euler_number as peer

from anatwin.ops.intercepts import directions, intercept_ellipsoid, mean_intercept_lengths
from anatwin.ops.thickness import local_thickness
from anatwin.ops.topology import euler_number, largest_body


def places(*shape):
    return np.meshgrid(*(np.arange(n) - (n - 1) / 2 for n in shape), indexing="ij")


class TestThickness:
    @settings(deadline=None, max_examples=5)
    @given(st.floats(4, 14), st.integers(0, 1000))
    def test_tilted_plates_have_their_thickness(self, thickness, seed):
        normal = Rotation.random(random_state=seed).as_matrix()[0]
        height = sum(n * p for n, p in zip(normal, places(39, 43, 47), strict=True))
        plate = np.abs(height) < thickness / 2
        middle = local_thickness(plate)[14:25, 16:27, 18:29]
        # Balls reach to the middles of voxels outside, half a voxel's diagonal away at either side.
        assert -0.5 < np.mean(middle[middle > 0]) - thickness < np.sqrt(3)

    @pytest.mark.parametrize("radius", [6.0, 9.3, 13.0])
    def test_a_ball_is_as_thick_as_its_diameter(self, radius):
        i, j, k = places(31, 32, 33)
        ball = i**2 + j**2 + k**2 < radius**2
        assert local_thickness(ball)[ball].mean() == pytest.approx(2 * radius, abs=1)

    @settings(deadline=None, max_examples=10)
    @given(st.integers(0, 1000))
    def test_it_is_the_largest_ball_by_brute_force(self, seed):
        rng = np.random.default_rng(seed)
        shape = rng.random((11, 13)) < 0.8
        shape[3, 4] = False
        depth = np.zeros(shape.shape)
        outside = np.argwhere(~shape)
        inside = np.argwhere(shape)
        for at in inside:
            depth[tuple(at)] = np.linalg.norm(outside - at, axis=1).min()
        expected = np.zeros(shape.shape)
        for at in inside:
            gaps = np.linalg.norm(inside - at, axis=1)
            radii = depth[tuple(inside.T)]
            expected[tuple(at)] = 2 * radii[gaps < radii].max()
        assert np.allclose(local_thickness(shape), expected, atol=1e-4)

    def test_every_pixel_of_a_shape_is_covered_and_no_other(self):
        shape = np.random.default_rng(0).random((20, 21, 22)) < 0.7
        assert np.array_equal(local_thickness(shape) >= 2, shape)


class TestEuler:
    @settings(deadline=None, max_examples=20)
    @given(st.integers(0, 10**6), st.sampled_from([(9, 11), (6, 7, 8)]))
    def test_it_is_the_peers(self, seed, shape):
        image = np.random.default_rng(seed).random(shape) < 0.4
        assert euler_number(image) == peer(image, connectivity=image.ndim)

    def test_a_ball_a_shell_and_a_ring(self):
        i, j, k = places(21, 22, 23)
        radius = np.sqrt(i**2 + j**2 + k**2)
        ball, shell = radius < 9, (radius < 9) & (radius > 5)
        ring = (np.hypot(i, j) - 7) ** 2 + k**2 < 4
        assert [euler_number(x) for x in (ball, shell, ring)] == [1, 2, 0]
        assert np.array_equal(largest_body(shell), ball)

    def test_the_largest_body_leaves_specks_and_fills_cavities(self):
        image = np.zeros((12, 13, 14), bool)
        assert not largest_body(image).any()
        image[1:8, 1:8, 1:8] = True
        image[4, 4, 4] = False
        image[10, 10, 10] = True
        assert largest_body(image).sum() == 7**3


class TestIntercepts:
    def test_directions_are_even(self):
        for axes, count in ((2, 40), (3, 200)):
            ways = directions(count, axes)
            assert np.allclose(np.linalg.norm(ways, axis=1), 1)
            assert ways.T @ ways / count == pytest.approx(np.eye(axes) / axes, abs=0.01)

    def test_laminates_have_the_length_of_their_chords(self):
        bone = np.zeros((120, 90), bool)
        bone[np.arange(120) % 12 < 4] = True
        ways = np.array([[1.0, 0.0], [0.5**0.5, 0.5**0.5]])
        lengths = mean_intercept_lengths(bone, ways, lines=1500, seed=1)
        assert lengths == pytest.approx([4, 4 * 2**0.5], rel=0.05)

    @settings(deadline=None, max_examples=10)
    @given(st.integers(0, 1000), st.floats(1.5, 4))
    def test_an_ellipsoid_is_found_again(self, seed, ratio):
        frame = Rotation.random(random_state=seed).as_matrix()
        half = np.array([ratio, 1.2, 1.0])
        ways = directions(150, 3)
        lengths = ((ways @ frame) ** 2 / half**2).sum(axis=1) ** -0.5
        found, axes = intercept_ellipsoid(ways, lengths)
        assert found == pytest.approx(half, rel=1e-6)
        assert abs(axes[:, 0] @ frame[:, 0]) == pytest.approx(1, abs=1e-6)

    def test_random_spots_are_isotropic(self):
        from scipy.ndimage import gaussian_filter

        noise = gaussian_filter(np.random.default_rng(0).normal(size=(50, 51, 52)), 3)
        ways = directions(60, 3)
        lengths = mean_intercept_lengths(noise > 0, ways, lines=200, seed=2)
        half, _ = intercept_ellipsoid(ways, lengths)
        assert half[0] / half[2] < 1.4

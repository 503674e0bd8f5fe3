"""How even a scan is about every voxel."""

import numpy as np
import pytest

from anatwin.segment.atlas.evenness import (
    N_DEGREES,
    TEACHES,
    degrees,
    mixtures,
    noise_variance,
    taught,
    variance_about,
)


@pytest.fixture
def edge():
    """Return two tissues that meet, and noise."""
    image = np.full((40, 40, 40), 0.3, np.float32)
    image[20:] = 0.8
    return image + 0.02 * np.random.default_rng(0).standard_normal(image.shape, np.float32)


def test_noise_is_found_beside_edges(edge):
    variance = variance_about(edge)
    assert np.sqrt(noise_variance(edge, variance)) == pytest.approx(0.02, rel=0.2)


def test_voxels_at_an_edge_are_the_most_uneven(edge):
    variance = variance_about(edge)
    found = degrees(variance, noise_variance(edge, variance))
    assert (found[19:21] == N_DEGREES - 1).all()
    assert found[5:15].mean() < 0.7
    assert found.max() < N_DEGREES


def test_uneven_voxels_teach_less_and_may_be_mixed_more():
    assert (np.diff(TEACHES) < 0).all()
    assert TEACHES[0] == 1
    assert (np.diff(mixtures(0.01)) > 0).all()
    assert mixtures(0.01)[0] == 0


@pytest.mark.parametrize("grey", [0.0, 0.5])
def test_an_image_without_noise_has_some_all_the_same(grey):
    image = np.full((8, 8, 8), grey, np.float32)
    variance = variance_about(image)
    noise = noise_variance(image, variance)
    assert noise > 0
    assert (degrees(variance, noise) == 0).all()


def test_a_tissue_is_taught_by_its_even_voxels_where_it_has_some():
    counts = np.zeros((N_DEGREES, 2, 1))
    counts[0, 0], counts[-1, 1] = 300, 700
    levels = taught(counts)[0]
    assert levels[0] == 300
    assert levels[1] < 10


def test_a_thin_tissue_is_not_taught_by_what_was_mistaken_for_it():
    counts = np.zeros((N_DEGREES, 2, 2))
    counts[0, 0, 0] = 10  # even voxels of another tissue
    counts[-1, 1, 0] = 990  # its own, all of them at borders
    thin, empty = taught(counts)
    assert thin[1] > 5 * thin[0]
    assert not empty.any()

"""A scan drawn from the atlas itself, moved, bent and shaded, is named again."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from anatwin.core import head_table, overview_table
from anatwin.segment.atlas import Evidence, Fitted, Places, Witness, fit, fitting, head_atlas

SHAPE = (176, 212, 140)


@pytest.fixture(scope="module")
def scan():
    """Return evidence as doubtful networks give it, and the truth."""
    atlas = head_atlas()
    rng = np.random.default_rng(3)
    matrix = np.diag([1.06, 0.95, 1.03, 1])
    matrix[:3, 3] = (8, 30, 70)
    index = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij")).astype(np.float32)
    bend = np.stack([gaussian_filter(rng.standard_normal(SHAPE), 25) for _ in range(3)])
    index += (5 * bend / bend.std()).astype(np.float32)
    at = np.tensordot(matrix[:3, :3], index, 1) + matrix[:3, 3, None, None, None]
    truth = map_coordinates(atlas.classes[..., 0], at / atlas.spacing_mm, order=0, mode="nearest")
    grey = rng.uniform(0.1, 1, len(atlas.is_mixed))
    grey[atlas.tissue[0]] = 0
    shade = 1 + 0.3 * np.sin(np.arange(SHAPE[1]) / 50)[:, None]
    image = grey[atlas.tissue[truth]] * shade + 0.03 * rng.standard_normal(SHAPE)
    overview, brain = (
        doubtful(names[truth], len(table) + 1, rng)
        for names, table in ((atlas.overview, overview_table()), (atlas.structure, head_table()))
    )
    image = np.clip(image / 1.3, 0, 1).astype(np.float32)
    afar = Witness(overview, atlas.overview, 0.3, 4.0, (1.5, 1.5, 1.5))
    fine = brain.repeat(4, 1).repeat(4, 2).repeat(4, 3)
    near = Witness(fine, atlas.structure, 0.5)
    return Evidence.of(image, afar, (near,)), atlas.pair[truth]


def doubtful(names, n, rng):
    """Return probabilities of names every 4 mm that were shifted, blurred and blotted."""
    names = np.roll(names, (3, -2, 3), axis=(0, 1, 2))[::4, ::4, ::4]
    wrong = rng.random(names.shape) < 0.25
    names = np.where(wrong, rng.integers(0, n, names.shape), names)
    soft = [gaussian_filter((names == index).astype(np.float32), 0.7) for index in range(n)]
    return np.rint(255 * np.stack(soft) / np.sum(soft, axis=0)).astype(np.uint8)


def agreement(labels, truth):
    """Return the mean Dice of the pairs that have a thousand voxels."""
    scores = []
    for index, count in enumerate(np.bincount(truth.ravel())):
        if count > 1000:
            same = np.count_nonzero((labels == index) & (truth == index))
            scores.append(2 * same / (np.count_nonzero(labels == index) + count))
    return float(np.mean(scores))


def test_it_names_more_rightly_than_the_networks_alone(scan):
    evidence, truth = scan
    fitted = fit(head_atlas(), evidence)
    alone = replace(fitted, matrix=None, looks=None)
    reached, before = (agreement(named(x, evidence), truth) for x in (fitted, alone))
    assert reached > 0.55
    assert reached > before + 0.2


def test_a_tissue_that_was_mistaken_for_another_is_seen_as_it_is_in_the_end(scan):
    atlas, (evidence, _) = head_atlas(), scan
    fitted = fit(atlas, evidence)
    eye = atlas.tissue[atlas.structure == head_table()["eye_left"].index][0]
    seen = fitted.looks.mean[eye, 0]
    mean, variance = fitted.looks.mean.copy(), fitted.looks.variance.copy()
    mean[eye], variance[eye] = seen + 0.4, 0.03**2
    mistaken = replace(fitted, looks=replace(fitted.looks, mean=mean, variance=variance))
    coarse = evidence.coarser(4)
    coarse = replace(coarse, near=(), overview=replace(coarse.overview, trust=0.0))

    def again(rare):
        now = replace(mistaken, rare=rare)
        for _ in range(4):
            now = fitting._appeared(now, coarse, is_shaded=False)
        return now.looks.mean[eye, 0]

    assert again(fitting._RARE_AT_FIRST) == pytest.approx(seen, abs=0.05)
    assert again(1e-4) > seen + 0.2


def named(fitted, evidence):
    found = np.zeros(evidence.image.shape, np.uint8)
    for start, slab in fitted.slabs(evidence):
        found[start : start + slab.shape[1]] = slab.argmax(axis=0)
        assert slab.sum(axis=0) == pytest.approx(1, abs=1e-3)
    return found


def test_where_nothing_is_known_of_the_head_the_networks_decide():
    atlas = head_atlas()
    rng = np.random.default_rng(0)
    structure = rng.integers(0, 21, (32, 36, 40))
    levels = np.stack([np.where(structure == n, 255, 0) for n in range(21)]).astype(np.uint8)
    nothing = np.zeros((len(overview_table()) + 1, 8, 9, 10), np.uint8)
    afar = Witness(nothing, atlas.overview, 0.5, 4.0, (1.5, 1.5, 1.5))
    near = Witness(levels, atlas.structure, 0.5)
    evidence = Evidence.of(rng.random(structure.shape, np.float32), afar, (near,))
    fitted = fit(atlas, evidence)
    assert isinstance(fitted, Fitted)
    assert fitted.matrix is None
    assert np.array_equal(atlas.pairs[named(fitted, evidence), 0], structure)


def test_coarser_evidence_is_a_mean():
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 255, (2, 5, 6, 8)).astype(np.uint8)
    near = Witness(levels, np.arange(2), 0.5)
    fine = Evidence.of(rng.random((5, 6, 8), np.float32), replace(near, step_mm=3.0), (near,))
    coarse = fine.coarser(2)
    assert coarse.image.shape == (3, 3, 4)
    assert coarse.image[0, 1, 2] == pytest.approx(fine.image[:2, 2:4, 4:6].mean(), rel=1e-5)
    assert coarse.overview is fine.overview
    assert coarse.variance[2, 1, 0] == pytest.approx(fine.variance[4, 2:4, :2].mean(), rel=1e-5)
    assert coarse.noise == fine.noise
    (blocks,) = coarse.near
    assert blocks.levels[1, 2, 0, 0] == pytest.approx(levels[1, 4, :2, :2].mean(), abs=0.51)


def test_a_coarse_witness_is_read_in_between():
    ramp = np.tile(np.arange(0, 200, 20, dtype=np.uint8)[None, :, None, None], (1, 1, 4, 4))
    witness = Witness(ramp, np.zeros(1, int), 0.5, 2.5, (-3.0, 0.0, 0.0))
    fine = witness.at(Places((20, 8, 8)))
    assert fine.shape == (1, 20, 8, 8)
    assert fine[0, :18, 3, 3] == pytest.approx((np.arange(18) + 3) * 8, abs=0.51)
    rows = witness.at(Places((20, 8, 8)).rows(slice(4, 9)))
    assert np.array_equal(rows, fine[:, 4:9])
    between = witness.at(Places((20, 8, 8)).coarser(2))
    assert between[0, 2, 1, 1] == pytest.approx((4.5 + 3) * 8, abs=0.51)


def test_places_of_one_lattice_are_read_as_they_are():
    places = Places((6, 7, 8), 2.0, (1.0, 0.0, -3.0))
    values = np.random.default_rng(0).integers(0, 99, (6, 7, 8)).astype(np.uint8)
    part = Places((3, 2, 8), 2.0, (5.0, 4.0, -3.0))
    found = places.read(values, part)
    assert found.dtype == np.uint8
    assert np.array_equal(found, values[2:5, 2:4])
    shifted = Places((3, 2, 8), 2.0, (6.0, 4.0, -3.0))
    between = (values[2:5, 2:4].astype(float) + values[3:6, 2:4]) / 2
    assert places.read(values, shifted) == pytest.approx(between)

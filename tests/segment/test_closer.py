"""A closer look at small structures of finely sampled scans."""

import numpy as np
import pytest

from anatwin.core import Grid, Volume, craniofacial_table, overview_table
from anatwin.segment.atlas import Evidence, Fitted, Places, Witness, head_atlas
from anatwin.segment.closer import finer, look_closer
from anatwin.segment.lattice import Lattice
from anatwin.segment.seen import Seen

EYE = craniofacial_table()["eye_left"].index
SHAPE = (96, 90, 84)
MIDDLE, RADIUS_MM = np.array((20.0, 24.0, 22.0)), 9.0
ORIENTATIONS = ((1, 1, 1), (-1, 1, -1), (1, -1, 1))


def scan(spacing_mm, signs=(1, 1, 1), order=(0, 1, 2)):
    """Return a scan that grows brighter along every axis of the world."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.diag(np.array(signs) * spacing_mm)[:, order]
    shape = tuple(int(n * 0.5 / spacing_mm) for n in np.array(SHAPE)[list(order)])
    grid = Grid.from_matrix(shape, matrix)
    index = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij")).reshape(3, -1)
    world = (matrix[:3, :3] @ index).reshape(3, *shape)
    ramp = 3 * world[0] + 2 * world[1] + world[2]
    return Volume((ramp - ramp.min() + 50).astype(np.float32), grid)


def seen_and_fitted(volume):
    """Return a scan and what a network that alone decides says: there is an eye."""
    atlas = head_atlas()
    seen = Seen.of(volume, 32)
    index = np.stack(np.meshgrid(*map(np.arange, seen.head.shape), indexing="ij"))
    away = np.sqrt(((index - MIDDLE[:, None, None, None]) ** 2).sum(axis=0))
    eye = np.clip(0.5 + RADIUS_MM - away, 0, 1)
    levels = np.zeros((len(craniofacial_table()) + 1, *seen.head.shape), np.uint8)
    levels[EYE] = np.rint(255 * eye)
    levels[craniofacial_table()["soft_tissue"].index] = 255 - levels[EYE]
    nothing = np.full((len(overview_table()) + 1, 12, 12, 12), 6, np.uint8)
    afar = Witness(nothing, atlas.overview, 0.2, 4.0, (1.5, 1.5, 1.5))
    evidence = Evidence.of(seen.head, afar, (Witness(levels, atlas.region, 1.0),))
    coarse = Places((12, 12, 12), 4.0, (1.5, 1.5, 1.5))
    field, shade = np.zeros((3, 12, 12, 12), np.float32), np.ones((12, 12, 12), np.float32)
    return seen, Fitted(atlas, None, coarse, field, shade, evidence.noise), evidence


@pytest.mark.parametrize("signs", ORIENTATIONS)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_a_part_lies_where_it_did_in_the_whole(signs, order):
    volume = scan(0.5, signs, order)
    seen, _, _ = seen_and_fitted(volume)
    box = tuple(slice(n // 4, n // 4 + 31) for n in volume.grid.shape)
    image, places = finer(seen, Lattice.of(volume.grid, (0.5, 0.5, 0.5), box=box))
    whole = Places(seen.head.shape).read(seen.head, places)
    assert image == pytest.approx(whole, abs=2e-3)
    assert np.ptp(image) > 0.2


def test_an_eye_is_named_anew_and_nothing_far_from_it():
    seen, fitted, evidence = seen_and_fitted(scan(0.5))
    pair, uncertainty = seen.labelled(fitted.slabs(evidence))
    is_eye = fitted.atlas.pairs[:, 1] == EYE
    before = is_eye[pair]
    pair[(before.cumsum(axis=0) % 3 == 0) & before] = 0  # holes
    look_closer(seen, fitted, evidence, pair, uncertainty)
    assert before.sum() > 20000
    after = is_eye[pair]
    assert 2 * (after & before).sum() / (after.sum() + before.sum()) > 0.9
    pair[:4] = 1  # farther from the eye than the margin
    look_closer(seen, fitted, evidence, pair, uncertainty)
    assert (pair[:4] == 1).all()


def test_scans_of_coarse_voxels_have_no_more_to_show():
    seen, fitted, evidence = seen_and_fitted(scan(1.0))
    pair, uncertainty = seen.labelled(fitted.slabs(evidence))
    wrong = np.full_like(pair, 3)
    look_closer(seen, fitted, evidence, wrong, uncertainty)
    assert (wrong == 3).all()

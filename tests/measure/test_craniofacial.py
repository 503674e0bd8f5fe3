import numpy as np
import pytest

from anatwin.core import Grid, Labels, craniofacial_table
from anatwin.measure import (
    airway_measures,
    airway_profile,
    jaw_landmarks,
    joint_measures,
    mandible_measures,
    muscle_measures,
)

SPACING_MM = (1.0, 0.9, 1.1)
SHAPE = (130, 132, 122)


def places(grid):
    """Return the RAS+ position of every voxel, ``i j k 3``."""
    voxels = np.moveaxis(np.indices(grid.shape), 0, -1)
    return voxels @ grid.matrix[:3, :3].T + grid.matrix[:3, 3]


def label_map(shapes, grid=None):
    """Return labels of shapes: name to a function of positions that tells inside from outside."""
    grid = grid or Grid.centred(SHAPE, SPACING_MM)
    data = np.zeros(grid.shape, np.uint8)
    where = places(grid)
    for name, inside in shapes.items():
        data[inside(where)] = craniofacial_table()[name].index
    return Labels(data, grid, craniofacial_table())


def box(low, high):
    return lambda x: ((x >= low) & (x <= high)).all(-1)


def jaw(x):
    """Two rami 40 mm high, 90 mm apart, joined in front by a body 70 mm long at the lower edge."""
    side = np.abs(x[..., 0])
    ramus = (side > 42) & (side < 48) & (np.abs(x[..., 1] + 35) < 6) & (np.abs(x[..., 2]) < 20)
    body = (side > 42) & (side < 48) & (x[..., 1] > -35) & (x[..., 1] < 35)
    chin = (side < 48) & (x[..., 1] > 25) & (x[..., 1] < 35)
    coronoid = (side > 42) & (side < 48) & (np.abs(x[..., 1] + 10) < 4) & (np.abs(x[..., 2]) < 14)
    return ramus | coronoid | ((body | chin) & (x[..., 2] > -20) & (x[..., 2] < -10))


def values(measures, structure=None):
    return {m.name: m.value for m in measures if structure in (None, m.structure)}


class TestMandible:
    def test_lengths_of_a_jaw_of_boxes(self):
        labels = label_map({"mandible": jaw})
        both = values(mandible_measures(labels), "mandible")
        left = values(mandible_measures(labels), "mandible_left")
        assert both["intercondylar width[Co-Co]"] == pytest.approx(90, abs=3)
        assert both["bigonial width[Go-Go]"] == pytest.approx(90, abs=3)
        assert left["ramus height[Co-Go]"] == pytest.approx(40, abs=4)
        assert left["gonial angle[Co-Go-Me]"] == pytest.approx(90, abs=12)

    def test_left_is_where_x_is_negative(self):
        landmarks = jaw_landmarks(label_map({"mandible": jaw}))
        assert landmarks.condylion[0][0] < 0 < landmarks.condylion[1][0]
        assert landmarks.coronion[0][1] > landmarks.condylion[0][1] + 10
        assert landmarks.menton[2] == pytest.approx(-20, abs=2)
        assert landmarks.pogonion[1] == pytest.approx(35, abs=2)

    def test_storage_order_changes_nothing(self):
        labels = label_map({"mandible": jaw})
        flip = np.diag([-1.0, 1.0, 1.0, 1.0])
        flip[0, 3] = SHAPE[0] - 1
        flipped = Labels(
            np.ascontiguousarray(labels.data[::-1]),
            Grid.from_matrix(SHAPE, labels.grid.matrix @ flip),
            labels.table,
        )
        assert values(mandible_measures(flipped)) == pytest.approx(
            values(mandible_measures(labels))
        )

    def test_a_jaw_that_is_cut_off_or_not_there_is_not_measured(self):
        cut = label_map({"mandible": lambda x: jaw(x) | (x[..., 2] < -60)})
        assert mandible_measures(cut) == ()
        assert joint_measures(label_map({})) == ()


class TestJoint:
    def test_gap_and_disc_of_a_joint_of_boxes(self):
        def disc(x, front_mm=-30.0):
            near = np.abs(x[..., 0] + 45) < 5
            return near & (np.abs(x[..., 1] - front_mm) < 7) & (np.abs(x[..., 2] - 22) < 1.2)

        def fossa(x):
            return (
                (np.abs(x[..., 0]) < 55)
                & (np.abs(x[..., 1] + 35) < 12)
                & (np.abs(x[..., 2] - 28) < 3)
            )

        labels = label_map({"mandible": jaw, "tmj_disc_left": disc, "skull": fossa})
        gap = values(joint_measures(labels), "tmj_left")
        assert gap["condyle to fossa[smallest]"] == pytest.approx(5.0, abs=1.2)
        found = values(joint_measures(labels), "tmj_disc_left")
        assert found["thickness"] == pytest.approx(2.2, abs=0.6)
        assert not values(joint_measures(labels), "tmj_disc_right")
        forward = label_map({"mandible": jaw, "tmj_disc_left": lambda x: disc(x, -24.0)})
        moved = values(joint_measures(forward), "tmj_disc_left")
        angle = "position[12 o'clock]"
        assert abs(found[angle]) < 10
        assert moved[angle] - found[angle] == pytest.approx(35, abs=10)


class TestMuscles:
    def test_a_tilted_cylinder(self):
        axis = np.array([0.3, 0.2, 0.933])
        axis /= np.linalg.norm(axis)

        def cylinder(x):
            along = x @ axis
            return (np.abs(along) < 25) & (np.linalg.norm(x - along[..., None] * axis, axis=-1) < 8)

        measured = values(muscle_measures(label_map({"masseter_left": cylinder})))
        assert measured["largest cross-section"] == pytest.approx(np.pi * 0.64, rel=0.05)
        found = [measured[f"line of action {letter}[RAS+]"] for letter in "xyz"]
        assert found == pytest.approx(axis.tolist(), abs=0.03)

    def test_a_muscle_that_is_not_there_is_left_out(self):
        assert muscle_measures(label_map({})) == ()


class TestAirway:
    def test_narrowest_place_of_a_tilted_tube(self):
        def tube(x):
            middle = 0.4 * x[..., 2]
            radius = np.where(np.abs(x[..., 2] + 10) < 4, 5.0, 8.0)
            perpendicular = np.hypot(x[..., 0], (x[..., 1] - middle) / np.hypot(1, 0.4))
            return (perpendicular < radius) & (np.abs(x[..., 2]) < 45)

        labels = label_map({"upper_airway": tube})
        found = values(airway_measures(labels))
        assert found["cross-section[smallest]"] == pytest.approx(np.pi * 25, rel=0.1)
        assert found["level of the smallest z[RAS+]"] == pytest.approx(-10, abs=4)
        assert found["pharynx length"] == pytest.approx(90 * np.hypot(1, 0.4), abs=6)
        assert airway_profile(labels).area_mm2[0] == pytest.approx(np.pi * 64, rel=0.15)

    def test_it_begins_at_the_first_vertebra(self):
        shapes = {
            "upper_airway": box((-6, 20, -50), (6, 32, 55)),
            "vertebra_c1": box((-10, 0, 4), (10, 10, 16)),
        }
        profile = airway_profile(label_map(shapes))
        assert profile.centre_mm[0, 2] == pytest.approx(9, abs=2)
        assert "C1" in airway_measures(label_map(shapes))[2].basis

    def test_no_airway_no_measure(self):
        assert airway_measures(label_map({})) == ()

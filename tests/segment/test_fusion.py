import numpy as np
import pytest

from anatwin.core import anatomy_table, craniofacial_table, head_table
from anatwin.segment.fusion import fuse_head, tidy, whole_head_table

SHAPE = (24, 26, 28)


def of(table, name):
    return table[name].index


def both(brain_name, face_name):
    """Return one voxel as the two networks see it."""
    brain = np.full((1, 1, 1), of(head_table(), brain_name) if brain_name else 0, np.uint8)
    face = np.full((1, 1, 1), of(craniofacial_table(), face_name) if face_name else 0, np.uint8)
    return fuse_head(brain, face)


class TestWhoIsBelieved:
    @pytest.mark.parametrize(
        ("brain", "face", "expected"),
        [
            ("cortex_left", "brain", "cortex_left"),
            ("cortex_left", "skull", "cortex_left"),  # the brain vetoes bone
            ("csf", "temporalis_left", "csf"),
            ("bone", "mandible", "mandible"),
            ("soft_tissue", "masseter_right", "masseter_right"),
            ("bone", "brain", "skull"),
            ("spinal_cord", "spinal_cord", "spinal_cord"),
            ("brain_stem", "spinal_cord", "brain_stem"),
            ("", "skin", "skin"),
        ],
    )
    def test_rules(self, brain, face, expected):
        assert both(brain, face).data.item() == of(anatomy_table(), expected)

    def test_background_for_both_stays_background(self):
        assert both("", "").data.item() == 0
        assert both("", "brain").data.item() == 0

    def test_conflicts_name_the_loser(self):
        assert both("cortex_left", "skull").conflict.item() == of(anatomy_table(), "skull")
        assert both("bone", "brain").conflict.item() > 0
        for agreed in (("cortex_left", "brain"), ("bone", "skull"), ("brain_stem", "spinal_cord")):
            assert both(*agreed).conflict.item() == 0

    def test_every_name_of_the_networks_but_the_whole_brain_survives(self):
        names = {label.name for label in whole_head_table().labels}
        for table in (head_table(), craniofacial_table()):
            lost = {label.name for label in table.labels} - names
            assert lost <= {"bone", "brain", "cervical_disc"}


class TestTidy:
    def test_a_pinhole_is_closed_and_a_gap_is_not(self):
        data = np.full(SHAPE, of(anatomy_table(), "skull"), np.uint8)
        data[5, 6, 7] = 0
        data[12:16, 12:16, 12:16] = 0
        tidy(data, np.zeros_like(data))
        assert data[5, 6, 7] == of(anatomy_table(), "skull")
        assert (data[12:16, 12:16, 12:16] == 0).all()

    def test_one_mandible(self):
        mandible, skull = (of(anatomy_table(), name) for name in ("mandible", "skull"))
        data = np.zeros(SHAPE, np.uint8)
        data[2:12, 2:12, 2:12] = mandible
        data[20, 20, 20:22] = mandible
        tidy(data, np.zeros_like(data))
        assert (data == mandible).sum() == 1000
        assert data[20, 20, 20] == skull

    def test_a_disc_is_named_after_its_vertebrae(self):
        table = anatomy_table()
        data, face = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
        data[8:16, 8:16, 16:22] = of(table, "vertebra_c3")
        data[8:16, 8:16, 8:14] = of(table, "vertebra_c4")
        face[8:16, 8:16, 14:16] = of(craniofacial_table(), "cervical_disc")
        tidy(data, face)
        assert (data == of(table, "disc_c3_c4")).sum() == 128

    def test_a_disc_without_vertebrae_is_soft_tissue(self):
        face = np.zeros(SHAPE, np.uint8)
        face[8:16, 8:16, 14:16] = of(craniofacial_table(), "cervical_disc")
        data = np.zeros_like(face)
        tidy(data, face)
        assert set(np.unique(data)) == {0, of(anatomy_table(), "soft_tissue")}

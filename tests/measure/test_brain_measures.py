import numpy as np
import pytest

from anatwin.core import Grid, Labels, LabelTable, anatomy_table, head_table
from anatwin.measure import brain_measures, check_regions, head_measures, region_measures


def shells(table, grid, cortex="cortex_left"):
    """Return a ball of white matter, radius 20 mm, under 3 mm of cortex, in fluid."""
    voxels = np.moveaxis(np.indices(grid.shape), 0, -1)
    radius = np.linalg.norm(voxels @ grid.matrix[:3, :3].T + grid.matrix[:3, 3], axis=-1)
    data = np.zeros(grid.shape, np.uint8)
    for name, size in (("csf", 26.0), (cortex, 23.0), ("white_matter_left", 20.0)):
        data[radius < size] = table[name].index
    return Labels(data, grid, table)


GRID = Grid.centred((62, 68, 58), (1.0, 0.9, 1.1))


def values(labels):
    return {(m.name.split("[")[0], m.structure): m.value for m in brain_measures(labels)}


def test_thickness_and_volume_of_shells():
    found = values(shells(head_table(), GRID))
    assert found["cortical thickness", "cortex_left"] == pytest.approx(3.0, abs=0.25)
    volume_ml = 4 / 3 * np.pi * 2.6**3
    assert found["intracranial volume", "brain"] == pytest.approx(volume_ml, rel=0.01)
    assert ("cortical thickness", "cortex_right") not in found


def test_regions_of_the_cortex_are_cortex():
    whole = values(shells(anatomy_table(), GRID))
    regions = values(shells(anatomy_table(), GRID, cortex="insula_left"))
    assert regions == whole


def test_without_a_brain_there_is_nothing_to_measure():
    empty = Labels(np.zeros(GRID.shape, np.uint8), GRID, anatomy_table())
    assert brain_measures(empty) == head_measures(empty) == ()


def test_thickness_is_not_read_off_coarse_voxels():
    coarse = shells(head_table(), Grid.centred((30, 34, 29), (2.0, 2.0, 2.0)))
    assert set(values(coarse)) == {("intracranial volume", "brain")}


def test_regions_are_measured_by_their_volume_and_sides():
    regions = shells(anatomy_table(), GRID, cortex="insula_left")
    keep = [anatomy_table()[f"insula_{side}"] for side in ("left", "right")]
    data = np.where(regions.data == keep[0].index, regions.data, 0).astype(np.uint8)
    data[:5, 0, 0] = keep[1].index
    rows = {(m.name, m.structure): m.value for m in region_measures(replace_table(data, keep))}
    left = 4 / 3 * np.pi * (2.3**3 - 2**3)
    assert rows["cortical volume", "insula_left"] == pytest.approx(left, rel=0.02)
    assert rows["cortical volume", "insula_right"] == pytest.approx(5 * 0.99 / 1000)
    assert rows["asymmetry[(L-R)/mean]", "insula"] == pytest.approx(2, abs=0.01)


def replace_table(data, labels):
    return Labels(data, GRID, LabelTable(tuple(labels)))


def test_a_cortex_without_regions_is_told_and_no_cortex_is_not():
    cortex = shells(head_table(), GRID)
    (check,) = check_regions(cortex, None)
    assert check.verdict == "warn"
    (check,) = check_regions(cortex, shells(anatomy_table(), GRID, cortex="insula_left"))
    assert (check.verdict, check.value.split()[0]) == ("pass", "3")
    assert check_regions(Labels(np.zeros_like(cortex.data), GRID, head_table()), None) == ()

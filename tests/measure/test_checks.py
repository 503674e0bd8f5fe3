import numpy as np
import pytest

from anatwin.core import Grid, Labels, Volume, head_table
from anatwin.measure import check_image, check_labels

TABLE = head_table()
GRID = Grid.isotropic((60, 73, 67), 3.0)
CENTRES = {  # world mm and radii mm of a doll's head
    "skin": (0, 0, 0, 78, 95, 88),
    "bone": (0, 0, 0, 74, 91, 84),
    "csf": (0, 0, 10, 70, 86, 72),
    "cortex_left": (-34, 0, 14, 33, 80, 62),
    "cortex_right": (34, 0, 14, 33, 80, 62),
    "white_matter_left": (-31, 0, 14, 24, 60, 44),
    "white_matter_right": (31, 0, 14, 24, 60, 44),
    "cerebellum_left": (-14, -34, -50, 18, 20, 16),
    "cerebellum_right": (14, -34, -50, 18, 20, 16),
    "brain_stem": (0, -10, -36, 10, 12, 34),
    "deep_grey_left": (-18, 0, 12, 8, 14, 10),
    "deep_grey_right": (18, 0, 12, 8, 14, 10),
    "ventricle_left": (-8, 0, 20, 5, 20, 8),
    "ventricle_right": (8, 0, 20, 5, 20, 8),
    "ventricle_midline": (0, -8, -4, 3, 8, 6),
    "spinal_cord": (0, -12, -76, 6, 6, 10),
    "eye_left": (-30, 78, -10, 11, 11, 11),
    "eye_right": (30, 78, -10, 11, 11, 11),
    "air": (0, 70, -40, 10, 14, 10),
    "soft_tissue": (0, 40, -70, 30, 30, 10),
}


def doll(without=()):
    x, y, z = ((np.arange(n) - (n - 1) / 2) * 3.0 for n in GRID.shape)
    data = np.zeros(GRID.shape, np.uint8)
    for name, (*centre, a, b, c) in CENTRES.items():
        if name not in without:
            u, v, w = (x - centre[0]) / a, (y - centre[1]) / b, (z - centre[2]) / c
            inside = u[:, None, None] ** 2 + v[:, None] ** 2 + w**2 < 1
            data[inside] = TABLE[name].index
    return Labels(data, GRID, TABLE)


def cropped(labels, box):
    matrix = labels.grid.matrix
    matrix[:3, 3] = labels.grid.at(*(part.start or 0 for part in box))
    data = labels.data[box]
    return Labels(data, Grid.from_matrix(data.shape, matrix), labels.table)


def by_name(checks):
    return {check.name: check for check in checks}


def test_plausible_head_passes_every_check():
    checks = [c for c in check_labels(doll()) if not c.name.startswith("structure: ")]
    assert {check.name: check.verdict for check in checks} == dict.fromkeys(
        (
            "structures",
            "brain volume",
            "left against right",
            "brain in one piece",
            "sides",
            "orientation",
            "grey around white",
        ),
        "pass",
    )


@pytest.mark.parametrize(
    ("signs", "reason"),
    [((1, -1, -1), "top and front"), ((-1, 1, -1), "top"), ((-1, -1, 1), "front")],
)
def test_a_head_that_is_turned_in_its_scan_fails(signs, reason):
    straight = doll()
    grid = Grid.from_matrix(GRID.shape, np.diag([*signs, 1.0]) @ GRID.matrix)
    check = by_name(check_labels(Labels(straight.data, grid, TABLE)))["orientation"]
    assert check.verdict == "fail"
    assert check.reason.startswith(f"The head's {reason} is not")


def test_missing_inside_the_field_of_view_fails():
    check = by_name(check_labels(doll(without=("deep_grey_left",))))["structures"]
    assert check.verdict == "fail"
    assert check.reason == "Not found inside the field of view: deep_grey_left."
    assert check.value == "19 of 20 found"


def test_short_scan_is_told_from_a_missing_structure():
    labels = cropped(doll(), (slice(None), slice(None), slice(11, None)))
    check = by_name(check_labels(labels))["structures"]
    assert check.verdict == "warn"
    assert "Perhaps outside the field of view: spinal_cord" in check.reason
    assert "Cut off by its edge: " in check.reason
    assert "Not found" not in check.reason


def test_stripped_head_warns():
    check = by_name(check_labels(doll(without=("skin", "bone"))))["structures"]
    assert check.verdict == "warn"
    assert "bone, skin" in check.reason


@pytest.mark.parametrize(("spacing", "verdict"), [(2.9, "pass"), (3.3, "warn"), (1.8, "fail")])
def test_brain_volume_must_be_an_adults(spacing, verdict):
    labels = doll()
    scaled = Labels(labels.data, Grid.isotropic(GRID.shape, spacing), TABLE)
    assert by_name(check_labels(scaled))["brain volume"].verdict == verdict


def test_swapped_sides_fail():
    labels = doll()
    mirrored = Labels(labels.data[::-1].copy(), GRID, TABLE)
    check = by_name(check_labels(mirrored))["sides"]
    assert check.verdict == "fail"
    assert "cortex_left" in check.reason
    swapped = Labels(TABLE.mirrored().astype(np.uint8)[mirrored.data], GRID, TABLE)
    assert by_name(check_labels(swapped))["sides"].verdict == "pass"


def test_lopsided_brain_does_not_pass():
    data = doll().data.copy()
    data[30:, 34:][np.isin(data[30:, 34:], (2, 4))] = 10
    check = by_name(check_labels(Labels(data, GRID, TABLE)))["left against right"]
    assert check.verdict == "fail"


@pytest.mark.parametrize(("size", "verdict"), [(2, "pass"), (10, "warn"), (15, "fail")])
def test_islands_of_brain_do_not_pass(size, verdict):
    data = doll().data.copy()
    data[1 : 1 + size, 1 : 1 + size, 1 : 1 + size] = 1
    check = by_name(check_labels(Labels(data, GRID, TABLE)))["brain in one piece"]
    assert check.verdict == verdict
    assert "2 separate parts" in check.reason


@pytest.mark.parametrize(("level", "verdict"), [(0.05, "pass"), (0.2, "warn"), (0.4, "fail")])
def test_unsure_labels_do_not_pass(level, verdict):
    labels = doll()
    unsure = np.where(labels.data > 0, level, 0).astype(np.float16)
    check = by_name(check_labels(Labels(labels.data, GRID, TABLE, unsure)))["confidence"]
    assert check.verdict == verdict
    assert check.value == f"{1 - level:.0%}"


def test_specks_do_not_count_as_found():
    data = doll(without=("eye_left",)).data.copy()
    data[30, 70, 40] = TABLE["eye_left"].index
    check = by_name(check_labels(Labels(data, GRID, TABLE)))["structures"]
    assert check.verdict == "warn"
    assert "eye_left" in check.reason


def test_empty_map_fails_without_an_error():
    checks = check_labels(Labels(np.zeros(GRID.shape, np.uint8), GRID, TABLE))
    general = [check for check in checks if not check.name.startswith("structure: ")]
    assert [check.verdict for check in general] == ["fail", "fail"]


def image(noise, spacing=2.0, data=None):
    data = doll().data.astype(np.float32) if data is None else data
    data = data + np.random.default_rng(0).normal(0, noise, data.shape)
    return Volume(data, Grid.isotropic(data.shape, spacing))


def test_good_scan_passes():
    assert {check.verdict for check in check_image(image(0.3))} == {"pass"}


@pytest.mark.parametrize(
    ("volume", "name", "verdict"),
    [
        (image(6.0), "contrast to noise", "fail"),
        (image(0.3, spacing=2.5), "voxel size", "warn"),
        (image(0.3, spacing=1.0), "field of view", "warn"),
        (image(0.3, spacing=0.2), "field of view", "fail"),
        (image(0, data=np.zeros((40, 50, 60))), "foreground", "fail"),
        (image(0, data=np.ones((40, 50, 60))), "contrast to noise", "fail"),
    ],
)
def test_bad_scan_says_why(volume, name, verdict):
    check = by_name(check_image(volume))[name]
    assert check.verdict == verdict
    assert check.reason
    assert check.advice

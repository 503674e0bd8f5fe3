from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.acquire import (
    PATTERNS,
    Cartesian,
    CentredGaussianLines,
    FastMri,
    GaussianLines,
    PoissonDisc,
    RadialGrid,
    RandomLines,
    RandomPoints,
    Sampler,
    ScanAxes,
    SpiralGrid,
    UpperHalf,
    slice_pattern,
)
from anatwin.core import Grid, UsageError, Volume
from anatwin.ops.sampling import fill_with_discs

EXACT = [
    Cartesian,
    RandomLines,
    RandomPoints,
    GaussianLines,
    CentredGaussianLines,
    UpperHalf,
    PoissonDisc,
]
CENTRED = [Cartesian, CentredGaussianLines, UpperHalf, RadialGrid, SpiralGrid, PoissonDisc, FastMri]
ACCELERATIONS = [1, 1.5, 2, 3, 4, 6, 8]
SHAPES = [(96, 70), (61, 83)]

each_acceleration = pytest.mark.parametrize("acceleration", ACCELERATIONS)
each_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


def drawn(method: Sampler, shape: tuple[int, int]) -> np.ndarray:
    return method.pattern(shape if method.coverage == "plane" else shape[:1])


@each_shape
@each_acceleration
@pytest.mark.parametrize("make", EXACT)
def test_acceleration_is_met_to_within_one(
    make: type, acceleration: float, shape: tuple[int, int]
) -> None:
    mask = drawn(make(acceleration=acceleration, seed=3), shape)
    assert mask.dtype == np.bool_
    assert abs(mask.sum() - mask.size / acceleration) <= 0.5


@each_shape
@each_acceleration
@pytest.mark.parametrize(("make", "tolerance"), [(RadialGrid, 1 / 2), (SpiralGrid, 1 / 4)])
def test_curves_meet_it_to_within_a_part_of_one(
    make: type, tolerance: float, acceleration: float, shape: tuple[int, int]
) -> None:
    mask = drawn(make(acceleration=acceleration, seed=3), shape)
    assert mask.shape == shape
    assert abs(mask.sum() - mask.size / acceleration) <= tolerance * np.hypot(*shape)


@each_shape
@each_acceleration
@pytest.mark.parametrize("make", CENTRED)
def test_centre_is_measured(make: type, acceleration: float, shape: tuple[int, int]) -> None:
    if make is FastMri:
        acceleration = max(acceleration, 2)
    mask = drawn(make(acceleration=acceleration, seed=1), shape)
    assert mask[tuple(n // 2 for n in mask.shape)]


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_repeats_with_its_seed_and_changes_with_another(name: str) -> None:
    one, same, *others = (
        slice_pattern(PATTERNS[name](acceleration=4, seed=seed), (64, 50))
        for seed in (5, 5, 6, 7, 8, 9)
    )
    assert one.shape == (64, 50)
    assert np.array_equal(one, same)
    assert any(not np.array_equal(one, other) for other in others)


@pytest.mark.parametrize("acceleration", [4, 8])
def test_patterns_differ_from_one_another(acceleration: int) -> None:
    masks = {name: slice_pattern(PATTERNS[name](acceleration=acceleration), (128, 96))
             for name in PATTERNS}  # fmt: skip
    for one, other in combinations(masks, 2):
        assert not np.array_equal(masks[one], masks[other]), (one, other)


@pytest.mark.parametrize("name", [n for n in PATTERNS if not n.startswith("fastmri")])
def test_one_means_everything(name: str) -> None:
    mask = slice_pattern(PATTERNS[name](acceleration=1), (48, 56))
    assert mask.mean() > 0.995


@pytest.mark.parametrize("acceleration", [1.25, 1.6, 1.9])
def test_partial_fourier_covers_more_than_half_without_a_gap(acceleration: float) -> None:
    mask = UpperHalf(acceleration=acceleration).pattern((120,))
    measured = np.flatnonzero(mask)
    assert measured[-1] == len(measured) - 1 == round(120 / acceleration) - 1
    assert len(measured) > 60


@pytest.mark.parametrize("acceleration", [2, 4, 8])
def test_thinned_partial_fourier_spans_more_than_half(acceleration: float) -> None:
    mask = UpperHalf(acceleration=acceleration, calibration=12).pattern((240,))
    assert mask[114:126].all()
    assert not mask[126:].any()
    assert np.flatnonzero(mask)[0] < 40


def test_normal_densities_have_their_widths_and_floors() -> None:
    seeds, lines = range(400), 200
    distance = np.abs(np.arange(lines) - 100)
    normal = np.mean([GaussianLines(acceleration=20, width=0.1, seed=s).pattern((lines,))
                      for s in seeds], axis=0)  # fmt: skip
    spread = np.sqrt((normal * distance**2).sum() / normal.sum())
    assert spread == pytest.approx(20, rel=0.1)  # a little wider, as no line comes twice
    centred = np.mean([CentredGaussianLines(acceleration=10, seed=s).pattern((lines,))
                       for s in seeds], axis=0)  # fmt: skip
    assert centred[96:104].min() == 1
    inner, outer = centred[(distance > 5) & (distance < 10)], centred[distance > 80]
    assert outer.mean() / inner.mean() == pytest.approx(0.05 / (0.93 + 0.05), rel=0.3)
    flat = np.mean([RandomLines(acceleration=4, seed=s).pattern((lines,)) for s in seeds], axis=0)
    assert flat == pytest.approx(0.25, abs=0.11)


def test_spokes_and_spirals_are_denser_inside_and_spirals_leave_corners_out() -> None:
    radius = np.hypot(*np.meshgrid((np.arange(128) - 64) / 64, (np.arange(96) - 48) / 48,
                                   indexing="ij"))  # fmt: skip
    for make in (RadialGrid, SpiralGrid, PoissonDisc):
        mask = make(acceleration=6).pattern((128, 96))
        inner, middle, outer = (
            mask[(radius >= low) & (radius < high)].mean()
            for low, high in ((0, 0.25), (0.25, 0.5), (0.5, 0.9))
        )
        assert inner > 1.4 * middle > 1.4 * outer
    spiral = SpiralGrid(acceleration=6).pattern((128, 96))
    assert not spiral[radius > 1.05].any()
    assert np.hypot(*(np.argwhere(spiral).mean(axis=0) - (64, 48))) < 4


@settings(deadline=None, max_examples=5)
@given(st.integers(0, 1000), st.sampled_from([5.0, 8.0]))
def test_poisson_points_keep_apart(seed: int, acceleration: float) -> None:
    points = np.argwhere(PoissonDisc(acceleration=acceleration, seed=seed).pattern((72, 81)))
    uniform = np.argwhere(RandomPoints(acceleration=acceleration, seed=seed).pattern((72, 81)))
    outside = np.abs((points - (36, 40)) / (36, 40)).max(axis=1) > 0.6
    gaps = nearest(points, outside)
    assert gaps.min() > 1.5  # no two side by side
    assert gaps.mean() > 0.75 * (72 * 81 * (1 - 0.6**2) / outside.sum()) ** 0.5  # at random: half
    assert nearest(uniform, np.ones(len(uniform), bool)).min() == 1


def nearest(points: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    distance = np.linalg.norm(points[chosen][:, None] - points[None], axis=-1)
    return np.where(distance == 0, np.inf, distance).min(axis=1)


def test_discs_are_filled_from_what_is_given() -> None:
    centre = np.zeros((20, 26), bool)
    centre[9:12, 12:15] = True
    distance = np.full(centre.shape, 0.5)
    mask = fill_with_discs(centre, distance, 60, seed=2)
    assert mask.sum() == 60
    assert mask[centre].all()
    assert centre.sum() == 9  # the input stays as it was


@settings(deadline=None, max_examples=30)
@given(
    st.sampled_from(sorted(PATTERNS)), st.integers(2, 12), st.integers(16, 40), st.integers(0, 9)
)
def test_every_acceleration_of_every_matrix_measures_something(
    name: str, acceleration: int, n: int, seed: int
) -> None:
    mask = slice_pattern(PATTERNS[name](acceleration=acceleration, seed=seed), (n, n + 3))
    assert mask.shape == (n, n + 3)
    assert mask.dtype == np.bool_
    assert name.startswith("fastmri") or mask.any()


def test_planes_and_lines_lie_along_the_axes_of_the_scan() -> None:
    assert ScanAxes(1, (0,), 2).undersampled("plane") == (0, 1)
    assert ScanAxes(0, (2,), 1).undersampled("plane") == (2, 0)
    assert ScanAxes(2, (0, 1), None).undersampled("plane") == (0, 1)
    assert ScanAxes(2, (0, 1), None).undersampled("line") == (0,)
    assert ScanAxes(1, (0, 2), None).undersampled("phase") == (0, 2)
    image = np.zeros((30, 3, 24), np.float32)
    image[8:-8, :, 6:-6] = 1
    method = UpperHalf(acceleration=1.5)
    kspace = method(Volume(image, Grid.centred(image.shape, (4.0, 20.0, 4.0))))
    assert (kspace.readout_axis, kspace.slice_axis) == (0, 1)
    assert np.array_equal(kspace.mask, method.pattern((24,))[None, None])
    points = RandomPoints()
    kspace = points(Volume(image, Grid.centred(image.shape, (4.0, 20.0, 4.0))))
    assert np.array_equal(kspace.mask[:, 0], points.pattern((24, 30)).T)


@pytest.mark.parametrize("make", [*PATTERNS.values()])
@pytest.mark.parametrize("acceleration", [0.5, np.nan, np.inf, -4])
def test_impossible_accelerations_are_refused(make: type, acceleration: float) -> None:
    with pytest.raises(UsageError, match="1 or more"):
        make(acceleration=acceleration)


@pytest.mark.parametrize(
    ("make", "wrong"),
    [
        (CentredGaussianLines, {"calibration": 0}),
        (UpperHalf, {"calibration": -1}),
        (PoissonDisc, {"calibration": 0}),
        (GaussianLines, {"width": 0}),
        (SpiralGrid, {"power": 0.5}),
        (FastMri, {"center_fraction": 0.3}),
        (FastMri, {"kind": "magic", "acceleration": 2.5}),
        (FastMri, {"kind": "equispaced", "acceleration": 4.5}),
    ],
)
def test_impossible_parameters_are_refused(make: type, wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=r"must be|needs"):
        make(**wrong)

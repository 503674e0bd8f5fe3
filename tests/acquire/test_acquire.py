import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.acquire import (
    PATTERNS,
    AcquireMethod,
    Cartesian,
    FastMri,
    FullySampled,
    PoissonDisc,
    ScanAxes,
    parse_accelerate,
    scan_axes,
)
from anatwin.core import Grid, UsageError, Volume
from anatwin.phantoms import Scanner, head_ellipsoids

SLICES = Grid.centred((40, 52, 6), (5.0, 4.6, 20.0))
BLOCK = Grid.centred((40, 44, 48), (5.6, 5.6, 5.0))


def picture(grid: Grid) -> Volume:
    return Volume(head_ellipsoids().image(grid).data.astype(np.float32), grid)


@pytest.mark.parametrize(
    ("shape", "spacing", "axes"),
    [
        ((51, 51, 12), (4.1, 4.1, 15.0), ScanAxes(1, (0,), 2)),
        ((10, 50, 55), (12.0, 4.0, 4.0), ScanAxes(2, (1,), 0)),
        ((40, 48, 56), (4.0, 4.0, 4.0), ScanAxes(2, (0, 1), None)),
        ((51, 51, 51), (4.1, 4.1, 4.1), ScanAxes(2, (0, 1), None)),
        ((52, 75, 66), (3.2, 3.2, 3.2), ScanAxes(1, (0, 2), None)),
        ((80, 1, 75), (3.0, 3.0, 3.0), ScanAxes(0, (2,), 1)),
    ],
)
def test_axes_follow_from_the_grid(
    shape: tuple[int, int, int], spacing: tuple[float, float, float], axes: ScanAxes
) -> None:
    grid = Grid.centred(shape, spacing)
    middle = np.zeros(shape, np.float32)
    middle[tuple(slice(n // 4, -(n // 4) or None) for n in shape)] = 1
    assert scan_axes(Volume(middle, grid)) == axes


def test_the_axis_that_the_object_leaves_along_is_read_out() -> None:
    grid = Grid.isotropic((30, 40, 36), 5.0)
    neck = np.zeros(grid.shape, np.float32)
    neck[8:-8, 8:-8, :-8] = 1
    assert scan_axes(Volume(neck, grid)).readout == 2
    assert scan_axes(Volume(neck[..., ::-1].copy(), grid)).readout == 2


@pytest.mark.parametrize("grid", [SLICES, BLOCK], ids=["slices", "block"])
@pytest.mark.parametrize(
    "method", [FullySampled(), *(make(acceleration=3) for make in PATTERNS.values())], ids=str
)
def test_contract(grid: Grid, method: AcquireMethod) -> None:
    volume = picture(grid)
    kspace = method(volume)
    axes = scan_axes(volume)
    assert kspace.grid == grid
    assert kspace.origin == "synthetic"
    assert kspace.coils is None
    assert kspace.data.dtype == np.complex64
    assert (kspace.readout_axis, kspace.slice_axis) == (axes.readout, axes.slice_axis)
    assert not kspace.data[:, ~np.broadcast_to(kspace.mask, grid.shape)].any()
    assert np.array_equal(kspace.data, method(volume).data)
    assert np.array_equal(volume.data, picture(grid).data)


@pytest.mark.parametrize("grid", [SLICES, BLOCK], ids=["slices", "block"])
def test_a_scan_measures_its_pattern_and_the_whole_readout(grid: Grid) -> None:
    method = Cartesian(calibration=4)
    kspace = method(picture(grid))
    pattern = method.pattern(tuple(n for n in kspace.mask.shape if n > 1))
    assert np.array_equal(kspace.mask.squeeze(), pattern)
    assert kspace.mask.shape[kspace.readout_axis] == 1


def test_undersampling_leaves_the_measured_samples_nearly_alone() -> None:
    volume, quiet = picture(BLOCK), Scanner(noise=0.0)
    full, part = FullySampled(scanner=quiet)(volume), Cartesian(scanner=quiet)(volume)
    assert np.allclose(part.data, full.data * part.mask)


@settings(deadline=None, max_examples=5)
@given(st.floats(0.01, 1000))
def test_noise_scales_with_the_image(factor: float) -> None:
    volume = picture(SLICES)
    louder = Volume(volume.data * np.float32(factor), volume.grid)
    a, b = FullySampled()(volume), FullySampled()(louder)
    assert np.allclose(a.data * factor, b.data, rtol=1e-3, atol=1e-4 * factor)


def test_integer_and_complex_images_can_be_scanned() -> None:
    counts = Volume((100 * picture(SLICES).data).astype(np.int16), SLICES)
    turned = Volume(1j * picture(SLICES).data.astype(np.complex128), SLICES)
    assert FullySampled()(counts).data.dtype == FullySampled()(turned).data.dtype == np.complex64


def test_command_line_patterns() -> None:
    assert parse_accelerate("cartesian:4") == Cartesian(acceleration=4)
    assert parse_accelerate("Cartesian:2.5") == Cartesian(acceleration=2.5)
    assert parse_accelerate("poisson:8") == PoissonDisc(acceleration=8)
    assert parse_accelerate("fastmri-magic:4") == FastMri(kind="magic", acceleration=4)
    assert all(parse_accelerate(f"{name}:4").acceleration == 4 for name in PATTERNS)
    assert parse_accelerate("full") == parse_accelerate("full:1") == FullySampled()


@pytest.mark.parametrize(
    "text", ["", "4", "cartesian", "cartesian:", "cartesian:x", "full:2", "spiral:4", "full:1:1"]
)
def test_unknown_patterns_name_those_that_exist(text: str) -> None:
    with pytest.raises(UsageError, match=r"cartesian:4, or full.*poisson"):
        parse_accelerate(text)


@pytest.mark.parametrize(
    "text", ["cartesian:0.5", "cartesian:nan", "cartesian:-4", "cartesian:inf"]
)
def test_impossible_accelerations_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="1 or more"):
        parse_accelerate(text)


def test_calibration_must_be_positive() -> None:
    with pytest.raises(UsageError, match="Calibration"):
        Cartesian(calibration=0)

import numpy as np
import pytest

from anatwin.acquire.radial import Radial
from anatwin.acquire.spiral import Spiral
from anatwin.core import Grid, NonCartesian, UsageError, Volume
from anatwin.phantoms import Scanner, head_ellipsoids
from anatwin.phantoms.trajectory_scan import measure_along
from anatwin.reconstruct.gridding import Gridding
from anatwin.testing.suites import relative_error

SLICES = Grid.centred((48, 60, 3), (4.4, 4.0, 20.0))
BLOCK = Grid.centred((40, 5, 44), (5.0, 5.0, 5.0))


def picture(grid: Grid) -> Volume:
    return Volume(head_ellipsoids().image(grid, samples=2).data.astype(np.float32), grid)


@pytest.mark.parametrize("method", [Radial(), Radial(angles="uniform"), Spiral()])
def test_contract(method) -> None:
    volume = picture(SLICES)
    scan = method(volume)
    assert isinstance(scan, NonCartesian)
    assert (scan.grid, scan.slice_axis, scan.origin) == (SLICES, 2, "synthetic")
    assert scan.data.dtype == np.complex64
    np.testing.assert_array_equal(scan.data, method(volume).data)


@pytest.mark.parametrize(
    "method", [Radial(acceleration=1, angles="uniform"), Spiral(acceleration=1)]
)
def test_full_sampling_gives_the_image_back(method) -> None:
    volume = picture(SLICES)
    image = Gridding()(method(volume)).data
    assert relative_error(image, volume.data) < 0.15
    assert float(np.vdot(image, volume.data)) == pytest.approx(
        float(np.vdot(volume.data, volume.data)), rel=0.03
    )


def test_the_number_of_lines_follows_from_the_acceleration() -> None:
    volume = picture(SLICES)
    counts = [Radial(acceleration=r)(volume).data.shape[2] for r in (1, 2, 4.7)]
    assert counts == [95, 48, 20]


@pytest.mark.parametrize("calibration", [0, 12])
def test_the_windings_follow_from_the_acceleration(calibration: int) -> None:
    n, lengths = 60, []
    for acceleration in (1.0, 2.0):
        spiral = Spiral(acceleration=acceleration, calibration=calibration)
        arm = spiral(picture(SLICES)).trajectory[0] @ [1, 1j]
        turned = np.abs(np.angle(arm[2:] / arm[1:-1])).sum() / (2 * np.pi) * spiral.shots
        lengths.append(turned)
        dense = np.count_nonzero(np.abs(arm) < 6 / n)
        assert dense > 0
    assert lengths[0] / lengths[1] == pytest.approx(2, rel=0.1)
    assert lengths[0] == pytest.approx(n / 2, rel=0.1)


def test_an_isotropic_image_is_cut_into_transverse_slices() -> None:
    scan = Radial(acceleration=8)(picture(BLOCK))
    assert scan.slice_axis == 2
    assert scan.plane_shape == (40, 5)


def test_noise_has_the_scanners_strength() -> None:
    volume = picture(SLICES)
    trajectory = Radial(acceleration=6)(volume).trajectory
    noisy, still = (
        measure_along(
            volume, Scanner(n_coils=3, noise=n), trajectory, slice_axis=2, oversampling=2
        ).data
        for n in (0.1, 0.0)
    )
    bright = volume.data[volume.data > volume.data.mean() / 2].mean()
    noise = (noisy - still).real.std()
    assert noise == pytest.approx(0.1 * bright * 2**0.5, rel=0.03)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Radial(acceleration=0.5),
        lambda: Radial(angles="random"),
        lambda: Spiral(acceleration=float("nan")),
        lambda: Spiral(shots=0),
        lambda: Spiral(calibration=-1),
    ],
)
def test_refuses_what_cannot_be(make) -> None:
    with pytest.raises(UsageError):
        make()

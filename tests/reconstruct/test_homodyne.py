from dataclasses import replace

import numpy as np
import pytest

from anatwin.core import Grid, InputError, KSpace
from anatwin.phantoms import FourierCoils, head_ellipsoids
from anatwin.reconstruct import ZeroFilled
from anatwin.reconstruct.homodyne import Homodyne
from anatwin.reconstruct.pocs import Pocs
from anatwin.testing.suites import relative_error

METHODS = [Homodyne(), Pocs()]
GRIDS = {
    2: Grid.centred((64, 72, 2), (3.4, 3.3, 9.0)),
    None: Grid.centred((7, 80, 66), (26.0, 3.2, 3.5)),
}
SMOOTH = FourierCoils(
    np.array([[0, 0, 0], [1e-3, 0, 0], [0, -1e-3, 1e-3]]), np.array([[0.7, 0.3j, 0.2]])
)
"""One coil whose phase varies by more than a right angle over the head."""


def half(full, axis, share, *, low=False):
    """Return a scan whose last lines along an axis, or first ones, were not measured."""
    n = full.grid.shape[axis]
    measured = np.arange(n) >= n - round(share * n)
    measured = measured[::-1] if low else measured
    mask = measured.reshape([n if a == axis else 1 for a in range(3)])
    return replace(full, data=full.data * mask, mask=mask)


@pytest.fixture(scope="module", params=[(1, 2), (8, 2), (8, None)], ids=str)
def full(request):
    """Return a complete scan in closed form: slices without coil maps, or a block with them."""
    n_coils, axis = request.param
    coils = SMOOTH if n_coils == 1 else FourierCoils.ring(n_coils, 500.0)
    scan = head_ellipsoids().kspace(GRIDS[axis], coils=coils, slice_axis=axis)
    return scan if axis is None else replace(scan, coils=None)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("share", "low"), [(5 / 8, False), (6 / 8, True)])
def test_finds_what_the_missing_half_held(full, method, share, low):
    truth = ZeroFilled()(full).magnitude().data
    for axis in set(full.encoded_axes) - {full.readout_axis if full.slice_axis is None else None}:
        scan = half(full, axis, share, low=low)
        image = method(scan)
        assert image.data.dtype == np.complex64
        assert image.grid == scan.grid
        errors = [relative_error(np.abs(x.data), truth) for x in (image, ZeroFilled()(scan))]
        assert errors[0] < min(0.03, 0.5 * errors[1])


@pytest.mark.parametrize("method", METHODS)
def test_keeps_the_phase_of_the_object(full, method):
    expected, image = (m(s).data for m, s in [(ZeroFilled(), full), (method, half(full, 1, 0.7))])
    assert relative_error(image, expected) < 0.03


@pytest.mark.parametrize("method", METHODS)
def test_does_not_depend_on_scale_and_repeats_itself(full, method):
    scan = half(full, 1, 0.6)
    before = scan.data.copy()
    plain = method(scan).data
    np.testing.assert_array_equal(method(scan).data, plain)
    np.testing.assert_array_equal(scan.data, before)
    for factor in (np.float32(1e-3), np.float32(1e3)):
        scaled = method(replace(scan, data=scan.data * factor)).data / factor
        assert relative_error(scaled, plain) < 1e-4


@pytest.mark.parametrize("method", METHODS)
def test_does_not_depend_on_the_order_of_axes(method):
    full = head_ellipsoids().kspace(GRIDS[2], coils=FourierCoils.ring(4, 500.0), slice_axis=2)
    scan = half(full, 0, 0.65)
    turned = KSpace(
        np.ascontiguousarray(scan.data.transpose(0, 3, 1, 2)),
        scan.mask.transpose(2, 0, 1),
        Grid.isotropic((2, 64, 72), 1.0),
        readout_axis=2,
        slice_axis=0,
        coils=np.ascontiguousarray(scan.coils.transpose(0, 3, 1, 2)),
    )
    image = method(turned).data
    assert relative_error(image, method(scan).data.transpose(2, 0, 1)) < 1e-5


@pytest.mark.parametrize("method", METHODS)
def test_a_complete_scan_is_its_own_image(full, method):
    complete = ZeroFilled()(full).data
    assert relative_error(method(full).data, complete) < 1e-5


def test_homodyne_refuses_lines_left_out_elsewhere(full):
    mask = np.ones((1, full.grid.shape[1], 1), bool)
    mask[:, 1::2] = False
    mask[:, 30:50] = True
    with pytest.raises(InputError, match="lines with gaps; use Pocs or Sense"):
        Homodyne()(replace(full, data=full.data * mask, mask=mask))

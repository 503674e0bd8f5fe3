"""Laws of voxel elasticity, and a finite-element library as its reference."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from anatwin.core import InputError, QualityError, UsageError
from anatwin.ops.elasticity import (
    Elastic,
    assemble,
    diagonal,
    element_stiffness,
    rigid_modes,
    rows_reached,
    stiffness_product,
    strain_energy,
)
from anatwin.ops.elasticity_solve import descend, held, solve_elastic
from anatwin.ops.multigrid import Multigrid

SOLVERS = ("direct", "amg", "multigrid")
SHAPES = [(7, 5), (4, 5, 3)]
SPACING = (0.7, 1.1, 0.9)


def body(shape, *, seed=0, voids=0.0, poisson=0.3):
    rng = np.random.default_rng(seed)
    modulus = rng.uniform(1e3, 2e4, shape) * (rng.random(shape) >= voids)
    return Elastic(modulus, poisson, SPACING[: len(shape)])


def free_everywhere(elastic):
    return np.full(elastic.field_shape, np.nan)


def places(elastic):
    """Return the position of every node [mm], ``axis node ...``."""
    edges = [
        s * np.arange(n + 1)
        for s, n in zip(elastic.spacing_mm, elastic.modulus_kpa.shape, strict=True)
    ]
    return np.stack(np.meshgrid(*edges, indexing="ij"))


def boundary(shape):
    inner = np.zeros(shape, bool)
    inner[(slice(None), *[slice(1, -1)] * (len(shape) - 1))] = True
    return ~inner


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 99), poisson=st.floats(-0.4, 0.45))
def test_a_rigid_motion_takes_no_force(shape, seed, poisson):
    elastic = body(shape, seed=seed, voids=0.3, poisson=poisson)
    scale = diagonal(elastic).max()
    for mode in rigid_modes(elastic):
        assert np.abs(stiffness_product(elastic, mode)).max() < 1e-12 * scale * len(mode.ravel())
        assert strain_energy(elastic, mode).max() < 1e-12 * scale * mode.size


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 99))
def test_the_product_is_symmetric_and_equals_the_matrix(shape, seed):
    elastic = body(shape, seed=seed, voids=0.4)
    u, v = np.random.default_rng(seed).standard_normal((2, *elastic.field_shape))
    force = stiffness_product(elastic, u)
    matrix = assemble(elastic)
    np.testing.assert_allclose(matrix @ u.ravel(), force.ravel(), atol=1e-9)
    np.testing.assert_allclose(np.vdot(v, force), np.vdot(stiffness_product(elastic, v), u))
    np.testing.assert_allclose(matrix.diagonal(), diagonal(elastic).ravel())
    np.testing.assert_allclose(strain_energy(elastic, u).sum(), np.vdot(u, force) / 2)


@pytest.mark.parametrize("shape", SHAPES)
def test_single_precision_stays_single(shape):
    elastic = body(shape)
    u = np.random.default_rng(0).standard_normal(elastic.field_shape)
    single = stiffness_product(elastic, u.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, stiffness_product(elastic, u), atol=0.1)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("shape", [(23, 18), (9, 7, 8)])
def test_patch_test(shape, solver):
    """A uniform body whose boundary follows a linear displacement follows it inside."""
    elastic = Elastic(np.full(shape, 17e6), 0.3, SPACING[: len(shape)])
    slope = np.random.default_rng(3).standard_normal((len(shape), len(shape)))
    linear = np.tensordot(slope, places(elastic), axes=1)
    prescribed = np.where(boundary(linear.shape), linear, np.nan)
    found = solve_elastic(elastic, prescribed, solver=solver, tolerance=1e-14)
    np.testing.assert_allclose(found.displacement_mm, linear, atol=1e-12 * np.abs(linear).max())


@pytest.mark.parametrize("shape", [(12, 6), (8, 4, 6)])
def test_a_laminate_is_as_stiff_as_its_layers_in_series_and_side_by_side(shape):
    """With no Poisson effect the exact moduli are the harmonic and the arithmetic mean."""
    layers = np.where(np.arange(shape[0]) % 4 < 3, 1e4, 2.5e3)
    modulus = np.broadcast_to(layers.reshape(-1, *[1] * (len(shape) - 1)), shape)
    elastic = Elastic(modulus.copy(), 0.0, SPACING[: len(shape)])
    for axis, expected in [(0, 1 / np.mean(1 / layers)), (1, layers.mean())]:
        prescribed = free_everywhere(elastic)
        ends = np.moveaxis(prescribed, axis + 1, 1)
        ends[:, 0] = 0
        ends[axis, -1] = 0.01
        found = solve_elastic(elastic, prescribed, solver="direct")
        lengths = np.multiply(shape, elastic.spacing_mm)
        force = np.moveaxis(found.reaction_mn, axis + 1, 1)[axis, -1].sum()
        area = lengths.prod() / lengths[axis]
        np.testing.assert_allclose(force / area / (0.01 / lengths[axis]), expected, rtol=1e-10)


def manufactured(n, axes):
    """Return the error of a body whose forces are those of a known smooth displacement."""
    h = 1 / n
    elastic = Elastic(np.full((n,) * axes, 1.0), 0.3, (h,) * axes)
    x = places(elastic)
    waves = np.prod(np.sin(np.pi * x), axis=0)
    exact = np.stack([waves, *[np.zeros_like(waves)] * (axes - 1)])
    force = np.zeros_like(exact)
    nu, p = 0.3, np.pi
    shear = 1 / (2 * (1 + nu))
    bulk = 1 / (1 - nu**2) if axes == 2 else (1 - nu) / ((1 + nu) * (1 - 2 * nu))
    side = bulk - shear  # lambda + mu, of the plane or of the solid
    force[0] = p**2 * (bulk + (axes - 1) * shear) * waves
    for axis in range(1, axes):
        others = [np.sin(p * x[a]) for a in range(1, axes) if a != axis]
        force[axis] = (
            -side
            * p**2
            * np.cos(p * x[0])
            * np.cos(p * x[axis])
            * np.prod([np.ones_like(waves), *others], axis=0)
        )
    prescribed = np.where(boundary(exact.shape), exact, np.nan)
    found = solve_elastic(elastic, prescribed, force * h**axes, tolerance=1e-10)
    return np.sqrt(np.mean((found.displacement_mm - exact) ** 2))


@pytest.mark.parametrize(("axes", "sizes"), [(2, (16, 32, 64)), (3, (6, 12, 24))])
def test_a_smooth_displacement_is_found_with_order_two(axes, sizes):
    errors = [manufactured(n, axes) for n in sizes]
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert 1.9 < orders[-1] < 2.2, orders


@pytest.mark.parametrize("shape", [(6, 4), (3, 4, 2)])
def test_scikit_fem_finds_the_same_displacement(shape):
    skfem = pytest.importorskip("skfem")
    helpers = pytest.importorskip("skfem.helpers")
    elastic = body(shape, seed=5)
    edges = [s * np.arange(n + 1) for s, n in zip(elastic.spacing_mm, shape, strict=True)]
    axes = len(shape)
    if axes == 2:
        mesh = skfem.MeshQuad.init_tensor(*edges)
        basis = skfem.Basis(mesh, skfem.ElementVector(skfem.ElementQuad1()))
    else:
        mesh = skfem.MeshHex.init_tensor(*edges)
        basis = skfem.Basis(mesh, skfem.ElementVector(skfem.ElementHex1()))
    index = tuple(
        (mesh.p[:, mesh.t].mean(axis=1) / np.reshape(elastic.spacing_mm, (-1, 1))).astype(int)
    )
    modulus = elastic.modulus_kpa[index][:, None]
    nu = elastic.poisson
    shear = 1 / (2 * (1 + nu))
    first = nu / (1 - nu**2) if axes == 2 else nu / ((1 + nu) * (1 - 2 * nu))

    @skfem.BilinearForm
    def form(u, v, w):
        e, d = (helpers.sym_grad(x) for x in (u, v))
        return w.modulus * (
            2 * shear * helpers.ddot(e, d) + first * helpers.trace(e) * helpers.trace(d)
        )

    matrix = form.assemble(basis, modulus=np.broadcast_to(modulus, basis.dx.shape))
    node = tuple(np.rint(mesh.p / np.reshape(elastic.spacing_mm, (-1, 1))).astype(int))
    prescribed = free_everywhere(elastic)
    prescribed[:, 0], prescribed[1, -1] = 0, 0.02
    force = np.zeros(elastic.field_shape)
    force[0, -1] = 3.0
    expected = np.zeros(basis.N)
    load = np.zeros(basis.N)
    fixed = []
    for axis in range(axes):
        rows = basis.nodal_dofs[axis]
        values = prescribed[(axis, *node)]
        load[rows] = force[(axis, *node)]
        fixed.extend(rows[~np.isnan(values)])
        expected[rows] = np.nan_to_num(values)
    expected = skfem.solve(*skfem.condense(matrix, load, x=expected, D=np.array(fixed)))
    for solver in SOLVERS:
        found = solve_elastic(elastic, prescribed, force, solver=solver, tolerance=1e-11)
        ours = np.empty(basis.N)
        for axis in range(axes):
            ours[basis.nodal_dofs[axis]] = found.displacement_mm[(axis, *node)]
        assert np.abs(ours - expected).max() < 1e-8 * np.abs(expected).max()


@pytest.mark.parametrize("shape", [(70, 45), (13, 18, 15)])
def test_the_v_cycle_is_symmetric_and_converges_whatever_the_size_of_the_grid(shape):
    elastic = body(shape, seed=2)
    prescribed = free_everywhere(elastic)
    prescribed[:, 0] = 0
    prescribed[-1, -1] = 1e-3  # an odd number of voxels away: not on a coarse node
    free = np.isnan(prescribed)
    cycle = Multigrid(elastic, ~free)
    a, b = np.random.default_rng(4).standard_normal((2, *free.shape)) * free
    assert abs(np.vdot(a, cycle(b)) / np.vdot(b, cycle(a)) - 1) < 1e-3
    found = solve_elastic(elastic, prescribed, tolerance=1e-9)
    assert found.iterations < 25
    exact = solve_elastic(elastic, prescribed, solver="direct")
    np.testing.assert_allclose(
        found.displacement_mm, exact.displacement_mm, atol=1e-8 * np.abs(prescribed[~free]).max()
    )
    force = a.copy()
    change, steps = descend(elastic, free, force, inverse=cycle, target=0.0, iterations=3)
    assert steps == 3
    left = a - np.where(free, stiffness_product(elastic, change), 0)
    np.testing.assert_allclose(left, force, atol=1e-9)


@pytest.mark.parametrize("shape", [(11, 8), (6, 5, 7)])
def test_reactions_balance_the_forces_and_do_the_work_of_the_energy(shape):
    elastic = body(shape, seed=9)
    prescribed = free_everywhere(elastic)
    prescribed[:, 0] = 0
    force = np.zeros(elastic.field_shape)
    force[:, -1] = np.random.default_rng(1).standard_normal(force[:, -1].shape)
    found = solve_elastic(elastic, prescribed, force, tolerance=1e-11)
    for mode in rigid_modes(elastic):
        assert abs(np.vdot(mode, found.reaction_mn + force)) < 1e-6
    work = np.vdot(force, found.displacement_mm) / 2
    np.testing.assert_allclose(strain_energy(elastic, found.displacement_mm).sum(), work, rtol=1e-8)


def test_only_what_supports_hold_stays():
    modulus = np.zeros((9, 6))
    modulus[:, 1:3] = 5.0  # held at both ends
    modulus[4, 4] = 5.0  # floats
    modulus[0, 4:] = 5.0  # touches a support, but only by one roller
    prescribed = np.full((2, 10, 7), np.nan)
    prescribed[:, 0, :4] = 0
    prescribed[0, 0, 6] = 0
    kept = held(Elastic(modulus, 0.3, (1.0, 1.0)), prescribed)
    assert (kept.modulus_kpa > 0).sum() == 18
    assert kept.modulus_kpa[:, 1:3].all()
    prescribed[1] = np.nan
    with pytest.raises(InputError, match="held"):
        held(kept, prescribed)


def test_rows_reached():
    modulus = np.zeros((3, 5))
    modulus[0, 1:4], modulus[2, 4] = 1, 1
    assert rows_reached(modulus).tolist() == [[1, 4], [0, 0], [4, 5]]


def test_an_element_is_symmetric_and_positive():
    element = element_stiffness(0.3, SPACING)
    np.testing.assert_allclose(element, element.T, atol=1e-15)
    values = np.linalg.eigvalsh(element)
    assert (np.abs(values[:6]) < 1e-14).all()
    assert values[6] > 1e-3


def test_refusals():
    with pytest.raises(UsageError, match="spacing"):
        Elastic(np.ones((2, 3)), 0.3, (1.0,))
    with pytest.raises(UsageError, match="Poisson"):
        Elastic(np.ones((2, 3)), 0.5, (1.0, 1.0))
    with pytest.raises(UsageError, match="Moduli"):
        Elastic(np.array([[1.0, np.nan]]), 0.3, (1.0, 1.0))
    elastic = Elastic(np.array([[1.0, 0.0]]), 0.3, (1.0, 1.0))
    force = np.zeros(elastic.field_shape)
    force[0, 0, 2] = 1
    with pytest.raises(InputError, match="without material"):
        solve_elastic(elastic, free_everywhere(elastic), force)
    large = body((40, 60), seed=1)
    prescribed = free_everywhere(large)
    prescribed[:, 0] = 0
    force = np.zeros(large.field_shape)
    force[0, -1] = 1
    with pytest.raises(QualityError, match="unbalanced"):
        solve_elastic(large, prescribed, force, iterations=1)

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.ops.linop import CoilSampling
from anatwin.testing.laws import assert_adjoint, random_complex

shapes = st.tuples(st.integers(1, 4), st.integers(1, 15), st.integers(1, 14))
shared = st.sampled_from([(False, False), (True, False), (False, True), (True, True)])


def sampling(shape, shared_axes, seed):
    rng = np.random.default_rng(seed)
    sides = [1 if shares else n for shares, n in zip(shared_axes, shape[1:], strict=True)]
    mask = rng.random(sides) < 0.5
    return CoilSampling(random_complex(shape, seed), mask)


@settings(deadline=None, max_examples=50)
@given(shape=shapes, shared_axes=shared, seed=st.integers(0, 100))
def test_adjoint(shape, shared_axes, seed):
    assert_adjoint(sampling(shape, shared_axes, seed), shape[1:], shape)


@settings(deadline=None, max_examples=50)
@given(shape=shapes, shared_axes=shared, seed=st.integers(0, 100))
def test_normal_is_adjoint_after_forward(shape, shared_axes, seed):
    operator = sampling(shape, shared_axes, seed)
    if operator.mask.size == 1:
        operator = CoilSampling(operator.coils, np.ones((1, 1), bool))
    image = random_complex(shape[1:], seed + 7)
    expected = operator.adjoint(operator.forward(image))
    np.testing.assert_allclose(operator.normal(image), expected, atol=1e-10)


@settings(deadline=None, max_examples=20)
@given(shape=shapes, seed=st.integers(0, 100))
def test_largest_gain_bounds_the_spectrum(shape, seed):
    operator = sampling(shape, (False, False), seed)
    image = random_complex(shape[1:], seed)
    for _ in range(20):
        image = operator.normal(image)
        size = np.linalg.norm(image)
        if size == 0:
            return
        image /= size
    assert np.linalg.norm(operator.normal(image)) <= operator.largest_gain * (1 + 1e-9)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.ops.sparse_patches import (
    average_patches,
    cosine_atoms,
    cut_patches,
    learn_atoms,
    sparse_codes,
)
from anatwin.testing.laws import random_complex


def unit(atoms):
    return atoms / np.linalg.norm(atoms, axis=1, keepdims=True)


@settings(deadline=None, max_examples=10)
@given(shape=st.tuples(st.integers(4, 13), st.integers(4, 11)), side=st.integers(1, 4))
def test_the_mean_of_all_patches_is_the_image(shape, side):
    image = random_complex(shape, side)
    patches = cut_patches(image, side, np.arange(image.size))
    np.testing.assert_allclose(average_patches(patches, shape), image, atol=1e-12)


def test_patches_wrap_around():
    image = np.arange(20.0).reshape(4, 5)
    (patch,) = cut_patches(image, 2, np.array([19]))
    np.testing.assert_array_equal(patch, [19, 15, 4, 0])


def test_cosine_atoms_are_orthonormal_and_start_flat():
    atoms = cosine_atoms(5, np.dtype(np.complex64))
    np.testing.assert_allclose(atoms @ atoms.conj().T, np.eye(25), atol=1e-6)
    np.testing.assert_allclose(atoms[0], 0.2, atol=1e-6)


def pursuit(patch, atoms, sparsity, error):
    """Return the textbook's orthogonal matching pursuit of one patch, up to an error."""
    code, chosen, rest = np.zeros(len(atoms), complex), [], patch
    enough = error**2 * len(patch)
    while len(chosen) < sparsity and np.linalg.norm(rest) ** 2 > enough:
        chosen.append(int(np.argmax(np.abs(atoms.conj() @ rest))))
        weights = np.linalg.lstsq(atoms[chosen].T, patch, rcond=None)[0]
        before, rest = np.linalg.norm(rest) ** 2, patch - weights @ atoms[chosen]
        after, previous = np.linalg.norm(rest) ** 2, code
        part = 1 - np.sqrt(max(enough - after, 0) / (before - after))
        code = np.zeros(len(atoms), complex)
        code[chosen] = part * weights
        code += (1 - part) * previous
    return code


@settings(deadline=None, max_examples=20)
@given(n=st.integers(3, 17), sparsity=st.integers(1, 6), error=st.floats(0.05, 0.9))
def test_codes_are_those_of_orthogonal_matching_pursuit(n, sparsity, error):
    atoms, patches = unit(random_complex((n, 9), n)), random_complex((7, 9), sparsity)
    codes = sparse_codes(patches, atoms, sparsity=min(sparsity, n), error=error)
    expected = [pursuit(patch, atoms, min(sparsity, n), error) for patch in patches]
    np.testing.assert_allclose(codes, expected, atol=1e-8)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 1000), error=st.floats(0.05, 0.9))
def test_codes_leave_just_the_error(seed, error):
    atoms, patches = unit(random_complex((12, 9), seed)), random_complex((7, 9), seed + 1)
    codes = sparse_codes(patches, atoms, sparsity=9, error=error)
    left = np.sqrt((np.abs(patches - codes @ atoms) ** 2).mean(axis=1))
    loose = np.sqrt((np.abs(patches) ** 2).mean(axis=1)) > error
    np.testing.assert_allclose(left[loose], error, rtol=1e-9)
    assert not codes[~loose].any()


def test_an_atom_is_not_used_twice():
    atoms = unit(np.array([[1, 1j, 0], [1, 1j, 0], [0, 0, 1]]))
    codes = sparse_codes(np.array([[2, 2j, 1]]), atoms, sparsity=3, error=0.0)
    np.testing.assert_allclose(codes @ atoms, [[2, 2j, 1]], atol=1e-12)
    assert np.count_nonzero(codes) == 2


def test_finds_the_atoms_that_patches_were_made_of():
    rng = np.random.default_rng(0)
    hidden = unit(random_complex((12, 16), 3))
    codes = np.zeros((1500, 12), complex)
    for row in codes:
        row[rng.choice(12, 2, replace=False)] = rng.normal(size=2) + 1j * rng.normal(size=2)
    atoms = cosine_atoms(4, np.dtype(complex))[:12]
    for _ in range(60):
        atoms = learn_atoms(codes @ hidden, atoms, sparsity=2, error=1e-3)
    np.testing.assert_allclose(np.linalg.norm(atoms, axis=1), 1, atol=1e-9)
    agreement = np.abs(atoms.conj() @ hidden.T).max(axis=0)
    assert np.count_nonzero(agreement > 0.99) >= 10


@pytest.mark.parametrize("brightness", [0.0, 1.0])
def test_atoms_keep_their_norm_where_there_is_nothing_to_learn(brightness):
    patches = np.full((30, 9), brightness, np.complex64)
    atoms = learn_atoms(patches, cosine_atoms(3, patches.dtype), sparsity=2, error=0.01)
    assert atoms.dtype == np.complex64
    np.testing.assert_allclose(np.linalg.norm(atoms, axis=1), 1, atol=1e-5)

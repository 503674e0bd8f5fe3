"""Patches of an image as sums of few atoms, and the atoms that suit them best."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.compile import compiled

Array = NDArray[Any]


def cosine_atoms(side: int, dtype: np.dtype[Any]) -> Array:
    """Return the orthonormal cosine transform's atoms, ``atom pixel``, the flat one first."""
    waves = np.cos(np.pi / side * np.outer(np.arange(side), np.arange(side) + 0.5))
    waves /= np.linalg.norm(waves, axis=1, keepdims=True)
    return np.kron(waves, waves).astype(dtype)


def learn_atoms(patches: Array, atoms: Array, *, sparsity: int, error: float) -> Array:
    """Return atoms that represent patches better, by one round of approximate K-SVD.

    An atom that no patch uses stays as it is.

    Parameters
    ----------
    patches
        Examples, ``patch pixel``.
    atoms
        Where to start, of norm one, ``atom pixel``.
    sparsity
        Atoms per patch at most.
    error
        Root mean square error of a patch that is good enough.

    Source: Aharon et al. 2006, doi:10.1109/TSP.2006.881199; one power step for an atom instead
    of a singular value decomposition: Rubinstein et al. 2008, Technion CS-2008-08.
    """
    atoms = atoms.copy()
    codes = sparse_codes(patches, atoms, sparsity=sparsity, error=error)
    rest = patches - codes @ atoms
    for atom, code in zip(atoms, codes.T, strict=True):
        users = np.flatnonzero(code)
        if len(users):
            _update(atom, code[users], rest, users)
    return atoms


def _update(atom: Array, code: Array, rest: Array, users: NDArray[np.intp]) -> None:
    """Fit an atom, and how much of it is used, to what the others leave of its users."""
    target = rest[users] + np.outer(code, atom)
    better = code.conj() @ target
    length = np.linalg.norm(better)
    if length > 0:
        atom[:] = better / length
        rest[users] = target - np.outer(target @ atom.conj(), atom)


def sparse_codes(patches: Array, atoms: Array, *, sparsity: int, error: float) -> Array:
    """Return coefficients ``patch atom``, few of them not zero, by orthogonal matching pursuit.

    The last atom of a patch is used only as far as the error demands. So the codes do not jump
    where a rounding error decides whether one more atom is needed.

    Parameters
    ----------
    patches
        What to represent, ``patch pixel``.
    atoms
        Of norm one, ``atom pixel``.
    sparsity
        Atoms per patch at most.
    error
        Root mean square error of a patch that is left, where the sparsity allows it.

    Source: Rubinstein et al. 2008, Technion CS-2008-08.
    """
    codes = np.ascontiguousarray(patches @ atoms.conj().T)
    power = np.einsum("pn,pn->p", patches.real, patches.real)
    power += np.einsum("pn,pn->p", patches.imag, patches.imag)
    gram = np.ascontiguousarray(atoms.conj() @ atoms.T)
    enough = power.dtype.type(error**2 * patches.shape[1])
    _pursue(codes, power, gram, min(sparsity, len(atoms)), enough)
    return codes


@compiled
def _pursue(codes: Array, power: Array, gram: Array, sparsity: int, enough: float) -> None:
    """Replace correlations ``patch atom`` by sparse coefficients."""
    n = gram.shape[0]
    left, factor = np.empty(n, codes.dtype), np.zeros((sparsity, sparsity), codes.dtype)
    partial, weights = np.empty(sparsity, codes.dtype), np.empty(sparsity, codes.dtype)
    chosen = np.empty(sparsity, np.intp)
    for p in range(codes.shape[0]):
        found = codes[p]
        left[:] = found
        rest, count = power[p], 0
        while count < sparsity and rest > enough:
            best = _strongest(left)
            if not _extend(factor, gram, chosen, count, best):
                break
            value = found[best]
            for k in range(count):
                value -= factor[count, k] * partial[k]
            partial[count] = value / factor[count, count]
            gained = partial[count].real ** 2 + partial[count].imag ** 2
            rest -= gained
            if rest < enough:
                partial[count] *= 1 - np.sqrt((enough - rest) / gained)
            count += 1
            _back_substitute(factor, partial, count, weights)
            left[:] = found
            for k in range(count):
                for m in range(n):
                    left[m] -= gram[m, chosen[k]] * weights[k]
        found[:] = 0
        for k in range(count):
            found[chosen[k]] = weights[k]


@compiled
def _strongest(values: Array) -> int:
    """Return the first of the values of largest magnitude."""
    best, largest = 0, values[0].real ** 2 + values[0].imag ** 2
    for k in range(1, values.shape[0]):
        size = values[k].real ** 2 + values[k].imag ** 2
        if size > largest:
            best, largest = k, size
    return best


@compiled
def _extend(factor: Array, gram: Array, chosen: Array, count: int, atom: int) -> bool:
    """Add an atom to the Cholesky factor, unless it is a combination of those chosen."""
    diagonal = gram[atom, atom].real
    for row in range(count):
        value = np.conj(gram[chosen[row], atom])
        for k in range(row):
            value -= factor[count, k] * np.conj(factor[row, k])
        factor[count, row] = value / factor[row, row]
        diagonal -= factor[count, row].real ** 2 + factor[count, row].imag ** 2
    if diagonal < 1e-5:
        return False
    factor[count, count] = np.sqrt(diagonal)
    chosen[count] = atom
    return True


@compiled
def _back_substitute(factor: Array, partial: Array, count: int, weights: Array) -> None:
    for row in range(count - 1, -1, -1):
        value = partial[row]
        for k in range(row + 1, count):
            value -= np.conj(factor[k, row]) * weights[k]
        weights[row] = value / factor[row, row]


def cut_patches(image: Array, side: int, starts: NDArray[np.intp]) -> Array:
    """Return square patches ``patch pixel`` of an image that goes on at its other edge.

    Parameters
    ----------
    image
        ``row column``.
    side
        Of a patch [pixels].
    starts
        First pixels, as indices into the flattened image.
    """
    patches = np.empty((len(starts), side * side), image.dtype)
    _cut(image, side, starts, patches)
    return patches


@compiled
def _cut(image: Array, side: int, starts: Array, patches: Array) -> None:
    rows, columns = image.shape
    for p in range(starts.shape[0]):
        row, column = starts[p] // columns, starts[p] % columns
        for i in range(side):
            for j in range(side):
                patches[p, i * side + j] = image[(row + i) % rows, (column + j) % columns]


def average_patches(patches: Array, shape: tuple[int, int]) -> Array:
    """Return the image ``row column`` whose pixels are the means of all patches over them.

    Parameters
    ----------
    patches
        One at every pixel in order, ``patch pixel``.
    shape
        Rows and columns.
    """
    image = np.zeros(shape, patches.dtype)
    side = round(patches.shape[1] ** 0.5)
    _paste(patches, side, image)
    image /= side * side
    return image


@compiled
def _paste(patches: Array, side: int, image: Array) -> None:
    rows, columns = image.shape
    for p in range(patches.shape[0]):
        row, column = p // columns, p % columns
        for i in range(side):
            for j in range(side):
                image[(row + i) % rows, (column + j) % columns] += patches[p, i * side + j]

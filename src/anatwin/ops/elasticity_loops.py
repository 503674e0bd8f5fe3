"""The loops of voxel elasticity, compiled: forces of bilinear and trilinear elements.

A field on nodes is ``axis node node`` or ``axis node node node``. Every loop gathers the force of
one row of nodes from the elements around it, so that rows can be computed in any order. The
stiffness of one element at unit modulus is a matrix over (node, axis), nodes in C order. A body is
its moduli, that matrix, and for every row the first element with material and the one past the
last.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.compile import compiled

Array = NDArray[Any]
Body = tuple[Array, Array, Array]
System = tuple[Array, Array, Any]


@compiled
def plane_force(body: Body, u: Array, out: Array) -> None:
    """Fill ``out`` with the force of a displacement of plane elements."""
    force = np.empty((2, u.shape[2]), u.dtype)
    for i in range(u.shape[1]):
        _plane_row(body, u, i, force)
        for c in range(2):
            out[c, i] = force[c]


@compiled
def solid_force(body: Body, u: Array, out: Array) -> None:
    """Fill ``out`` with the force of a displacement of solid elements."""
    force = np.empty((3, u.shape[3]), u.dtype)
    work = np.empty(u.shape[3], u.dtype)
    for i in range(u.shape[1]):
        for j in range(u.shape[2]):
            _solid_row(body, u, (i, j), work, force)
            for c in range(3):
                out[c, i, j] = force[c]


@compiled
def plane_sweep(
    body: Body,
    system: System,
    u: Array,
    out: Array,
) -> None:
    """Fill ``out`` with one Jacobi step of plane elements: ``u + weight scale (load - force)``."""
    load, scale, weight = system
    force = np.empty((2, u.shape[2]), u.dtype)
    for i in range(u.shape[1]):
        _plane_row(body, u, i, force)
        for c in range(2):
            _step(u[c, i], force[c], load[c, i], scale[c, i], weight, out[c, i])


@compiled
def solid_sweep(
    body: Body,
    system: System,
    u: Array,
    out: Array,
) -> None:
    """Fill ``out`` with one Jacobi step of solid elements."""
    load, scale, weight = system
    force = np.empty((3, u.shape[3]), u.dtype)
    work = np.empty(u.shape[3], u.dtype)
    for i in range(u.shape[1]):
        for j in range(u.shape[2]):
            _solid_row(body, u, (i, j), work, force)
            for c in range(3):
                _step(u[c, i, j], force[c], load[c, i, j], scale[c, i, j], weight, out[c, i, j])


@compiled
def stencil_force(stencil: Array, offsets: Array, u: Array, out: Array) -> None:
    """Fill ``out`` with the force of assembled nodes, ``axis i j k``.

    ``stencil`` is ``neighbour axis axis i j k``; ``offsets`` names the neighbours.
    """
    force = np.empty((u.shape[0], u.shape[3]), u.dtype)
    for i in range(u.shape[1]):
        for j in range(u.shape[2]):
            _stencil_row(stencil, offsets, u, (i, j), force)
            for c in range(u.shape[0]):
                out[c, i, j] = force[c]


@compiled
def stencil_sweep(stencil: Array, offsets: Array, system: System, u: Array, out: Array) -> None:
    """Fill ``out`` with one Jacobi step of assembled nodes."""
    load, scale, weight = system
    force = np.empty((u.shape[0], u.shape[3]), u.dtype)
    for i in range(u.shape[1]):
        for j in range(u.shape[2]):
            _stencil_row(stencil, offsets, u, (i, j), force)
            for c in range(u.shape[0]):
                _step(u[c, i, j], force[c], load[c, i, j], scale[c, i, j], weight, out[c, i, j])


@compiled
def plane_energy(modulus: Array, element: Array, u: Array, out: Array) -> None:
    """Fill ``out`` with the energy of plane elements, ``i j``."""
    for i in range(modulus.shape[0]):
        out[i] = 0
        near, far = (u[0, i], u[1, i]), (u[0, i + 1], u[1, i + 1])
        for a in range(2):
            for b in range(2):
                for c in range(2):
                    row, own = element[2 * (2 * a + b) + c], u[c, i + a][b:]
                    _plane_work(modulus[i], near, far, (row, own), out[i])


@compiled
def solid_energy(modulus: Array, element: Array, u: Array, out: Array) -> None:
    """Fill ``out`` with the energy of solid elements, ``i j k``."""
    total = np.empty(modulus.shape[2], u.dtype)
    for i in range(modulus.shape[0]):
        for j in range(modulus.shape[1]):
            out[i, j] = 0
            for a in range(2):
                for b in range(2):
                    for d in range(2):
                        for c in range(3):
                            row = element[3 * (4 * a + 2 * b + d) + c]
                            _solid_sum(u, (i, j, 0), row, total)
                            _add_work(modulus[i, j], total, u[c, i + a, j + b][d:], out[i, j])


@compiled
def _add_work(stiff: Array, force: Array, own: Array, out: Array) -> None:
    for k in range(stiff.size):
        out[k] += 0.5 * stiff[k] * force[k] * own[k]


@compiled
def _plane_work(
    stiff: Array,
    near: tuple[Array, Array],
    far: tuple[Array, Array],
    force: tuple[Array, Array],
    out: Array,
) -> None:
    x0, y0, x1, y1 = near[0], near[1], far[0], far[1]
    row, own = force
    w0, w1, w2, w3, w4, w5, w6, w7 = (
        row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7],
    )  # fmt: skip
    for j in range(stiff.size):
        out[j] += 0.5 * stiff[j] * own[j] * (
            w0 * x0[j] + w1 * y0[j] + w2 * x0[j + 1] + w3 * y0[j + 1]
            + w4 * x1[j] + w5 * y1[j] + w6 * x1[j + 1] + w7 * y1[j + 1]
        )  # fmt: skip


@compiled
def _step(u: Array, force: Array, load: Array, scale: Array, weight: float, out: Array) -> None:
    for k in range(u.size):
        out[k] = u[k] + weight * scale[k] * (load[k] - force[k])


@compiled
def _plane_row(body: Body, u: Array, i: int, out: Array) -> None:
    """Sum the forces of the two rows of elements that share a row of nodes."""
    modulus, element, reach = body
    out[:] = 0
    for a in range(2):
        e = i - a
        if e < 0 or e >= modulus.shape[0]:
            continue
        first, end = reach[e, 0], reach[e, 1]
        stiff = modulus[e][first:end]
        near = (u[0, e][first : end + 1], u[1, e][first : end + 1])
        far = (u[0, e + 1][first : end + 1], u[1, e + 1][first : end + 1])
        for b in range(2):
            for c in range(2):
                row = element[2 * (2 * a + b) + c]
                _plane_add(stiff, near, far, row, out[c][first + b : end + b])


@compiled
def _plane_add(
    stiff: Array, near: tuple[Array, Array], far: tuple[Array, Array], row: Array, out: Array
) -> None:
    x0, y0, x1, y1 = near[0], near[1], far[0], far[1]
    w0, w1, w2, w3, w4, w5, w6, w7 = (
        row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7],
    )  # fmt: skip
    for j in range(stiff.size):
        out[j] += stiff[j] * (
            w0 * x0[j] + w1 * y0[j] + w2 * x0[j + 1] + w3 * y0[j + 1]
            + w4 * x1[j] + w5 * y1[j] + w6 * x1[j + 1] + w7 * y1[j + 1]
        )  # fmt: skip


@compiled
def _solid_row(
    body: Body,
    u: Array,
    place: tuple[int, int],
    work: Array,
    out: Array,
) -> None:
    """Sum the forces of the four rows of elements that share a row of nodes."""
    modulus, element, reach = body
    out[:] = 0
    for a in range(2):
        for b in range(2):
            e, f = place[0] - a, place[1] - b
            if e < 0 or f < 0 or e >= modulus.shape[0] or f >= modulus.shape[1]:
                continue
            first, end = reach[e, f, 0], reach[e, f, 1]
            if first >= end:
                continue
            stiff = modulus[e, f][first:end]
            for d in range(2):
                for c in range(3):
                    row = element[3 * (4 * a + 2 * b + d) + c]
                    total = work[: stiff.size]
                    _solid_sum(u, (e, f, first), row, total)
                    _add_product(stiff, total, out[c][first + d : end + d])


@compiled
def _solid_sum(u: Array, place: tuple[int, int, int], row: Array, total: Array) -> None:
    """Fill ``total`` with one row of the element's stiffness times its displacements."""
    e, f, first = place
    end = first + total.size + 1
    total[:] = 0
    for c in range(3):
        for a in range(2):
            near, far = u[c, e + a, f][first:end], u[c, e + a, f + 1][first:end]
            w0, w1 = row[12 * a + c], row[12 * a + 3 + c]
            w2, w3 = row[12 * a + 6 + c], row[12 * a + 9 + c]
            for k in range(total.size):
                total[k] += w0 * near[k] + w1 * near[k + 1] + w2 * far[k] + w3 * far[k + 1]


@compiled
def _add_product(a: Array, b: Array, out: Array) -> None:
    for k in range(a.size):
        out[k] += a[k] * b[k]


@compiled
def _stencil_row(
    stencil: Array, offsets: Array, u: Array, place: tuple[int, int], out: Array
) -> None:
    """Sum the forces of the neighbours of a row of nodes."""
    out[:] = 0
    i, j = place
    axes, rows, columns, width = u.shape
    for n in range(offsets.shape[0]):
        e, f, shift = i + offsets[n, 0], j + offsets[n, 1], offsets[n, 2]
        if e < 0 or f < 0 or e >= rows or f >= columns:
            continue
        start, stop = max(0, -shift), min(width, width - shift)
        for c in range(axes):
            target = out[c][start:stop]
            for d in range(axes):
                source = u[d, e, f][start + shift : stop + shift]
                weights = stencil[n, c, d, i, j][start:stop]
                for k in range(target.size):
                    target[k] += weights[k] * source[k]

"""What a coarse image of a loaded bone tells: how much bone, and how it is strained."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Body, GeometryError
from anatwin.ops.blocks import block_mean
from anatwin.ops.elasticity import Elastic
from anatwin.ops.elasticity_solve import solve_elastic

Array = NDArray[np.float64]

CHANNELS = 9
_POWER = 2.0
_LEAST_MODULUS = 1e-5
_DECADES = 4.0


def coarse_channels(body: Body, factor: int) -> Array:
    """Return what a network may know of every block, ``channel i j``.

    The share of bone; the share of the block that lies inside the outline; the logarithm of the
    squared strain; and the six different elements of the strain's outer product with itself,
    relative to the squared strain. Strains are those of the coarse image under the body's loads,
    and their products are summed over the load cases, so that neither the number of cases nor
    their signs matter.

    Parameters
    ----------
    body
        A plane whose densities, in blocks, are what was measured; where they are 0 is outside.
    factor
        Pixels along the edge of a block.

    Raises
    ------
    GeometryError
        If the body is not a plane of whole blocks.
    """
    share, room = _blocks(body, factor)
    strain = coarse_strains(body, factor)
    weights = np.array(body.weights)[:, None, None]
    pairs = [(a, b) for a in range(3) for b in range(a, 3)]
    products = np.stack([(weights * strain[:, a] * strain[:, b]).sum(axis=0) for a, b in pairs])
    square = products[0] + products[3] + products[5]
    typical = np.median(square[room > 0])
    size = np.log10(np.maximum(square / typical, 10.0**-_DECADES)).clip(max=_DECADES)
    parts = products / np.maximum(square, 1e-30)
    return np.stack([share, room, size, *parts]) * (room > 0)


def coarse_strains(body: Body, factor: int) -> Array:
    """Return the strain of the coarse image in every block, ``case xx-yy-xy i j``.

    The shear is scaled by the root of 2, so that the sum of squares does not depend on the axes;
    all are multiplied by the block's edge [mm].

    Parameters
    ----------
    body, factor
        As for ``coarse_channels``.

    Raises
    ------
    GeometryError
        If the body is not a plane of whole blocks.
    """
    share, room = _blocks(body, factor)
    return _strains(_displacements(body, share, factor, room > 0))


def _blocks(body: Body, factor: int) -> tuple[Array, Array]:
    """Return the share of every block that is bone and that lies inside."""
    if len(body.cells) != 2:
        raise GeometryError(f"Expected a plane, one voxel along k, got {body.grid.shape}.")
    density = body.density[..., 0].astype(np.float64)
    return block_mean(density, factor), block_mean(density > 0, factor)


def _displacements(body: Body, share: Array, factor: int, inside: NDArray[np.bool_]) -> Array:
    """Return the displacement [mm] of the coarse image under every load, ``case axis i+1 j+1``."""
    modulus = np.where(inside, np.maximum(share, 0.02) ** _POWER, 0) + _LEAST_MODULUS
    spacing = tuple(factor * edge for edge in body.spacing_mm)
    elastic = Elastic(modulus * body.modulus_kpa, body.poisson, spacing)
    held = np.where(body.fixed[:, ::factor, ::factor], 0.0, np.nan)
    loads = (_gathered(load, factor) for load in body.forces_mn)
    return np.stack(
        [solve_elastic(elastic, held, f, solver="direct").displacement_mm for f in loads]
    )


def _gathered(forces: Array, factor: int) -> Array:
    """Return fine nodes' forces on the corners of the blocks that hold them."""
    nodes = [(n - 1) // factor + 1 for n in forces.shape[1:]]
    out = np.zeros((2, *nodes))
    axis, i, j = np.nonzero(forces)
    values = forces[axis, i, j]
    for corner in product((0, 1), repeat=2):
        places, weight = [], values.copy()
        for n, high in zip((i, j), corner, strict=True):
            part = n % factor / factor
            places.append(n // factor + (high if high == 0 else (n % factor > 0)))
            weight *= part if high else 1 - part
        np.add.at(out, (axis, *places), weight)
    return out


def _strains(displacement: Array) -> Array:
    """Return the strain at every block's centre, of displacements on the corners."""
    along = np.diff(displacement, axis=2)
    along = (along[..., 1:] + along[..., :-1]) / 2
    across = np.diff(displacement, axis=3)
    across = (across[:, :, 1:] + across[:, :, :-1]) / 2
    shear = (across[:, 0] + along[:, 1]) / np.sqrt(2)
    return np.stack([along[:, 0], across[:, 1], shear], axis=1)

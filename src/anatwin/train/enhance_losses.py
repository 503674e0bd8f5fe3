"""What the networks that enhance bone minimise."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from anatwin.core import UsageError
from anatwin.ops.apparent import kinematic_fields
from anatwin.ops.elasticity import Elastic, strain_energy
from anatwin.train.enhance_data import EnhanceBatch
from anatwin.train.enhance_network import EnhanceNetwork, keep_shares

_POISSON, _POWER, _LEAST_MODULUS = 0.3, 3.0, 1e-3
_COARSER = 2
_TOLERANCE = 0.01
_DEPTH = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class EnhanceLoss:
    """The loss of a training.

    Parameters
    ----------
    kind
        ``shares``: the cross-entropy of densities that keep every block's share; ``l1``, ``l2``:
        the published network's mean absolute or squared error.
    stiffness, connectivity
        Weights of ``stiffness_error`` and ``broken_skeleton`` of those densities, beside it.

    Raises
    ------
    UsageError
        If a weight is negative, or goes with a loss that knows no densities.
    """

    kind: Literal["shares", "l1", "l2"] = "shares"
    stiffness: float = 0.0
    connectivity: float = 0.0

    def __post_init__(self) -> None:
        weights = (self.stiffness, self.connectivity)
        if min(weights) < 0 or (self.kind != "shares" and max(weights) > 0):
            raise UsageError(
                "The weights of stiffness and connectivity must be 0 or more, and go with the loss "
                f"'shares' alone, got {weights} and '{self.kind}'."
            )

    def __call__(self, model: EnhanceNetwork, windows: EnhanceBatch) -> Tensor:
        """Return the mean error of the pixels inside, or with ``l1`` and ``l2`` of all."""
        logits = model(windows.channels)
        if self.kind != "shares":
            difference = logits + 0.5 - windows.bone  # linear, so that no pixel saturates
            return difference.abs().mean() if self.kind == "l1" else difference.square().mean()
        # The true shares: the measured ones have noise that no pattern could explain.
        share = functional.avg_pool2d(windows.bone, logits.shape[-1] // windows.channels.shape[-1])
        kept = keep_shares(logits, share, windows.inside)
        errors = functional.binary_cross_entropy_with_logits(kept, windows.bone, reduction="none")
        loss = (errors * windows.inside).sum() / windows.inside.sum()
        density = kept.sigmoid() * windows.inside
        if self.stiffness:
            loss = loss + self.stiffness * stiffness_error(density, windows.bone)
        if self.connectivity:
            loss = loss + self.connectivity * broken_skeleton(density, windows.bone)
        return loss


def stiffness_error(density: Tensor, bone: Tensor) -> Tensor:
    """Return the mean squared logarithm of how many times too stiff windows are.

    Finite elements of two by two pixels, with a modulus that goes as the cube of density, find
    the energy of windows whose edges follow unit strains (KUBC). It is 0 at the truth, and a
    strut that is cut anywhere costs what it carried.

    Parameters
    ----------
    density, bone
        Found and true, ``n 1 i j``.
    """
    found, true = (_Energies.apply(_moduli(x)) for x in (density, bone))  # type: ignore[no-untyped-call]
    return (found / true).log().square().mean()


def broken_skeleton(density: Tensor, bone: Tensor) -> Tensor:
    """Return how much of the skeletons of either image lies outside the other (soft clDice).

    0 at the truth; a cut or a false bridge counts by its length, however thin it is.

    Source: Shit et al. 2021, doi:10.1109/CVPR46437.2021.01629.

    Parameters
    ----------
    density, bone
        Found and true, ``n 1 i j``.
    """
    found, true = _skeleton(density), _skeleton(bone)
    precise = (found * bone).sum() / found.sum().clamp(min=1e-6)
    complete = (true * density).sum() / true.sum().clamp(min=1e-6)
    return 1 - 2 * precise * complete / (precise + complete).clamp(min=1e-6)


def _moduli(density: Tensor) -> Tensor:
    """Return the moduli of elements of several pixels, ``n i j``."""
    coarse = functional.avg_pool2d(density, _COARSER)[:, 0]
    return _LEAST_MODULUS + (1 - _LEAST_MODULUS) * coarse**_POWER


class _Energies(torch.autograd.Function):
    """Energy of every window under unit strains, ``n strain``, of its moduli, ``n i j``.

    Displacements are at rest, so that the energy's slope needs no change of theirs.
    """

    @staticmethod
    def forward(ctx: Any, moduli: Tensor) -> Tensor:  # noqa: ANN401 - torch has no type for it
        found = np.stack([_unit_energies(window) for window in moduli.detach().numpy()])
        slopes = torch.from_numpy(found).to(moduli.dtype)
        ctx.save_for_backward(slopes)
        return torch.einsum("nij,nsij->ns", moduli, slopes)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Tensor:  # noqa: ANN401
        (slopes,) = ctx.saved_tensors
        return torch.einsum("ns,nsij->nij", upstream, slopes)


def _unit_energies(moduli: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the energy per modulus of every element under unit strains, ``strain i j``."""
    spacing = (1.0, 1.0)
    elastic = Elastic(moduli.astype(np.float64), _POISSON, spacing)
    _, fields = kinematic_fields(elastic, tolerance=_TOLERANCE)
    unit = Elastic(np.ones(moduli.shape), _POISSON, spacing)
    return np.stack([strain_energy(unit, field) for field in fields])


def _skeleton(image: Tensor) -> Tensor:
    """Return the skeleton of what is not much thicker than twice the depth."""
    skeleton = functional.relu(image - _grown(_shrunk(image)))
    for _ in range(_DEPTH):
        image = _shrunk(image)
        ridge = functional.relu(image - _grown(_shrunk(image)))
        skeleton = skeleton + functional.relu(ridge - skeleton * ridge)
    return skeleton


def _shrunk(image: Tensor) -> Tensor:
    along = -functional.max_pool2d(-image, (3, 1), 1, (1, 0))
    across = -functional.max_pool2d(-image, (1, 3), 1, (0, 1))
    return torch.minimum(along, across)


def _grown(image: Tensor) -> Tensor:
    return functional.max_pool2d(image, 3, 1, 1)

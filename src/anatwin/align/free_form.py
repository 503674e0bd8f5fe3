"""What is left after a rigid motion: a smooth bend."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from anatwin.align.rigid import simple_itk, to_itk
from anatwin.core import Bend, QualityError, Transform, UsageError, Volume

if TYPE_CHECKING:
    from anatwin.align.stack import Stack

_POINTS = 64
"""Points along the longest edge of the lattice on which the scans are compared."""
_SAMPLING = 0.2
"""Share of its points that are compared."""
_SHARE = 0.5
"""Share of the disagreement that a bend may leave; interpolation alone leaves more than 0.8."""


@dataclass(frozen=True, kw_only=True)
class FreeForm:
    """Bend one scan onto another that is already aligned rigidly, with SimpleITK.

    Cubic B-splines on a coarse lattice move until the correlation is largest where both scans have
    seen something. Each scan is blurred along the other's slice direction first, so that
    differences of their slices are not taken for a bend; a bend that does not halve the
    disagreement of the scans is none. Needs the extra 'align'.

    References: Rueckert et al. 1999, doi:10.1109/42.796284.
    """

    lattice_mm: float = 40.0
    """Distance of the lattice's points: smaller bends are not followed."""
    iterations: int = 15
    """Steps at each of two resolutions."""

    def __post_init__(self) -> None:
        if not self.lattice_mm > 0 or self.iterations < 1:
            raise UsageError("FreeForm needs a lattice above 0 mm and 1 iteration or more.")

    def __call__(self, moving: Volume, fixed: Volume, start: Transform) -> Bend:
        """Return how the fixed scan bends before ``start`` carries it onto the moving one.

        Raises
        ------
        QualityError
            If a scan is empty, or they do not resemble each other where ``start`` lays them.
        MissingPartError
            If SimpleITK is not installed.
        """
        from anatwin.align.stack import Stack

        sitk = simple_itk()
        one, other = Stack.of(fixed), Stack.of(moving)
        spacing = float(max(one.edges_mm.max(), other.edges_mm.max()) / _POINTS)
        turn = start.matrix[:3, :3]
        seen = one.crossed(spacing, turn.T @ other.normal, other.distance_mm / 2)
        sought = other.crossed(spacing, turn @ one.normal, one.distance_mm / 2)
        images = [to_itk(sitk, volume) for volume in (seen, sought)]
        mesh = [max(int(n), 1) for n in np.rint(one.edges_mm / self.lattice_mm)]
        spline = sitk.BSplineTransformInitializer(images[0], mesh)
        method = self._registration(sitk, spline, images)
        rigid = sitk.AffineTransform(3)
        rigid.SetMatrix(turn.ravel().tolist())
        rigid.SetTranslation(start.matrix[:3, 3].tolist())
        method.SetMovingInitialTransform(rigid)
        before = method.MetricEvaluate(*images)  # minus the correlation
        if not before < 0:
            raise QualityError("The scans do not resemble each other; align them rigidly first.")
        method.Execute(*images)
        is_bent = 1 + method.GetMetricValue() < _SHARE * (1 + before)
        return _bend(spline if is_bent else sitk.Transform(3, sitk.sitkIdentity), one)

    def _registration(self, sitk: Any, spline: Any, images: list[Any]) -> Any:  # noqa: ANN401
        """Return the configured registration."""
        method = sitk.ImageRegistrationMethod()
        method.SetNumberOfThreads(1)  # several add up in another order every time
        method.SetMetricAsCorrelation()
        method.SetMetricSamplingStrategy(method.RANDOM)
        method.SetMetricSamplingPercentage(_SAMPLING, 1)
        method.SetMetricFixedMask(_shown(sitk, images[0]))
        method.SetMetricMovingMask(_shown(sitk, images[1]))
        method.SetInterpolator(sitk.sitkLinear)
        method.SetOptimizerAsLBFGSB(
            gradientConvergenceTolerance=1e-6, numberOfIterations=self.iterations
        )
        method.SetShrinkFactorsPerLevel([2, 1])
        method.SetSmoothingSigmasPerLevel([1.0, 0.0])
        method.SetInitialTransform(spline, inPlace=True)
        return method


def _shown(sitk: Any, image: Any) -> Any:  # noqa: ANN401
    return sitk.Cast(image > 0, sitk.sitkUInt8)


def _bend(found: Any, stack: "Stack") -> Bend:  # noqa: ANN401
    """Return SimpleITK's transform as ours, sampled finely enough to interpolate linearly."""
    grid = stack.lattice(float(stack.edges_mm.max() / 24))
    index = np.indices(grid.shape).reshape(3, -1)
    points = (grid.matrix[:3, :3] @ index).T + grid.matrix[:3, 3]
    moved = np.array([found.TransformPoint(point) for point in points.tolist()])
    return Bend(grid, (moved - points).reshape(*grid.shape, 3).astype(np.float32))

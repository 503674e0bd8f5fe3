"""Rigid registration."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from anatwin.core import MissingPartError, QualityError, Transform, UsageError, Volume

_BINS = 32
_LEVELS = (4, 2, 1)


@dataclass(frozen=True, kw_only=True)
class Rigid:
    """Turn and shift one scan onto another, whatever their contrasts.

    Maximises mutual information from coarse to fine, with SimpleITK; needs the extra 'align'.

    References: Mattes et al. 2003, doi:10.1109/TMI.2003.809072.
    """

    iterations: int = 100
    """Steps at each of three resolutions."""
    sampling: float = 0.3
    """Share of voxels that are compared at each step."""
    seed: int = 0
    """Which voxels are drawn."""

    def __post_init__(self) -> None:
        if self.iterations < 1:
            raise UsageError(f"Rigid.iterations must be 1 or more, got {self.iterations}.")
        if not 0 < self.sampling <= 1:
            raise UsageError(f"Rigid.sampling must be above 0, up to 1, got {self.sampling}.")

    def __call__(self, moving: Volume, fixed: Volume) -> Transform:
        """Return the transform from the fixed volume to the moving one.

        Raises
        ------
        QualityError
            If the volumes do not overlap.
        MissingPartError
            If SimpleITK is not installed.
        """
        sitk = simple_itk()
        images = [to_itk(sitk, volume) for volume in (fixed, moving)]
        centred = sitk.CenteredTransformInitializerFilter.MOMENTS
        try:
            start = sitk.CenteredTransformInitializer(*images, sitk.Euler3DTransform(), centred)
            found = self._registration(sitk, start).Execute(*images)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise QualityError(
                f"The scans could not be aligned: {reason}. Do they show the same anatomy?"
            ) from error
        return from_itk(found)

    def _registration(self, sitk: Any, start: Any) -> Any:  # noqa: ANN401
        """Return the configured registration."""
        method = sitk.ImageRegistrationMethod()
        method.SetNumberOfThreads(1)  # several add up in another order every time
        method.SetMetricAsMattesMutualInformation(_BINS)
        method.SetMetricSamplingStrategy(method.RANDOM)
        method.SetMetricSamplingPercentage(self.sampling, self.seed + 1)
        method.SetInterpolator(sitk.sitkLinear)
        method.SetOptimizerAsRegularStepGradientDescent(
            learningRate=1.0, minStep=1e-4, numberOfIterations=self.iterations
        )
        method.SetOptimizerScalesFromPhysicalShift()
        method.SetShrinkFactorsPerLevel(_LEVELS)
        method.SetSmoothingSigmasPerLevel([level / 2 for level in _LEVELS])
        method.SetInitialTransform(start, inPlace=False)
        return method


def simple_itk() -> Any:  # noqa: ANN401
    """Return the library, or say how to get it."""
    try:
        import SimpleITK
    except ImportError as error:
        raise MissingPartError(
            "Registration needs SimpleITK: pip install 'anatwin[align]'."
        ) from error
    return SimpleITK


def to_itk(sitk: Any, volume: Volume) -> Any:  # noqa: ANN401
    """Return a volume as SimpleITK's image, its world RAS+ as ours."""
    image = sitk.GetImageFromArray(volume.magnitude().data.astype(np.float32).transpose(2, 1, 0))
    spacing = np.array(volume.grid.spacing_mm)
    image.SetSpacing(spacing.tolist())
    u, _, v = np.linalg.svd(volume.grid.matrix[:3, :3] / spacing)
    image.SetDirection((u @ v).ravel().tolist())
    image.SetOrigin(volume.grid.at(0, 0, 0))
    return image


def from_itk(found: Any) -> Transform:  # noqa: ANN401
    """Return SimpleITK's transform as ours."""
    origin = np.array(found.TransformPoint((0.0, 0.0, 0.0)))
    matrix = np.eye(4)
    matrix[:3, 3] = origin
    for axis in range(3):
        unit = [0.0, 0.0, 0.0]
        unit[axis] = 1.0
        matrix[:3, axis] = np.array(found.TransformPoint(unit)) - origin
    return Transform.from_matrix(matrix)

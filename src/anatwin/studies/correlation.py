"""Registration as SuperMask's baselines used it: correlation, from centre on centre of mass."""

import numpy as np

from anatwin.align.rigid import from_itk, simple_itk, to_itk
from anatwin.core import Grid, Transform, Volume

_VOXEL_MM = 2.0


def correlated(moving: Volume, fixed: Volume) -> Transform:
    """Return the transform from the fixed to the moving scan by gradient descent on correlation.

    Slices are repeated to cubic voxels of 2 mm, descent ends where the value changes by less than
    1e-6. Where SimpleITK gives up, the centres of mass lie on each other.

    Raises
    ------
    MissingPartError
        If SimpleITK is not installed.
    """
    sitk = simple_itk()
    sitk.ProcessObject.SetGlobalWarningDisplay(False)  # noqa: FBT003 - scans that drift apart
    images = [to_itk(sitk, repeated(volume)) for volume in (fixed, moving)]
    centred = sitk.CenteredTransformInitializerFilter.MOMENTS
    start = sitk.CenteredTransformInitializer(*images, sitk.Euler3DTransform(), centred)
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)
    method.SetMetricAsCorrelation()
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(0.05, 1)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsGradientDescent(1.0, 100, 1e-6, 10)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([4, 2, 1])
    method.SetSmoothingSigmasPerLevel([2, 1, 0])
    method.SetInitialTransform(start, inPlace=False)
    try:
        return from_itk(method.Execute(*images))
    except RuntimeError:
        return from_itk(start)


def repeated(volume: Volume) -> Volume:
    """Return a scan on cubic voxels, each with the value of the nearest of its own."""
    spacing = np.array(volume.grid.spacing_mm)
    shape = np.maximum(np.rint(np.array(volume.grid.shape) * spacing / _VOXEL_MM).astype(int), 1)
    data = volume.magnitude().data
    for axis, (n, step) in enumerate(zip(shape, spacing, strict=True)):
        at = ((np.arange(n) + 0.5) * _VOXEL_MM / step - 0.5).round().astype(int)
        data = np.take(data, np.clip(at, 0, data.shape[axis] - 1), axis=axis)
    matrix = volume.grid.matrix
    matrix[:3, :3] *= _VOXEL_MM / spacing
    matrix[:3, 3] = volume.grid.at(*((_VOXEL_MM / spacing - 1) / 2))
    return Volume(data, Grid.from_matrix(shape, matrix, volume.grid.frame))

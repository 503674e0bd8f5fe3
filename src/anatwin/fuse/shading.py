"""The shading that all views of one person share."""

from anatwin.core import InputError, Labels, Volume

_RIM_MM = 4.5
"""Values this near to the border of the structures mix with what lies beyond."""


def evened(image: Volume, labels: Labels) -> Volume:
    """Return an image without the smooth shading that its histogram gives away.

    ``SuperResolution`` makes views equally bright, but what dims the same place in all of them
    stays. It is found inside the structures, some millimetres from their border, as the smooth
    factor, a polynomial of second order in its logarithm, that makes their histogram sharpest.

    Parameters
    ----------
    image
        0 or more.
    labels
        Structures of several tissues, such as the brain, on the image's grid.

    Raises
    ------
    InputError
        If nothing lies deep enough inside the structures.
    """
    from scipy.ndimage import distance_transform_edt

    from anatwin.ops.shading import least_entropy_factor

    image.grid.require_match(labels.grid, "An image and its labels")
    depth = distance_transform_edt(labels.data > 0, sampling=image.grid.spacing_mm)
    inside = (depth > _RIM_MM) & (image.data > 0)
    if not inside.any():
        raise InputError(
            f"Shading is found {_RIM_MM:g} mm inside the mask and deeper; nothing of the image "
            "lies there."
        )
    factor = least_entropy_factor(image.data, inside)
    return Volume(image.data * factor.astype(image.data.dtype), image.grid)

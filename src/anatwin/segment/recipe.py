"""What a trained network expects of an image: shared by training and by running it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, InputError, Label, LabelTable, Volume
from anatwin.ops.morphology import Box, bounding_box
from anatwin.segment.lattice import Lattice

Scaling = Literal["z-score", "z-score of the non-zero", "fixed", "percentiles"]

_DARK = 0.01
"""Values up to this share of the brightest are background."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One kind of image, and how its values are scaled.

    Parameters
    ----------
    name
        For example T1.
    scaling
        ``z-score``: each image's own mean becomes 0 and its standard deviation 1; or that of its
        voxels that are not zero. ``fixed``: values have a meaning, as in CT; they are clipped to
        ``low`` and ``high``, and scaled by ``mean`` and ``deviation``. ``percentiles``: of what is
        not dark in each image, percentile ``low`` becomes 0, percentile ``high`` 1, and all
        beyond is clipped.
    low, high, mean, deviation
        But for ``percentiles``: 0.5 and 99.5 percentile, mean and standard deviation inside the
        training cases' structures.
    """

    name: str
    scaling: Scaling
    low: float
    high: float
    mean: float
    deviation: float

    def scale(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the scaled image.

        Raises
        ------
        InputError
            If all its values are the same.
        """
        if image.min() == image.max():
            raise InputError(
                f"The {self.name} image has the same value everywhere; there is nothing to segment."
            )
        zero, unit = self.mean, self.deviation
        if self.scaling == "percentiles":
            bright = _is_bright(image)
            seen = image[bright] if bright.any() else image
            zero, high = (float(np.percentile(seen, n)) for n in (self.low, self.high))
            image, unit = np.clip(image, zero, high), high - zero
        elif self.scaling == "fixed":
            image = np.clip(image, self.low, self.high)
        else:
            seen = image if self.scaling == "z-score" else image[image != 0]
            zero, unit = float(seen.mean(dtype=np.float64)), float(seen.std(dtype=np.float64))
        return ((image - zero) / max(unit, 1e-8)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How images become a network's input, and what its output means.

    Parameters
    ----------
    channels
        Images, in the network's order.
    table
        Structures; a score's number is a structure's index.
    spacing_mm
        Edges of the network's voxels to the right, to the front and upwards [mm]; of views within
        the slices, then across them.
    patch
        Voxels that the network sees at once; a view is seen whole, with zeros at its ends that
        make its edges multiples of these.
    is_of_views
        Whether it was trained on stacks of slices of any direction, cut to what is not dark.
    """

    channels: tuple[Channel, ...]
    table: LabelTable
    spacing_mm: tuple[float, float, float]
    patch: tuple[int, int, int]
    is_of_views: bool = False

    def box(self, volume: Volume) -> Box | None:
        """Return the part of a scan that the network sees, or None for all of it."""
        return bright_box(volume.magnitude().data) if self.is_of_views else None

    def lattice(self, grid: Grid, box: Box | None = None) -> Lattice:
        """Return the network's lattice over a scan, or over a part of it."""
        return Lattice.of(grid, self.spacing_mm, box=box, slices_last=self.is_of_views)

    def window(self, shape: Sequence[int]) -> tuple[int, int, int]:
        """Return how much of a lattice the network sees at once."""
        if not self.is_of_views:
            return self.patch
        i, j, k = shape
        return (i, j, k)

    def prepare(self, volumes: Sequence[Volume], lattice: Lattice) -> NDArray[np.float32]:
        """Return the network's input, ``channel i j k``, of one volume per channel.

        Raises
        ------
        GeometryError
            If the volumes do not lie on one grid.
        InputError
            If there are not as many volumes as channels, or one has the same value everywhere.
        """
        if len(volumes) != len(self.channels):
            names = ", ".join(channel.name for channel in self.channels)
            raise InputError(
                f"The network needs {len(self.channels)} images ({names}), got {len(volumes)}."
            )
        for volume in volumes:
            volumes[0].grid.require_match(volume.grid, "The images of one person")
        pairs = zip(self.channels, volumes, strict=True)
        return np.stack([c.scale(lattice.sample(v.magnitude().data)) for c, v in pairs])

    def to_json(self) -> str:
        """Return the recipe as text, for a network's own metadata."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the recipe that ``to_json`` wrote.

        Raises
        ------
        InputError
            If the text is no recipe.
        """
        try:
            return cls._from_fields(json.loads(text))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"a recipe that cannot be read ({error!r}).") from error

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Self:
        rows = [row | {"colour": tuple(row["colour"])} for row in fields["table"]["labels"]]
        i, j, k = (int(n) for n in fields["patch"])
        x, y, z = (float(n) for n in fields["spacing_mm"])
        channels = tuple(Channel(**channel) for channel in fields["channels"])
        table = LabelTable(tuple(Label(**row) for row in rows))
        is_of_views = bool(fields.get("is_of_views", False))  # older recipes do not say it
        return cls(channels, table, (x, y, z), (i, j, k), is_of_views)


def bright_box(data: NDArray[Any]) -> Box:
    """Return the smallest box that holds all that is not dark; all of it where nothing is."""
    i, j, k = (slice(0, n) for n in data.shape)
    return bounding_box(_is_bright(data)) or (i, j, k)


def _is_bright(data: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray(data > _DARK * data.max())

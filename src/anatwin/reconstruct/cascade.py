"""The deep cascade of convolutional networks."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError, KSpace, Volume
from anatwin.nets import Device, Network, find, load
from anatwin.reconstruct.espirit import Espirit
from anatwin.reconstruct.planes import Plane, reconstruct_planes
from anatwin.reconstruct.sharing import SharedSamples

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Cascade:
    """Deep cascade of convolutional networks, with data consistency after every network.

    Small networks clean the image in turn, and after each the measured samples are put back. The
    networks that come with the package were trained on many kinds of sampling from 2x to 10x; the
    samples of several coils are combined with their sensitivities.

    References: Schlemper et al. 2018, doi:10.1109/TMI.2017.2760978.
    """

    model: Path | None = None
    """Networks of one's own (cascade.onnx of anatwin train reconstruct), instead of the packaged
    ones."""
    device: Device = "auto"
    """Where the networks run; auto takes a graphics card where onnxruntime finds one."""
    espirit: Espirit = field(default_factory=Espirit)
    """How coil maps are estimated where the scan brings none."""

    def __call__(self, kspace: KSpace) -> Volume:
        """Return the complex image of a scan.

        Raises
        ------
        InputError
            If the file of networks is none, or the centre of k-space is not sampled enough.
        """
        networks = Networks.open(self.model or find("cascade"), device=self.device)

        reach = networks.neighbours
        neighbours = SharedSamples.of(kspace, reach) if reach else None

        def solve(plane: Plane) -> Array:
            shared = neighbours.samples(plane.index) if neighbours else ()
            return networks.image(plane, self.espirit.maps(plane), shared=shared)

        return Volume(reconstruct_planes(kspace, solve), kspace.grid)


@dataclass(frozen=True, eq=False, slots=True)
class Networks:
    """The networks of a cascade, and what happens between them.

    Parameters
    ----------
    network
        All of them: image after image in, image after image out.
    names
        Of the networks in the order of their use.
    trust
        How far the image is moved to the samples of a single coil after every network.
    coil_trust
        The same for several coils.
    multiple
        Number that rows and columns must be multiples of.
    coil_steps
        Steps of data consistency with several coils.
    neighbours
        Slices on either side whose samples are shared.
    """

    network: Network
    names: tuple[str, ...]
    trust: tuple[float, ...]
    coil_trust: tuple[float, ...]
    multiple: int
    coil_steps: int
    neighbours: int

    @classmethod
    def open(cls, path: Path, *, device: Device = "auto") -> Self:
        """Return the networks in a file; slices share the cores, so each uses one.

        Raises
        ------
        InputError
            If it holds no cascade.
        """
        network = load(path, device=device, threads=1)
        if "trust" not in (about := network.about):
            raise InputError(
                f"{path} is not a cascade: give the cascade.onnx of 'anatwin train reconstruct'."
            )
        names = tuple(about["networks"].split())
        trust, coil_trust = (tuple(json.loads(about[x])) for x in ("trust", "coil_trust"))
        numbers = (int(about[x]) for x in ("multiple", "coil_steps", "neighbours"))
        return cls(network, names, trust, coil_trust, *numbers)

    def image(self, plane: Plane, coils: Array, *, shared: Sequence[Array] = ()) -> Array:
        """Return the image ``row column`` of a slice.

        Parameters
        ----------
        plane
            What was measured.
        coils
            Sensitivities ``coil row column``.
        shared
            Samples ``coil row column`` that were filled from neighbouring slices.
        """
        from anatwin.ops.data_consistency import DataConsistency
        from anatwin.ops.linop import CoilSampling

        sampling = CoilSampling(coils, plane.mask)
        consistent = DataConsistency(sampling, sampling.adjoint(plane.samples), self.coil_steps)
        image = consistent.zero_filled()
        everywhere = CoilSampling(coils, np.ones((1, 1), np.bool_))
        more = [everywhere.adjoint(samples) / everywhere.weight for samples in shared]
        trusts = self.trust if len(coils) == 1 else self.coil_trust
        for name, trust in zip(self.names, trusts, strict=True):
            image = consistent(self.refine([image, *more], name), trust)
        return image

    def refine(self, images: Sequence[Array], name: str) -> Array:
        """Return what one network makes of the first of some complex images ``row column``."""
        (rows, columns), n = images[0].shape, self.multiple
        padded = np.zeros((1, 2 * len(images), rows + -rows % n, columns + -columns % n), "f4")
        channels = padded[0, :, :rows, :columns]
        channels[0::2], channels[1::2] = np.real(images), np.imag(images)
        # onnxruntime runs every network whichever output is asked for: the others get one block.
        least = np.zeros((1, 2 * len(images), n, n), np.float32)
        feed = {f"image_{other}": padded if other == name else least for other in set(self.names)}
        real, imaginary = self.network.run(feed, f"refined_{name}")[0, :, :rows, :columns]
        refined = np.empty_like(images[0])
        refined.real, refined.imag = real, imaginary
        return refined

"""Label a scan with networks that ``anatwin train segment`` made of a user's own data."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError, Labels, UsageError, Volume
from anatwin.nets import Device, Network, load
from anatwin.ops.patches import Scores, blend_windows, gaussian, softmax
from anatwin.ops.resample import Matrix
from anatwin.segment.recipe import Recipe

NETWORK = "network.onnx"
"""Name of the file of a trained network."""

RECIPE = "recipe"
"""Entry of its metadata that says how images become its input."""


@dataclass(frozen=True, kw_only=True)
class TrainedNetwork:
    """Label a scan with networks of your own, made by 'anatwin train segment' or 'train views'.

    The scan is seen at the network's voxel size, its axes turned to right, anterior and superior;
    by a network for views with its slices last, whichever way they lie, and at once.
    Windows are blended with Gaussian weights (Isensee et al. 2021,
    doi:10.1038/s41592-020-01008-z) and labelled slab by slab on the scan's own voxels. Several
    networks, one of each fold, are averaged.
    """

    model: Path
    """Folder that the training made (all its networks are averaged), or one network.onnx."""

    others: tuple[Path, ...] = ()
    """Images of the same person on the same grid, where the network needs several: the scan is
    the first channel, these are the others, in the order of the training."""

    mirror: bool = True
    """Label the mirror image too and average: twice the time, a little better."""

    overlap: float = 0.5
    """Least overlap of neighbouring windows, as a share of the window."""

    device: Device = "auto"
    """Where the network runs; auto takes a graphics card where onnxruntime finds one."""

    threads: int = 0
    """Processor threads; 0 uses every core."""

    def __post_init__(self) -> None:
        if not 0 <= self.overlap <= 0.75:
            raise UsageError(f"overlap must be 0 to 0.75, got {self.overlap}.")
        if self.threads < 0:
            raise UsageError(f"threads must be 0 or more, got {self.threads}.")

    def files(self) -> tuple[Path, ...]:
        """Return the files that the labels depend on, besides the scan."""
        return (*self.networks(), *(Path(path) for path in self.others))

    def networks(self) -> tuple[Path, ...]:
        """Return the networks' files.

        Raises
        ------
        InputError
            If there is none.
        """
        model = Path(self.model)
        found = (model,) if model.is_file() else tuple(sorted(model.rglob(NETWORK)))
        if not found:
            raise InputError(f"{model} must be or hold a {NETWORK} that 'anatwin train' made.")
        return found

    def __call__(self, volume: Volume) -> Labels:
        """Return the labels of ``volume`` on its own grid."""
        from anatwin.io.nifti import read_volume

        return self.label([volume, *(read_volume(Path(path)) for path in self.others)])

    def label(self, volumes: Sequence[Volume]) -> Labels:
        """Return the labels of one volume per channel, on their grid."""
        from anatwin.segment.argmax import label_slabs  # numba: only when it runs

        grid = volumes[0].grid
        ensemble = _Ensemble.open(self.networks(), self)
        recipe = ensemble.recipe
        lattice = recipe.lattice(grid, recipe.box(volumes[0]))
        image = recipe.prepare(volumes, lattice)
        window = recipe.window(image.shape[1:])
        image, before = _pad(image, window)
        i, j, k = (round(self.overlap * edge) for edge in window)
        predict = partial(ensemble, side=lattice.side)
        slabs = blend_windows(image, predict, window, overlap=(i, j, k), profile=gaussian)
        labels = np.zeros(grid.shape, np.uint8)
        uncertainty = np.zeros(grid.shape, np.float16)
        back = _shift(lattice.back, before, image.shape[1:])
        label_slabs(slabs, back, lattice.view(labels), lattice.view(uncertainty))
        return Labels(labels, grid, recipe.table, uncertainty)


@dataclass(frozen=True, eq=False, slots=True)
class _Ensemble:
    """Probability of every structure in a window, the mean over networks and mirror images."""

    networks: tuple[Network, ...]
    recipe: Recipe
    mirror: bool

    @classmethod
    def open(cls, files: tuple[Path, ...], method: TrainedNetwork) -> "_Ensemble":
        networks = [load(path, device=method.device, threads=method.threads) for path in files]
        for path, network in zip(files, networks, strict=True):
            if RECIPE not in network.about:
                raise InputError(
                    f"{path} does not say how images become its input; "
                    "only networks of 'anatwin train segment' and 'train views' do."
                )
        recipes = {Recipe.from_json(network.about[RECIPE]) for network in networks}
        if len(recipes) > 1:
            raise InputError(
                f"{method.model} holds networks of different plans; name one {NETWORK}."
            )
        return cls(tuple(networks), recipes.pop(), method.mirror)

    def __call__(self, window: NDArray[np.float32], *, side: int) -> Scores:
        """Return the probabilities of a window whose axis ``side`` lies between left and right."""
        swap = self.recipe.table.mirrored()
        total = np.zeros((len(swap), *window.shape[1:]), np.float32)
        for network in self.networks:
            total += self._probabilities(network, window)
            if self.mirror:
                mirrored = self._probabilities(network, np.flip(window, 1 + side))
                total += np.flip(mirrored[swap], 1 + side)
        total /= len(self.networks) * (2 if self.mirror else 1)
        return total

    def _probabilities(self, network: Network, window: NDArray[np.float32]) -> Scores:
        """Return what the network says of one window, ``channel i j k``."""
        i, j, k = window.shape[1:]
        missing = [(0, -n % step) for n, step in zip((i, j, k), self.recipe.patch, strict=True)]
        return softmax(network(np.pad(window, [(0, 0), *missing])[None])[0][:, :i, :j, :k])


def _pad(
    image: NDArray[np.float32], patch: tuple[int, int, int]
) -> tuple[NDArray[np.float32], tuple[int, ...]]:
    """Return the image with zeros around it, at least a patch wide, and how many lie before it."""
    missing = [max(0, p - n) for p, n in zip(patch, image.shape[1:], strict=True)]
    before = tuple(n // 2 for n in missing)
    around = [(0, 0), *((b, n - b) for b, n in zip(before, missing, strict=True))]
    return np.pad(image, around), before


def _shift(
    matrices: tuple[Matrix, ...], before: tuple[int, ...], shape: tuple[int, ...]
) -> list[Matrix]:
    """Return the matrices from the padded lattice to the scan."""
    return [
        np.pad(matrix, ((0, 0), (b, n - b - matrix.shape[1])))
        for matrix, b, n in zip(matrices, before, shape, strict=True)
    ]

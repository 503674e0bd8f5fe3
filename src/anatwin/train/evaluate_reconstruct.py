"""How good reconstructions of a held-out person's slices are: the tables of the model card.

Slices of a magnitude image get a smooth random phase and are undersampled by Gaussian lines with
eight lines in the middle, a pattern of its own for every slice: single-coil, complex synthetic
k-space without added noise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, KSpace, Volume, track
from anatwin.measure.quality import image_quality, ssim
from anatwin.measure.samples import mean_interval, paired_p
from anatwin.ops.fourier import fft
from anatwin.reconstruct import Reconstructor, ZeroFilled
from anatwin.train.augmentation import smooth_phase
from anatwin.train.masks import gaussian_lines


@dataclass(frozen=True, slots=True)
class Score:
    """One method at one acceleration.

    Parameters
    ----------
    method
        Its name.
    acceleration
        Lines over measured lines.
    psnr_db
        PSNR[volume, max(reference)].
    ssim
        SSIM[7 uniform, volume max], mean over slices.
    slice_psnr_db
        PSNR of every slice, with the volume's maximum as range.
    """

    method: str
    acceleration: float
    psnr_db: float
    ssim: float
    slice_psnr_db: tuple[float, ...]


def undersampled(
    slices: NDArray[np.float32], acceleration: float, *, seed: int = 0
) -> tuple[KSpace, Volume]:
    """Return the k-space of slices, undersampled along columns, and the complex truth.

    Parameters
    ----------
    slices
        Magnitudes ``row column slice``.
    acceleration
        Lines over measured lines.
    seed
        Of the phases and the patterns.
    """
    rows, columns, count = slices.shape
    rng = np.random.default_rng(seed)
    phase = np.stack([smooth_phase((rows, columns), rng) for _ in range(count)], 2)
    truth = (slices * np.exp(1j * phase)).astype(np.complex64)
    lines = [gaussian_lines(columns, acceleration, seed=seed + n) for n in range(count)]
    mask = np.repeat(np.stack(lines, 1)[None], rows, 0)
    grid = Grid.centred(slices.shape, (1.0, 1.0, 4.0))
    data = (fft(truth, (0, 1)) * mask)[None].astype(np.complex64)
    return KSpace(data, mask, grid, slice_axis=2, origin="synthetic"), Volume(truth, grid)


def evaluate(
    slices: NDArray[np.float32],
    methods: Mapping[str, Reconstructor],
    *,
    accelerations: Sequence[float] = (4, 8),
    seed: int = 0,
) -> list[Score]:
    """Return the scores of methods, the zero-filled image first at every acceleration."""
    scores = []
    for acceleration in accelerations:
        kspace, truth = undersampled(slices, acceleration, seed=seed)
        everyone: dict[str, Reconstructor] = {"zero-filled": ZeroFilled(), **methods}
        for name, method in track(list(everyone.items()), f"{acceleration:g}x"):
            scores.append(_score(name, acceleration, method(kspace), truth))
    return scores


def _score(name: str, acceleration: float, image: Volume, truth: Volume) -> Score:
    psnr = image_quality(image, truth, slice_axis=2)[0].value
    ours, reference = image.magnitude().data, truth.magnitude().data
    errors = ((ours.astype(np.float64) - reference) ** 2).mean((0, 1))
    each = 10 * np.log10(float(reference.max()) ** 2 / errors)
    return Score(name, acceleration, psnr, ssim(ours, reference, axis=2), tuple(each.tolist()))


def comparison(scores: Sequence[Score], method: str) -> str:
    """Return a Markdown table of all scores, and of how far one method is above each.

    The gain is the mean over slices with its 95 % confidence interval (Student's t), and p that
    of Wilcoxon's signed-rank test on the slices.
    """
    lines = [
        f"| acceleration | method | n | PSNR [dB] | SSIM | gain of {method} [dB] | 95 % CI | p |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for score in scores:
        ours = next(
            s for s in scores if s.method == method and s.acceleration == score.acceleration
        )
        start = (
            f"| {score.acceleration:g}x | {score.method} | {len(score.slice_psnr_db)} "
            f"| {score.psnr_db:.2f} | {score.ssim:.3f} "
        )
        lines.append(start + (_gain(ours, score) if score is not ours else "| | | |"))
    return "\n".join(lines)


def _gain(ours: Score, other: Score) -> str:
    gains = np.subtract(ours.slice_psnr_db, other.slice_psnr_db).tolist()
    mean, low, high = mean_interval(gains)
    p = paired_p(ours.slice_psnr_db, other.slice_psnr_db)
    return f"| {mean:.2f} | {low:.2f} to {high:.2f} | {p:.2g} |"

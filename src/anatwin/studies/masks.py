"""What every sampling pattern costs: the head-twin paper's Table 2, Figures 6 and 7, Table 5."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Literal

from anatwin.acquire import PATTERNS, FullySampled
from anatwin.core import InputError, KSpace, UsageError, Volume, track
from anatwin.measure.quality import image_quality
from anatwin.phantoms.scanner import Scanner
from anatwin.reconstruct import (
    Cascade,
    DictionaryLearning,
    LowRank,
    Reconstructor,
    RootSumOfSquares,
    TotalVariation,
    Wavelet,
)
from anatwin.studies.findings import Figure, Findings
from anatwin.studies.mask_figures import draw_patterns, draw_reconstructions
from anatwin.studies.mask_tables import (
    REMARKS,
    Draw,
    Trial,
    describe,
    gain_table,
    paper_table,
    pattern_table,
    quality_table,
    ring_table,
)
from anatwin.studies.slices import middle_slices, read_volumes

MethodName = Literal[
    "zero-filled", "wavelet", "total-variation", "low-rank", "dictionary", "cascade"
]
METHODS: dict[MethodName, Reconstructor] = {
    "zero-filled": RootSumOfSquares(),
    "wavelet": Wavelet(iterations=100),
    "total-variation": TotalVariation(iterations=100),
    "low-rank": LowRank(),
    "dictionary": DictionaryLearning(),
    "cascade": Cascade(),
}


@dataclass(frozen=True, kw_only=True)
class Masks:
    """Sampling patterns side by side: what acceleration costs with each.

    Slices of real images are scanned by simulation (one coil, smooth phase), with every pattern
    drawn anew for every seed, and reconstructed by every method. Reports PSNR and SSIM with 95 %
    confidence intervals, point-spread functions, error maps and the energy that each pattern
    captures in rings of k-space, beside the tables of the head-twin paper.
    """

    patterns: tuple[str, ...] = tuple(PATTERNS)
    """Patterns, by short name."""
    accelerations: tuple[float, ...] = (4.0, 8.0)
    """Accelerations that are asked of each."""
    methods: tuple[MethodName, ...] = ("zero-filled", "wavelet", "cascade")
    """Reconstructions, by short name; low-rank and dictionary take long."""
    seeds: int = 20
    """Draws of every pattern; each meets the next slice."""
    slices: int = 10
    """Slices from the middle of every image."""
    noise: float = 0.0
    """Standard deviation of added noise over the object's mean."""

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.patterns) - set(PATTERNS)):
            raise UsageError(f"No pattern {unknown}. Patterns: {', '.join(PATTERNS)}.")
        if self.seeds < 2 or self.slices < 1:
            raise UsageError(
                f"Masks needs 2 seeds and 1 slice or more, got {self.seeds} and {self.slices}."
            )

    def __call__(self, inputs: tuple[Path, ...]) -> Findings:
        """Run the study on images.

        Raises
        ------
        InputError
            If an input is no image.
        """
        slices = [s for volume in read_volumes(inputs) for s in middle_slices(volume, self.slices)]
        jobs = [
            (pattern, factor, seed)
            for pattern in self.patterns
            for factor in self.accelerations
            for seed in range(self.seeds)
        ]
        complete = [
            FullySampled(scanner=self._scanner(seed))(slices[seed % len(slices)])
            for seed in range(self.seeds)
        ]
        drawn: list[Draw] = []
        trials: list[Trial] = []
        for pattern, factor, seed in track(jobs, "scans"):
            truth = slices[seed % len(slices)]
            scan = self._scan(truth, pattern, factor, seed)
            drawn.append(describe(pattern, factor, scan, complete[seed]))
            trials += self._trials(truth, scan, drawn[-1])
        names = ", ".join(path.name for path in inputs)
        basis = f"synthetic k-space of {names}: {len(slices)} slices, one coil, smooth phase"
        return Findings(
            "What acceleration costs, pattern by pattern",
            basis,
            REMARKS,
            (
                quality_table(trials, basis),
                gain_table(trials),
                paper_table(trials),
                pattern_table(drawn),
                ring_table(drawn),
            ),
            (draw_patterns(drawn), *self._pictures(slices[len(slices) // 2])),
        )

    def _scan(self, truth: Volume, pattern: str, factor: float, seed: int) -> KSpace:
        """Return one scan of a slice."""
        method = PATTERNS[pattern]
        return method(acceleration=factor, seed=seed, scanner=self._scanner(seed))(truth)

    def _scanner(self, seed: int) -> Scanner:
        """Return the receive chain of one scan."""
        return Scanner(n_coils=1, noise=self.noise, seed=seed)

    def _trials(self, truth: Volume, scan: KSpace, draw: Draw) -> Iterator[Trial]:
        """Yield how well every method reconstructs a scan; NaN where it refuses it."""
        for method in self.methods:
            try:
                image = METHODS[method](scan).magnitude()
                psnr, ssim = (
                    m.value for m in image_quality(image, truth, slice_axis=scan.slice_axis)[:2]
                )
            except InputError:
                psnr = ssim = nan
            yield Trial(draw, method, psnr, ssim)

    def _pictures(self, truth: Volume) -> Iterator[Figure]:
        """Yield the images and errors of every pattern, one figure per acceleration."""
        for factor in self.accelerations:
            scans = [(p, self._scan(truth, p, factor, 0)) for p in self.patterns]
            images: dict[tuple[str, str], Volume] = {
                (pattern, method): METHODS[method](scan).magnitude()
                for pattern, scan in track(scans, f"pictures at {factor:g}x")
                for method in self.methods
            }
            caption = (
                f"Images at {factor:g}x and, below each, the magnitude of its error, from 0 "
                "(black) to a fifth of the slice's maximum."
            )
            yield draw_reconstructions(images, truth, name=f"images_{factor:g}x", caption=caption)

"""The same image? Classical methods beside SigPy and bart on the same k-space and coil maps.

Prints Markdown: the distance of our SENSE, wavelet and total variation images from each peer's,
first at the same objective, then as shipped; and what GRAPPA and partial Fourier gain over
zero-filling. See README.md for what is compared and how.

    python benchmarks/agreement.py
"""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from reconstruct import SIGPY_GRID, Anatwin, Bart, brightness, coil_images, nrmse, raw_brain

from anatwin.core import Grid, KSpace
from anatwin.ops.fourier import fft
from anatwin.ops.gradient import Gradient
from anatwin.ops.linop import CoilSampling
from anatwin.ops.solve import fista
from anatwin.ops.wavelet import WaveletTransform
from anatwin.phantoms import head_ellipsoids
from anatwin.phantoms.coils import coil_ring
from anatwin.phantoms.sampling import variable_density
from anatwin.reconstruct import RootSumOfSquares, Sense, Wavelet, ZeroFilled
from anatwin.reconstruct.grappa import Grappa
from anatwin.reconstruct.homodyne import Homodyne
from anatwin.reconstruct.pocs import Pocs
from anatwin.reconstruct.total_variation import TotalVariation

STRENGTHS = (0.002, 0.007)
STEPS = 30
BART_GRID = 1  # the shift that puts our wavelet grid where bart's has its own
BART_LEVELS = 4


class Comparison:
    """One k-space, our coil maps for everyone, all images in units of typical brightness."""

    def __init__(self, samples: np.ndarray, folder: Path) -> None:
        tool = Anatwin(samples)
        self.unit = np.float32(brightness(samples))
        self.samples, self.maps = samples / self.unit, tool.maps()
        self.scan = replace(tool.scan, coils=self.maps[..., None])
        self.support = self.maps.any(axis=0)
        self.mask = np.abs(samples).sum(axis=0) > 0
        self.sampling = CoilSampling(self.maps, self.mask)
        self.peer = Bart(samples, folder)
        self.peer.write("s", self.maps)

    def ours(self, method: Callable[[KSpace], object]) -> np.ndarray:
        return method(self.scan).data[..., 0] / self.unit

    def parts(self, shrink: Callable[[np.ndarray, int], np.ndarray], steps: int) -> np.ndarray:
        """Minimise another objective with our operators."""
        seen = self.sampling.adjoint(self.samples)
        return fista(
            lambda x: self.sampling.normal(x) - seen, shrink, seen, iterations=steps, gain=1.0
        )

    def sigpy(self, name: str, *arguments: object, **options: object) -> np.ndarray:
        import sigpy.mri.app

        app = getattr(sigpy.mri.app, name)
        return app(self.samples, self.maps, *arguments, show_pbar=False, **options).run()

    def sigpy_isotropic(self, strength: float, **options: object) -> np.ndarray:
        """Solve with SigPy, whose own app is anisotropic, for the length of the gradient."""
        import sigpy
        import sigpy.mri

        class Length(sigpy.prox.Prox):
            def _prox(self, alpha: float, slopes: np.ndarray) -> np.ndarray:
                size = np.sqrt((np.abs(slopes) ** 2).sum(axis=0))
                return slopes * (1 - alpha * strength / np.maximum(size, alpha * strength))

        gradient = sigpy.linop.FiniteDifference(self.mask.shape)
        model = sigpy.mri.linop.Sense(self.maps, weights=self.mask.astype(np.float32))
        return sigpy.app.LinearLeastSquares(
            model,
            self.samples,
            proxg=Length(gradient.oshape),
            G=gradient,
            show_pbar=False,
            **options,
        ).run()

    def bart(self, *options: str) -> np.ndarray:
        self.peer.run("pics", "-w1", "-S", *options, "k", "s", "x")
        return self.peer.read("x")

    def distance(self, image: np.ndarray, other: np.ndarray) -> float:
        return nrmse(image * self.support, other * self.support)


def shrunk_details(name: str, strength: float, shift: int, *, all_bands: bool):
    """Return the proximal map of a wavelet grid that stays where it is."""

    def shrink(image: np.ndarray, _: int) -> np.ndarray:
        sparse = WaveletTransform(image.shape, name, BART_LEVELS)
        if not all_bands:
            return sparse.shrink(image, strength, (shift, shift))
        details = sparse.forward(image, (shift, shift))
        size = np.abs(details)
        details *= np.maximum(size - np.float32(strength), 0) / np.maximum(size, 1e-20)
        return sparse.adjoint(details, (shift, shift))

    return shrink


def shrunk_slopes(strength: float, steps: int = 10):
    """Return the proximal map of anisotropic total variation, going on where it ended."""
    gradient, dual = Gradient(), None

    def shrink(image: np.ndarray, _: int) -> np.ndarray:
        nonlocal dual
        dual = np.zeros((2, *image.shape), image.dtype) if dual is None else dual
        ahead, t = dual, 1.0
        for _ in range(steps):
            step = gradient.forward(image - gradient.adjoint(ahead)) / np.float32(8)
            moved = ahead + step
            moved /= np.maximum(np.abs(moved) / np.float32(strength), 1)
            t, before = (1 + (1 + 4 * t * t) ** 0.5) / 2, t
            ahead, dual = moved + np.float32((before - 1) / t) * (moved - dual), moved
        return image - gradient.adjoint(dual)

    return shrink


def same_objective(c: Comparison, s: float) -> dict[str, float]:
    """Return our distance from every peer at the same objective."""
    admm = {"solver": "ADMM", "rho": 5 * s, "max_iter": 60, "max_cg_iter": 5}
    least = c.ours(Sense(tolerance=0))
    flat = c.ours(TotalVariation(strength=s, energy=1))
    db4 = c.parts(shrunk_details("db4", s, SIGPY_GRID, all_bands=True), STEPS)
    db2 = c.parts(shrunk_details("db2", s, BART_GRID, all_bands=False), STEPS)
    bart_wavelet = c.bart("-n", f"-i{STEPS}", "-R", f"W:3:0:{s}")
    sigpy_wavelet = c.sigpy("L1WaveletRecon", s, wave_name="db4", max_iter=STEPS)
    anisotropic = c.sigpy("TotalVariationRecon", s, **admm)
    return {
        "SENSE, 8 steps; SigPy SenseRecon": c.distance(
            least, c.sigpy("SenseRecon", max_iter=8)
        ),
        "SENSE, 8 steps; bart pics": c.distance(least, c.bart("-i8")),
        "wavelet, one grid, every band; SigPy L1WaveletRecon, db4": c.distance(db4, sigpy_wavelet),
        "wavelet, one grid, details; bart pics -n -R W, dau2": c.distance(db2, bart_wavelet),
        "TV, isotropic, as shipped; SigPy's solver": c.distance(flat, c.sigpy_isotropic(s, **admm)),
        "TV, isotropic, as shipped; bart pics -R T": c.distance(
            flat, c.bart("-i300", "-u0.1", "-R", f"T:3:0:{s}")
        ),
        "TV, anisotropic, our parts; SigPy TotalVariationRecon": c.distance(
            c.parts(shrunk_slopes(s), 60), anisotropic
        ),
    }  # fmt: skip


def as_shipped(c: Comparison, s: float) -> dict[str, float]:
    """Return our distance from every peer where the objectives differ."""
    ours = {
        name: c.ours(Wavelet(strength=s, iterations=STEPS, wavelet=name, energy=1))
        for name in ("db2", "db4")
    }
    flat = c.ours(TotalVariation(strength=s, energy=1))
    admm = {"solver": "ADMM", "rho": 5 * s, "max_iter": 60, "max_cg_iter": 5}
    return {
        "wavelet, grids in turn; SigPy L1WaveletRecon, one grid": c.distance(
            ours["db4"], c.sigpy("L1WaveletRecon", s, wave_name="db4", max_iter=STEPS)
        ),
        "wavelet, grids in turn; bart pics -R W, random grids": c.distance(
            ours["db2"], c.bart(f"-i{STEPS}", "-R", f"W:3:0:{s}")
        ),
        "TV, isotropic; SigPy TotalVariationRecon, anisotropic": c.distance(
            flat, c.sigpy("TotalVariationRecon", s, **admm)
        ),
    }


def agreement_tables(folder: Path) -> list[str]:
    """Return NRMSE of the magnitude for every k-space and strength."""
    data = {"raw brain": raw_brain(), "4x": undersampled(4), "8x": undersampled(8)}
    comparisons = {name: Comparison(samples, folder / name) for name, samples in data.items()}
    heads = [f"{name}, {s}" for name in data for s in STRENGTHS]
    lines = []
    for compare in (same_objective, as_shipped):
        columns = [compare(c, s) for c in comparisons.values() for s in STRENGTHS]
        lines += [f"| {compare.__name__.replace('_', ' ')} | {' | '.join(heads)} |"]
        lines += ["|---" * (len(heads) + 1) + "|"]
        for row in columns[0]:
            lines.append(f"| {row} | {' | '.join(f'{c[row]:.5f}' for c in columns)} |")
        lines.append("")
    return lines


def undersampled(acceleration: float) -> np.ndarray:
    """Return synthetic k-space of the coil images, variable density along both axes."""
    images = coil_images()
    mask = variable_density(images.shape[1:], acceleration, calibration=24, seed=0)
    return (fft(images, (1, 2)) * mask).astype(np.complex64)


@cache
def complete_scans() -> dict[str, KSpace]:
    """Return fully sampled scans of one slice, synthetic k-space of eight coils."""
    grid = Grid.centred((192, 224, 1), (1.2, 1.1, 4.0))
    ring = coil_ring(grid, 8).maps()[..., 0]
    head = head_ellipsoids().image(grid, samples=3).data[..., 0] * ring
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((*head.shape, 2)) @ [1, 1j] * 0.005 * np.abs(head).max()
    images = {
        "coil images": coil_images(),
        "ellipsoids": head,
        "ellipsoids, 0.5 % noise": head + noise,
    }
    return {name: _complete(values) for name, values in images.items()}


def _complete(images: np.ndarray) -> KSpace:
    data = fft(images, (1, 2)).astype(np.complex64)[..., None]
    grid = Grid.isotropic(data.shape[1:], 1.0)
    return KSpace(data, np.ones((1, 1, 1), bool), grid, 0, 2, "synthetic")


def gain_tables() -> list[str]:
    """Return PSNR[slice, max(truth)] of GRAPPA and of partial Fourier beside zero-filling."""
    lines = [
        "| every n-th line and 24 in the middle | zero-filled | GRAPPA | gain |",
        "|---|---|---|---|",
    ]
    for name, full in complete_scans().items():
        for factor in (2, 3, 4):
            index = np.arange(full.grid.shape[1])
            lines_kept = (index % factor == 0) | (np.abs(index - len(index) // 2 + 0.5) < 12)
            cells = _psnr(full, lines_kept, (RootSumOfSquares(), Grappa()))
            gain = cells[1] - cells[0]
            numbers = " | ".join(f"{v:.2f}" for v in cells)
            lines.append(f"| {name}, n = {factor} | {numbers} | {gain:+.2f} dB |")
    lines += ["", "| part of k-space | zero-filled | homodyne | POCS |", "|---|---|---|---|"]
    for name, full in complete_scans().items():
        for eighths in (5, 6):
            n = full.grid.shape[1]
            kept = np.arange(n) >= n - round(eighths / 8 * n)
            cells = _psnr(full, kept, (ZeroFilled(), Homodyne(), Pocs()))
            numbers = " | ".join(f"{v:.2f}" for v in cells)
            lines.append(f"| {name}, {eighths}/8 | {numbers} |")
    return lines


def _psnr(full: KSpace, lines: np.ndarray, methods: tuple) -> list[float]:
    """Return PSNR of every method where our coil maps see the head, in dB."""
    mask = lines.reshape(1, -1, 1)
    scan = replace(full, data=full.data * mask, mask=mask)
    truth = RootSumOfSquares()(full).data
    head = np.abs(ZeroFilled()(full).data) > 0
    errors = [(m(scan).magnitude().data - truth)[head] for m in methods]
    return [float(20 * np.log10(truth.max() / np.sqrt(np.mean(e**2)))) for e in errors]


def main() -> None:
    """Run everything and print it."""
    with tempfile.TemporaryDirectory() as name:
        for part in ("raw brain", "4x", "8x"):
            (Path(name) / part).mkdir()
        report = [
            "# Agreement with peers", "",
            "NRMSE of the magnitude after the least-squares scale, where the maps are not zero; "
            "strength as a fraction of typical brightness.", "",
            *agreement_tables(Path(name)),
            "# Gain over zero-filling", "",
            "PSNR[pixels where our maps of the complete scan are not zero, max(truth)], dB; "
            "synthetic k-space.", "",
            *gain_tables(), "",
        ]  # fmt: skip
    sys.stdout.write("\n".join(report))


if __name__ == "__main__":
    main()

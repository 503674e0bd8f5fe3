"""The same image? Classical methods beside SigPy and bart on the same k-space and coil maps.

Prints Markdown: the distance of our SENSE, wavelet and total variation images from each peer's,
first at the same objective, then as shipped; structured low-rank completion beside SAKE; and what
GRAPPA and partial Fourier gain over zero-filling. See README.md for what is compared and how.

    python benchmarks/agreement.py
"""

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from reconstruct import SIGPY_GRID, Anatwin, Bart, brightness, coil_images, nrmse, raw_brain

from anatwin.core import Grid, KSpace
from anatwin.ops.coils import virtual_coils
from anatwin.ops.fourier import fft, ifft
from anatwin.ops.gradient import Gradient
from anatwin.ops.linop import CoilSampling
from anatwin.ops.solve import fista
from anatwin.ops.structured_low_rank import complete_kspace
from anatwin.ops.wavelet import WaveletTransform
from anatwin.phantoms import head_ellipsoids
from anatwin.phantoms.coils import coil_ring
from anatwin.phantoms.sampling import variable_density
from anatwin.reconstruct import RootSumOfSquares, Sense, Wavelet, ZeroFilled
from anatwin.reconstruct.grappa import Grappa
from anatwin.reconstruct.homodyne import Homodyne
from anatwin.reconstruct.low_rank import LowRank
from anatwin.reconstruct.pocs import Pocs
from anatwin.reconstruct.total_variation import TotalVariation

STRENGTHS = (0.002, 0.007)
STEPS = 30
BART_GRID = 1  # the shift that puts our wavelet grid where bart's has its own
BART_LEVELS = 4
SAKE_STEPS, SAKE_RANKS = 100, (30, 45, 60)
SAKE_SIZE = 0.45  # bart's subspace, relative; the best of 0.2, 0.3 and 0.45 at 2x


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


def plain_sake(samples: np.ndarray, mask: np.ndarray, rank: int, kernel: int = 6) -> np.ndarray:
    """Fill k-space ``coil row column`` as in Shin et al. 2014, doi:10.1002/mrm.24997.

    Cut all windows, keep the largest singular values of their matrix, put the windows back,
    restore the measured samples; again and again.
    """
    filled = samples
    n, m = (side - kernel + 1 for side in mask.shape)
    for _ in range(SAKE_STEPS):
        windows = np.lib.stride_tricks.sliding_window_view(filled, (kernel, kernel), axis=(1, 2))
        matrix = windows.transpose(1, 2, 0, 3, 4).reshape(n * m, -1)
        vectors = np.linalg.eigh(matrix.conj().T @ matrix)[1][:, -rank:]
        low = (matrix @ vectors @ vectors.conj().T).reshape(n, m, len(samples), kernel, kernel)
        total, count = np.zeros_like(filled), np.zeros(mask.shape, np.float32)
        for i, j in np.ndindex(kernel, kernel):
            total[:, i : i + n, j : j + m] += low[..., i, j].transpose(2, 0, 1)
            count[i : i + n, j : j + m] += 1
        filled = np.where(mask, samples, total / count)
    return filled


def bart_sake(samples: np.ndarray) -> np.ndarray:
    """Fill k-space with bart."""
    with tempfile.TemporaryDirectory() as folder:
        peer = Bart(samples, Path(folder))
        peer.run("sake", f"-i{SAKE_STEPS}", f"-s{SAKE_SIZE}", "k", "x")
        return np.moveaxis(peer.read("x"), -1, 0) * np.float32(peer.scale)


def low_rank_tables() -> list[str]:
    """Return PSNR[slice, max(truth)] of completed k-space, and its distance from ours."""
    full = fft(coil_images(), (1, 2))[:, 96:160, 96:160]
    full = np.tensordot(virtual_coils(full, 1.0)[:4], full, 1).astype(np.complex64)
    truth = _root_sum_of_squares(full)
    lines = ["| 64 x 64, 4 coils | PSNR [dB] | NRMSE to ours | seconds |", "|---|---|---|---|"]
    for factor in (2, 3):
        mask = variable_density((64, 64), factor, calibration=8, seed=0)
        samples = full * mask
        _as_shipped(samples, mask)  # compiles
        fillings = {
            "zero-filled": lambda s=samples: s,
            "ours, as shipped": lambda s=samples, m=mask: _as_shipped(s, m),
            **{
                f"SAKE in numpy, rank {rank}": lambda s=samples, m=mask, r=rank: plain_sake(s, m, r)
                for rank in SAKE_RANKS
            },
            f"bart sake -s {SAKE_SIZE}": lambda s=samples: bart_sake(s),
        }
        images, seconds = {}, {}
        for name, fill in fillings.items():
            began = time.perf_counter()
            images[name] = _root_sum_of_squares(fill())
            seconds[name] = time.perf_counter() - began
        ours = images["ours, as shipped"]
        for name, image in images.items():
            decibels = 20 * np.log10(truth.max() / np.sqrt(np.mean((image - truth) ** 2)))
            cells = f"{decibels:.2f} | {nrmse(image, ours):.4f} | {seconds[name]:.1f}"
            lines.append(f"| {factor}x, {name} | {cells} |")
    return lines


def _as_shipped(samples: np.ndarray, mask: np.ndarray) -> np.ndarray:
    method = LowRank()
    return complete_kspace(
        samples,
        mask,
        kernel=method.kernel,
        threshold=method.threshold,
        iterations=method.iterations,
    )


def _root_sum_of_squares(spectrum: np.ndarray) -> np.ndarray:
    return np.sqrt((np.abs(ifft(spectrum, (1, 2))) ** 2).sum(axis=0))


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
            "# Structured low-rank completion", "",
            "PSNR[slice, max(truth)] of the root sum of squares, wall seconds; synthetic k-space "
            "of real coil images, random points.", "",
            *low_rank_tables(), "",
            "# Gain over zero-filling", "",
            "PSNR[pixels where our maps of the complete scan are not zero, max(truth)], dB; "
            "synthetic k-space.", "",
            *gain_tables(), "",
        ]  # fmt: skip
    sys.stdout.write("\n".join(report))


if __name__ == "__main__":
    main()

"""ESPIRiT and wavelet reconstruction beside SigPy and bart: the same k-space, one run.

Prints Markdown. Every tool runs in a process of its own with one thread; see README.md for what
is compared and how.

    python benchmarks/reconstruct.py [--runs 7]
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[1] / "../shared/data"))
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
ITERATIONS = 30
STRENGTHS = (0.0005, 0.001, 0.002, 0.004, 0.007, 0.01)
DEFAULT = 0.007
SIGPY_GRID = (
    3  # the shift that puts our wavelet grid where pywt's zero-padded transform has its own
)
TOOLS = ("anatwin", "SigPy", "bart")
STAGES = ("ESPIRiT", "wavelet", "both")


class Anatwin:
    """This package; the wavelet is chosen to be a peer's."""

    def __init__(self, samples: np.ndarray, wavelet: str = "db4") -> None:
        from anatwin.core import Grid, KSpace
        from anatwin.reconstruct import Wavelet

        data = samples[..., None]
        grid = Grid.isotropic(data.shape[1:], 1.0)
        self.scan = KSpace(data, np.abs(data).sum(axis=0) > 0, grid, 0, 2)
        self.method = Wavelet(iterations=ITERATIONS, energy=1.0, wavelet=wavelet)

    def maps(self) -> np.ndarray:
        from anatwin.reconstruct.planes import Plane

        plane = Plane(self.scan.data[..., 0], self.scan.mask[..., 0])
        return self.method.espirit.maps(plane)

    def image(self, maps: np.ndarray, strength: float) -> np.ndarray:
        method = replace(self.method, strength=strength)
        return method(replace(self.scan, coils=maps[..., None])).data[..., 0]

    def both(self) -> np.ndarray:
        return self.method(self.scan).data[..., 0]


class SigPy:
    """sigpy.mri.app with the settings of ours."""

    def __init__(self, samples: np.ndarray, wavelet: str = "db4") -> None:
        self.samples, self.wavelet = samples, wavelet

    def maps(self) -> np.ndarray:
        from sigpy.mri.app import EspiritCalib

        return EspiritCalib(self.samples, crop=0.8, show_pbar=False).run()

    def image(self, maps: np.ndarray, strength: float) -> np.ndarray:
        from sigpy.mri.app import L1WaveletRecon

        scale = np.float32(brightness(self.samples))
        app = L1WaveletRecon(
            self.samples / scale,
            maps,
            strength,
            wave_name=self.wavelet,
            max_iter=ITERATIONS,
            show_pbar=False,
        )
        return app.run()

    def both(self) -> np.ndarray:
        return self.image(self.maps(), DEFAULT)


class Bart:
    """Debian's bart, through its files."""

    def __init__(self, samples: np.ndarray, folder: Path) -> None:
        self.folder = folder
        self.scale = brightness(samples)
        self.write("k", samples / np.float32(self.scale))
        self.peak = 0

    def run(self, *command: str) -> None:
        process = subprocess.Popen(
            ["bart", *command],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            env=os.environ | ONE_THREAD,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"bart {' '.join(command)} failed")
        self.peak = max(self.peak, usage.ru_maxrss)

    def maps(self) -> np.ndarray:
        self.run("ecalib", "-m1", "-c0.8", "k", "s")
        return np.moveaxis(self.read("s"), -1, 0)

    def image(self, maps: np.ndarray | None, strength: float) -> np.ndarray:
        if maps is not None:
            self.write("s", maps)
        options = ["-w1", "-S", f"-i{ITERATIONS}", "-R", f"W:3:0:{strength}"]
        self.run("pics", *options, "k", "s", "x")
        return self.read("x")

    def both(self) -> np.ndarray:
        self.maps()
        return self.image(None, DEFAULT)

    def write(self, name: str, coils: np.ndarray) -> None:
        array = np.asarray(np.moveaxis(coils, 0, -1)[:, :, None], np.complex64, order="F")
        sides = " ".join(map(str, [*array.shape, *[1] * 12]))
        (self.folder / f"{name}.hdr").write_text(f"# Dimensions\n{sides}\n")
        (self.folder / f"{name}.cfl").write_bytes(array.tobytes("F"))

    def read(self, name: str) -> np.ndarray:
        sides = (self.folder / f"{name}.hdr").read_text().splitlines()[1].split()
        flat = np.fromfile(self.folder / f"{name}.cfl", np.complex64)
        return flat.reshape([int(n) for n in sides], order="F").squeeze()


def brightness(samples: np.ndarray) -> float:
    """Return the unit that every tool's strength is a fraction of."""
    from anatwin.ops.coils import typical_brightness

    rows, columns = (n // 2 for n in samples.shape[1:])
    centre = samples[None, :, rows - 12 : rows + 12, columns - 12 : columns + 12]
    return typical_brightness(centre, samples.shape[1:])


def raw_brain() -> np.ndarray:
    """Return measured samples ``coil row column``; 87.6 % of them are zero."""
    return np.load(DATA / "kspace/brain_8ch_poisson.npy").astype(np.complex64)


def coil_images() -> np.ndarray:
    """Return fully sampled images ``coil row column`` of a head."""
    from scipy.io import loadmat

    data = loadmat(DATA / "kspace/brain_8ch_coil_images.mat")["data"]
    return np.ascontiguousarray(np.moveaxis(data, -1, 0)).astype(np.complex64)


def undersampled(acceleration: float) -> np.ndarray:
    """Return k-space of the coil images, variable density along both axes."""
    from anatwin.ops.fourier import fft
    from anatwin.phantoms.sampling import variable_density

    images = coil_images()
    mask = variable_density(images.shape[1:], acceleration, calibration=24, seed=0)
    return (fft(images, (1, 2)) * mask).astype(np.complex64)


def nrmse(image: np.ndarray, reference: np.ndarray) -> float:
    """Return the error of the magnitude after the least-squares scale, over the reference."""
    a, b = np.abs(image), np.abs(reference)
    return float(np.linalg.norm(a * (a * b).sum() / (a * a).sum() - b) / np.linalg.norm(b))


def psnr(image: np.ndarray, truth: np.ndarray, where: np.ndarray) -> float:
    """Return PSNR[pixels of the head, max(truth)] of the magnitude, least-squares scale."""
    error = (
        nrmse(image * where, truth * where) * np.linalg.norm(truth * where) / np.sqrt(where.sum())
    )
    return float(20 * np.log10((truth * where).max() / error))


def open_tool(name: str, samples: np.ndarray, folder: Path, wavelet: str = "db4"):
    """Return a tool that is ready to run."""
    if name == "bart":
        return Bart(samples, folder)
    return (Anatwin if name == "anatwin" else SigPy)(samples, wavelet)


def cpu_seconds(action: Callable[[], object], who: int) -> float:
    """Return user plus system time of an action."""
    before = resource.getrusage(who)
    action()
    after = resource.getrusage(who)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def worker(name: str, runs: int) -> dict:
    """Time one tool; called in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        tool = open_tool(name, raw_brain(), Path(folder))
        who = resource.RUSAGE_CHILDREN if name == "bart" else resource.RUSAGE_SELF
        maps = tool.maps()
        given = None if name == "bart" else maps
        actions = (tool.maps, lambda: tool.image(given, DEFAULT), tool.both)
        for action in actions:
            action()
        seconds = [[cpu_seconds(action, who) for action in actions] for _ in range(runs)]
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak = tool.peak if name == "bart" else own
    return {"seconds": np.transpose(seconds).tolist(), "peak_mb": peak / 1024}


def speed_table(runs: int) -> list[str]:
    """Return lines of CPU seconds, tools in turn so that all meet the same machine."""
    times = {name: [[], [], []] for name in TOOLS}
    peak = dict.fromkeys(TOOLS, 0.0)
    for _ in range(runs):
        for name in TOOLS:
            command = [sys.executable, __file__, "--worker", name, "--runs", "1"]
            output = subprocess.run(
                command, env=os.environ | ONE_THREAD, capture_output=True, text=True, check=True
            )
            result = json.loads(output.stdout)
            for total, new in zip(times[name], result["seconds"], strict=True):
                total.extend(new)
            peak[name] = max(peak[name], result["peak_mb"])
    lines = [f"| tool | {' | '.join(STAGES)} | peak memory [MB] |", "|---|---|---|---|---|"]
    for name in TOOLS:
        cells = [f"{statistics.median(t):.3f} ({min(t):.3f} to {max(t):.3f})" for t in times[name]]
        lines.append(f"| {name} | {' | '.join(cells)} | {peak[name]:.0f} |")
    return lines


def maps_lines(folder: Path) -> list[str]:
    """Return how well the coil maps agree, over the pixels that both keep."""
    samples = raw_brain()
    ours = Anatwin(samples).maps()
    lines = []
    for name in TOOLS[1:]:
        theirs = open_tool(name, samples, folder).maps()
        product = np.abs((ours.conj() * theirs).sum(axis=0))
        size = np.linalg.norm(ours, axis=0) * np.linalg.norm(theirs, axis=0)
        smooth = np.abs(Anatwin(samples).image(ours, DEFAULT))
        head = (size > 0) & (smooth > 0.1 * np.percentile(smooth, 99))
        correlation = product[head] / size[head]
        lines.append(
            f"| {name} | {np.median(correlation):.6f} | {np.percentile(correlation, 1):.6f} | "
            f"{correlation.min():.6f} |"
        )
    return ["| maps of | median | 1st percentile | minimum |", "|---|---|---|---|", *lines]


def agreement_table(folder: Path) -> list[str]:
    """Return the distance of our image from every peer's at the same strength."""
    samples = raw_brain()
    strengths = (0.002, DEFAULT, 0.02)
    lines = [
        f"| ours | peer | maps | {' | '.join(map(str, strengths))} |",
        "|---|---|---|---|---|---|",
    ]
    for name, wavelet in (("SigPy", "db4"), ("bart", "db2")):
        ours = Anatwin(samples, wavelet)
        peer = open_tool(name, samples, folder, wavelet)
        shared = ours.maps()
        spun = [ours.image(shared, s) for s in strengths]
        same = [peer.image(shared, s) for s in strengths]
        rows = [("as shipped", "same", spun, same)]
        if name == "SigPy":
            fixed = [fixed_grid(samples, shared, s) for s in strengths]
            rows.append(("its objective", "same", fixed, same))
        maps = peer.maps()
        rows.append(("as shipped", "own", spun, [peer.image(maps, s) for s in strengths]))
        for what, which, mine, theirs in rows:
            cells = [f"{nrmse(a, b):.4f}" for a, b in zip(mine, theirs, strict=True)]
            lines.append(f"| {what} | {name}, {wavelet} | {which} | {' | '.join(cells)} |")
    return lines


def fixed_grid(samples: np.ndarray, maps: np.ndarray, strength: float) -> np.ndarray:
    """Minimise SigPy's objective with our parts: no cycle spinning, every band shrunk."""
    from anatwin.ops.linop import CoilSampling
    from anatwin.ops.solve import fista
    from anatwin.ops.wavelet import WaveletTransform

    sampling = CoilSampling(maps, np.abs(samples).sum(axis=0) > 0)
    seen = sampling.adjoint(samples / np.float32(brightness(samples)))
    sparse = WaveletTransform(seen.shape, "db4", 4)
    shift = (SIGPY_GRID, SIGPY_GRID)

    def shrink(image: np.ndarray, _: int) -> np.ndarray:
        details = sparse.forward(image, shift)
        size = np.abs(details)
        details *= np.maximum(size - np.float32(strength), 0) / np.maximum(size, 1e-20)
        return sparse.adjoint(details, shift)

    return fista(
        lambda image: sampling.normal(image) - seen, shrink, seen, iterations=ITERATIONS, gain=1.0
    )


def quality_table(folder: Path) -> list[str]:
    """Return every tool's best PSNR against the fully sampled head."""
    truth = np.sqrt((np.abs(coil_images()) ** 2).sum(axis=0))
    lines = ["| acceleration | anatwin | SigPy | bart |", "|---|---|---|---|"]
    for acceleration in (4, 8):
        samples = undersampled(acceleration)
        head = np.abs(Anatwin(samples).maps()).sum(axis=0) > 0
        cells = []
        for name in TOOLS:
            tool = open_tool(name, samples, folder)
            maps = tool.maps()
            best = max((psnr(tool.image(maps, s), truth, head), s) for s in STRENGTHS)
            cells.append(f"{best[0]:.2f} dB at {best[1]}")
        lines.append(f"| {acceleration} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--worker", choices=TOOLS)
    options = parser.parse_args()
    if options.worker:
        sys.stdout.write(json.dumps(worker(options.worker, options.runs)))
        return
    load = os.getloadavg()[0]
    stamp = f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, {platform.machine()}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report = [
            "# Reconstruction beside its peers", "",
            f"{stamp}; load average {load:.1f} at the start; {options.runs} runs, tools in turn, "
            f"one thread, {ITERATIONS} iterations.", "",
            "## CPU seconds, raw 8-channel brain, 230 x 180: median (smallest to largest)", "",
            *speed_table(options.runs), "",
            "## Coil maps: correlation with ours on the head", "",
            *maps_lines(folder), "",
            "## The same image? NRMSE of the magnitude at equal strengths", "",
            *agreement_table(folder), "",
            "## Best PSNR against the fully sampled head, 256 x 256, 8 coils", "",
            *quality_table(folder), "",
        ]  # fmt: skip
    sys.stdout.write("\n".join(report))


if __name__ == "__main__":
    main()

"""How long wavelet reconstruction takes over sizes, coils and threads, and how far that is
from what its operations and bytes would take at the rates that this machine reaches.

Prints Markdown; see README.md.

    python benchmarks/scaling.py [--runs 3]
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before numpy starts its threads

import numpy as np  # noqa: E402

from anatwin.core import Grid, KSpace  # noqa: E402
from anatwin.reconstruct import Espirit, Wavelet  # noqa: E402
from anatwin.reconstruct.planes import Plane  # noqa: E402

SIZES, COILS, THREADS = (128, 256, 384, 512), (1, 8, 32), (1, 2)
ITERATIONS, SLICES, TAPS = 10, 2, 8
NUMBER = 8  # bytes of a single-precision complex number


@dataclass(frozen=True)
class Work:
    """What one slice takes: operations of transforms and of all else, and bytes to and fro."""

    fft_operations: float
    other_operations: float
    bytes: float


@dataclass(frozen=True)
class Rates:
    """What this machine reaches on arrays as large as one image, per second of one thread."""

    fft_operations: float
    other_operations: float
    bytes: float


def work(size: int, coils: int) -> Work:
    """Return the work of every coil kept, maps given, all of k-space's points in the mask.

    A transform of n numbers takes 5 n log2 n operations and passes over memory twice. Numbers
    per pixel and iteration, read and written, by coil: 3 for the product with the map, 8 for two
    transforms, 2.5 for the mask, 4 for the sum; by image: 10 + 10/4 + ... for filtering rows and
    columns to and fro and shrinking, 9 for the gradient and the two steps of FISTA. Before the
    first iteration the coils' samples and maps are multiplied by the unmixing matrix, and the
    samples transformed once.
    """
    pixels = size * size
    transform = 5 * pixels * 2 * np.log2(size)
    wavelet = 4 / 3 * pixels * (4 * 2 * 2 * TAPS + 10)
    steps = pixels * 16
    once = 2 * 8 * coils**2 * pixels
    numbers = ITERATIONS * (coils * 17.5 + 4 / 3 * 10 + 9) + coils * (4 + 12)
    return Work(
        (2 * ITERATIONS + 1) * coils * transform,
        ITERATIONS * (coils * 16 * pixels + wavelet + steps) + once,
        NUMBER * pixels * numbers,
    )


def rates(size: int) -> Rates:
    """Measure the transform, the matrix product and adding two arrays."""
    from scipy.fft import fft2

    rng = np.random.default_rng(0)
    image = rng.standard_normal((size, size)).astype(np.complex64)
    other, total = image + 1, np.empty_like(image)
    a, b = rng.standard_normal((2, 1024, 1024)).astype(np.float32)
    return Rates(
        5 * image.size * 2 * np.log2(size) / fastest(lambda: fft2(image, overwrite_x=False)),
        2 * 1024**3 / fastest(lambda: a @ b, 10),
        3 * image.nbytes / fastest(lambda: np.add(image, other, out=total)),
    )


def fastest(action: Callable[[], object], runs: int = 50) -> float:
    """Return the smallest CPU seconds of some runs."""
    return min(cpu_seconds(action) for _ in range(runs))


def cpu_seconds(action: Callable[[], object]) -> float:
    """Return CPU seconds of all threads of this process."""
    before = time.process_time()
    action()
    return time.process_time() - before


def scan_of_a_disc(size: int, coils: int) -> KSpace:
    """Return some equal slices, synthetic k-space, 4x random points, with coil maps."""
    from anatwin.ops.fourier import fft
    from anatwin.phantoms.coils import coil_ring
    from anatwin.phantoms.sampling import variable_density

    grid = Grid.isotropic((size, size, SLICES), 220 / size)
    slice_grid = Grid.isotropic((size, size, 1), 220 / size)
    blocks = [m for _, m in coil_ring(slice_grid, coils, seed=0).blocks(size)]
    maps = np.repeat(np.concatenate(blocks, 1).astype(np.complex64), SLICES, axis=3)
    disc = (np.hypot(*np.indices((size, size)) - size / 2) < size / 3)[..., None]
    mask = variable_density((size, size), 4, calibration=24, seed=0)[..., None]
    samples = (fft(maps * disc, (1, 2)) * mask).astype(np.complex64)
    return KSpace(samples, mask, grid, 0, 2, coils=maps)


def measure(action: Callable[[], object], threads: int, runs: int) -> tuple[list[float], float]:
    """Return CPU seconds a slice of all runs, and the least wall seconds a slice."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[-threads:])
    cpu, wall = [], []
    try:
        for _ in range(runs + 1):
            began = time.perf_counter()
            cpu.append(cpu_seconds(action) / SLICES)
            wall.append((time.perf_counter() - began) / SLICES)
    finally:
        os.sched_setaffinity(0, cores)
    return cpu[1:], min(wall[1:])


def row(size: int, coils: int, rate: Rates, runs: int) -> list[str]:
    """Return the lines of a size and a number of coils."""
    cost, scan, lines = work(size, coils), scan_of_a_disc(size, coils), []
    method = Wavelet(iterations=ITERATIONS, energy=1.0)
    operations = (
        cost.fft_operations / rate.fft_operations + cost.other_operations / rate.other_operations
    )
    moving = cost.bytes / rate.bytes
    for threads in THREADS:
        cpu, wall = measure(lambda: method(scan), threads, runs)
        times = f"{min(cpu):.3f} | {statistics.median(cpu):.3f} | {max(cpu):.3f} | {wall:.3f}"
        ratio = statistics.median(cpu) / max(operations, moving)
        lines.append(
            f"| {size} | {coils} | {threads} | {times} | {operations:.3f} | {moving:.3f} | "
            f"{ratio:.2f} |"
        )
    return lines


def espirit_row(size: int, coils: int, runs: int) -> str:
    """Return the line of coil maps that are estimated from every coil."""
    scan = scan_of_a_disc(size, coils)
    plane = Plane(scan.data[..., 0], scan.mask[..., 0])
    cpu = [cpu_seconds(lambda: Espirit().maps(plane)) for _ in range(runs + 1)][1:]
    return f"| {size} | {coils} | {min(cpu):.3f} | {statistics.median(cpu):.3f} | {max(cpu):.3f} |"


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3, help="timed runs of every row")
    runs = parser.parse_args().runs
    known = {size: rates(size) for size in SIZES}
    print("| size | FFT [1e9 op/s] | matrix product [1e9 op/s] | adding arrays [GB/s] |")
    print("|---|---|---|---|")
    for size, r in known.items():
        values = (r.fft_operations, r.other_operations, r.bytes)
        print(f"| {size} | {' | '.join(f'{v / 1e9:.1f}' for v in values)} |")
    print(f"\nOne slice of {SLICES}, {ITERATIONS} wavelet iterations, seconds.\n")
    print("| size | coils | threads | CPU min | median | max | least wall | operations | "
          "bytes | CPU / larger |")  # fmt: skip
    print("|---" * 10 + "|")
    for size in SIZES:
        for coils in COILS:
            print("\n".join(row(size, coils, known[size], runs)), flush=True)
    print("\nESPIRiT maps of one slice, one thread, CPU seconds.\n")
    print("| size | coils | min | median | max |\n|---|---|---|---|---|")
    for size in SIZES:
        for coils in COILS[1:]:
            print(espirit_row(size, coils, runs), flush=True)


if __name__ == "__main__":
    main()

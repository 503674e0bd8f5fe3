"""CPU seconds beside peers: wavelets, the cascade, and how the time grows.

Prints Markdown; one thread unless the table says otherwise. See README.md.

    python benchmarks/speed.py [--runs 5]
"""

import argparse
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before numpy starts its threads

import numpy as np  # noqa: E402
import reconstruct  # noqa: E402

TOOLS = ("anatwin", "SigPy", "bart")
STRENGTHS = (0.0005, 0.001, 0.002, 0.004)
SIZES, COILS = (128, 256, 512), (1, 4, 8, 16, 32)


def seconds(action: Callable[[], object], who: int, runs: int) -> str:
    """Return the median CPU seconds of some runs after one more, and the smallest and largest."""
    action()
    times = []
    for _ in range(runs):
        before = resource.getrusage(who)
        action()
        after = resource.getrusage(who)
        times.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return f"{statistics.median(times):.3f} ({min(times):.3f} to {max(times):.3f})"


def wavelets(runs: int) -> None:
    """Print time and quality of 100 wavelet iterations, maps given, on 256 x 256."""
    reconstruct.ITERATIONS = 100
    images = reconstruct.coil_images()
    truth = np.sqrt((np.abs(images) ** 2).sum(axis=0))
    eight = reconstruct.undersampled(4)
    sensitivities = images / np.maximum(truth, 1e-6)
    one = _single_coil(images, eight)
    ones = np.ones_like(one)
    print("| scan | tool | wavelet, 100 iterations [CPU s] | best PSNR [dB] |\n|---|---|---|---|")
    cases = (("1 coil", one, ones), ("8 coils", eight, sensitivities.astype(np.complex64)))
    for name, samples, maps in cases:
        for tool in TOOLS:
            with tempfile.TemporaryDirectory() as folder:
                opened = reconstruct.open_tool(tool, samples, Path(folder))
                who = resource.RUSAGE_CHILDREN if tool == "bart" else resource.RUSAGE_SELF
                time_ = seconds(lambda o=opened, m=maps: o.image(m, 0.002), who, runs)
                head = truth > 0.05 * truth.max()
                best = max(reconstruct.psnr(opened.image(maps, s), truth, head) for s in STRENGTHS)
            print(f"| {name} | {tool} | {time_} | {best:.2f} |", flush=True)


def _single_coil(images: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Return the undersampled k-space of the combined image, as if one coil had seen it."""
    from anatwin.ops.fourier import fft

    combined = np.sqrt((np.abs(images) ** 2).sum(axis=0))[None]
    return (fft(combined, (1, 2)) * (np.abs(samples).sum(axis=0) > 0)).astype(np.complex64)


def cascade(runs: int) -> None:
    """Print the cascade in onnxruntime and numpy beside the same network in torch."""
    import torch

    from anatwin.nets import find
    from anatwin.ops.fourier import ifft
    from anatwin.reconstruct.cascade import Networks
    from anatwin.reconstruct.planes import Plane
    from anatwin.train.cascade_state import cascade_state, stored_cascade
    from anatwin.train.checkpoint import begin_with
    from anatwin.train.scan import Scan

    torch.set_num_threads(1)
    weights = find("cascade").with_suffix(".safetensors")
    model = begin_with(cascade_state(stored_cascade(weights)), weights).model.eval()
    samples = _single_coil(reconstruct.coil_images(), reconstruct.undersampled(4))
    samples /= np.float32(reconstruct.brightness(samples))
    mask = np.abs(samples[0]) > 0
    networks = Networks.open(find("cascade"))
    maps = np.ones_like(samples)
    scan = Scan(
        torch.from_numpy(ifft(samples, (1, 2)))[None],
        torch.from_numpy(np.fft.ifftshift(mask))[None],
    )

    def ours() -> np.ndarray:
        return networks.image(Plane(samples, mask), maps)

    def theirs() -> np.ndarray:
        with torch.inference_mode():
            return model(scan)[0].numpy()

    difference = np.abs(ours() - theirs()).max()
    print(f"\nCascade, 256 x 256, one coil; largest difference of the images {difference:.1e}.\n")
    print("| where | CPU s |\n|---|---|")
    for name, action in (("onnxruntime and numpy", ours), ("torch, eager", theirs)):
        print(f"| {name} | {seconds(action, resource.RUSAGE_SELF, runs)} |", flush=True)
    a, b = np.random.default_rng(0).standard_normal((2, 2048, 2048)).astype(np.float32)
    print(f"| 2048 x 2048 matrix product, 8.6e9 multiply-adds | "
          f"{seconds(lambda: a @ b, resource.RUSAGE_SELF, runs)} |")  # fmt: skip
    multiply_adds = sum(w.numel() for w in model.blocks.parameters() if w.ndim == 4)
    print(f"\nConvolution weights: {multiply_adds}.")


def scaling() -> None:
    """Print wall times of ESPIRiT and 30 wavelet iterations over sizes, coils and threads."""
    from threadpoolctl import threadpool_limits

    from anatwin.core import Grid, KSpace
    from anatwin.ops.fourier import fft
    from anatwin.phantoms.coils import coil_ring
    from anatwin.phantoms.sampling import variable_density
    from anatwin.reconstruct import Wavelet

    print("\n| size | coils | ESPIRiT and 30 wavelet iterations, one slice [s] |\n|---|---|---|")
    rng = np.random.default_rng(0)
    for size in SIZES:
        grid = Grid.isotropic((size, size, 1), 220 / size)
        image = (np.hypot(*np.indices((size, size)) - size / 2) < size / 3)[..., None]
        mask = variable_density((size, size), 4, calibration=24, seed=0)[..., None]
        for coils in COILS:
            maps = np.concatenate([m for _, m in coil_ring(grid, coils, seed=0).blocks(size)], 1)
            data = fft(maps * image, (1, 2)) + 0.01 * rng.standard_normal(maps.shape)
            scan = KSpace((data * mask).astype(np.complex64), mask, grid, 0, 2)
            with threadpool_limits(1):
                Wavelet()(scan)
                began = time.perf_counter()
                Wavelet()(scan)
            print(f"| {size} | {coils} | {time.perf_counter() - began:.3f} |", flush=True)


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="timed runs of every tool")
    runs = parser.parse_args().runs
    wavelets(runs)
    cascade(runs)
    scaling()


if __name__ == "__main__":
    main()

"""CPU seconds beside peers: wavelets, ESPIRiT and the cascade, one thread each.

Tools run in turn, so that all meet the same machine. Prints Markdown; see README.md.

    python benchmarks/speed.py [--runs 5]
"""

import argparse
import os
import resource
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before numpy starts its threads

import numpy as np  # noqa: E402
import reconstruct  # noqa: E402

TOOLS = ("anatwin", "SigPy", "bart")
STRENGTHS = (0.0005, 0.001, 0.002, 0.004)


def in_turn(actions: dict[str, Callable[[], object]], runs: int) -> dict[str, list[float]]:
    """Return the CPU seconds of every tool's runs after one more, tools in turn."""
    children, itself = resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF
    who = {name: children if name == "bart" else itself for name in actions}
    for action in actions.values():
        action()
    times: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(runs):
        for name, action in actions.items():
            times[name].append(reconstruct.cpu_seconds(action, who[name]))
    return times


def cells(times: list[float], ours: list[float]) -> str:
    """Return smallest, median and largest, and the ratio of the medians to ours."""
    middle = statistics.median(times)
    ratio = statistics.median(ours) / middle
    return f"{min(times):.3f} | {middle:.3f} | {max(times):.3f} | {ratio:.2f}"


def wavelets(runs: int) -> None:
    """Print time and quality of 100 wavelet iterations, maps given, and of ESPIRiT maps."""
    reconstruct.ITERATIONS = 100
    images = reconstruct.coil_images()
    truth = np.sqrt((np.abs(images) ** 2).sum(axis=0))
    eight = reconstruct.undersampled(4)
    sensitivities = (images / np.maximum(truth, 1e-6)).astype(np.complex64)
    one = _single_coil(images, eight)
    head = truth > 0.05 * truth.max()
    print("\n| 256 x 256 | tool | min [CPU s] | median | max | ours / tool | best PSNR [dB] |")
    print("|---|---|---|---|---|---|---|")
    cases = (("1 coil", one, np.ones_like(one)), ("8 coils", eight, sensitivities))
    with tempfile.TemporaryDirectory() as folder:
        for name, samples, maps in cases:
            tools = {t: reconstruct.open_tool(t, samples, Path(folder)) for t in TOOLS}
            times = in_turn(
                {t: lambda o=o, m=maps: o.image(m, 0.002) for t, o in tools.items()}, runs
            )
            for tool, opened in tools.items():
                best = max(reconstruct.psnr(opened.image(maps, s), truth, head) for s in STRENGTHS)
                row = cells(times[tool], times["anatwin"])
                print(f"| wavelet, {name} | {tool} | {row} | {best:.2f} |", flush=True)
        times = in_turn({t: o.maps for t, o in tools.items()}, runs)
        for tool in TOOLS:
            row = cells(times[tool], times["anatwin"])
            print(f"| ESPIRiT, 8 coils | {tool} | {row} | |", flush=True)


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
    a, b = np.random.default_rng(0).standard_normal((2, 2048, 2048)).astype(np.float32)
    convolutions = multiply_adds(model, theirs)
    matrices = (torch.from_numpy(a), torch.from_numpy(b))
    actions = {
        "onnxruntime and numpy": (ours, convolutions),
        "torch, eager": (theirs, convolutions),
        "2048 x 2048 matrix product, numpy": (lambda: a @ b, 2048**3),
        "2048 x 2048 matrix product, torch": (lambda: matrices[0] @ matrices[1], 2048**3),
    }
    times = in_turn({name: action for name, (action, _) in actions.items()}, runs)
    print(f"\nCascade, 256 x 256, one coil; largest difference of the images {difference:.1e}.\n")
    print("| where | min [CPU s] | median | max | ours / this | 1e9 multiply-adds / s |")
    print("|---|---|---|---|---|---|")
    for name, (_, count) in actions.items():
        row = cells(times[name], times["onnxruntime and numpy"])
        print(f"| {name} | {row} | {count / statistics.median(times[name]) / 1e9:.0f} |")


def multiply_adds(model: object, run: Callable[[], object]) -> int:
    """Return the multiply-adds of the convolutions of a torch network in one run."""
    import torch

    counts = []

    def count(layer: torch.nn.Conv2d, _: object, out: torch.Tensor) -> None:
        counts.append(out.numel() * layer.weight[0].numel())

    layers = [m for m in model.modules() if isinstance(m, torch.nn.Conv2d)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    run()
    for hook in hooks:
        hook.remove()
    return sum(counts)


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="timed runs of every tool")
    runs = parser.parse_args().runs
    wavelets(runs)
    cascade(runs)


if __name__ == "__main__":
    main()

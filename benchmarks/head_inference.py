"""The packaged head network by our streaming inference and by MONAI's sliding window.

Each runs in a fresh process, in turn, on the same image at 1 mm with the same weights, window and
overlap, without mirror images. Prints Markdown; see README.md.

    python benchmarks/head_inference.py [IMAGE] [--runs 3]
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import nibabel
import numpy as np

from anatwin.core import Grid, Labels, Volume, head_table
from anatwin.measure import overlaps

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[1] / "../shared/data"))
IMAGES = DATA / "heads/images"
WINDOW, OVERLAP = 128, 32


def ours(volume: Volume):
    """Return labels by windows that are blended and labelled slab by slab."""
    from anatwin.segment import HeadNetwork

    network = HeadNetwork(window=WINDOW, overlap=OVERLAP, mirror=False, threads=1)
    return lambda: network(volume).data


def monai(volume: Volume, *, at_once: int = 1, overlap: float = OVERLAP / WINDOW):
    """Return labels by MONAI's sliding window over the network in eager torch."""
    import torch
    from monai.inferers import sliding_window_inference

    from anatwin.nets import find
    from anatwin.ops.intensity import rescale_percentiles
    from anatwin.train.checkpoint import load_weights
    from anatwin.train.export import network

    torch.set_num_threads(1)
    shape, weights = load_weights(find("head").with_suffix(".safetensors"))
    model = network(shape, weights).eval()
    image = torch.from_numpy(rescale_percentiles(volume.data)[None, None])

    def run():
        with torch.inference_mode():
            scores = sliding_window_inference(
                image, (WINDOW,) * 3, at_once, model, overlap=overlap, mode="gaussian"
            )
            return scores[0].argmax(0).numpy().astype(np.uint8)

    return run


TOOLS = {
    "anatwin": ours,
    "MONAI": monai,
    "MONAI, 4 windows at once": partial(monai, at_once=4),
    "MONAI, overlap of a half": partial(monai, overlap=0.5),
}


def measured(tool: str, image: Path, out: Path) -> None:
    """Run one tool, write its labels, and print what it took."""
    volume = canonical(image)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run = TOOLS[tool](volume)
    wall, cpu = time.perf_counter(), time.process_time()
    labels = run()
    seconds = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    np.save(out, labels)
    print(json.dumps({**seconds, "peak_gb": peak / 1e6, "before_gb": before / 1e6}))


def canonical(image: Path) -> Volume:
    """Return a scan of 1 mm with its axes along RAS, so that both tools see the same array."""
    data = nibabel.as_closest_canonical(nibabel.load(image)).get_fdata(dtype=np.float32)
    return Volume(np.ascontiguousarray(data), Grid.centred(data.shape, (1.0, 1.0, 1.0)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image", type=Path, nargs="?", default=IMAGES / "head_t1_1mm.nii.gz")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tool", choices=TOOLS, help="run this one alone, in this process")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.tool:
        measured(options.tool, options.image, options.out)
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(options.image, options.runs, Path(folder))


def compare(image: Path, runs: int, folder: Path) -> None:
    """Print what both take, and how alike their labels are."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    results: dict[str, list[dict[str, float]]] = {tool: [] for tool in TOOLS}
    for _ in range(runs):
        for tool, found in results.items():
            command = [sys.executable, __file__, image, "--tool", tool, "--out", folder / tool]
            out = subprocess.run(command, env=environment, check=True, capture_output=True)
            found.append(json.loads(out.stdout.splitlines()[-1]))
    print(f"{image.name}, {runs} runs in turn, one thread\n")
    print("| tool | CPU min [s] | median | max | wall, median [s] | peak [GB] | tool / ours |")
    print("|---|---|---|---|---|---|---|")
    base = statistics.median(r["cpu"] for r in results["anatwin"])
    for tool, found in results.items():
        cpu = [r["cpu"] for r in found]
        wall = statistics.median(r["wall"] for r in found)
        peak = max(r["peak_gb"] for r in found)
        middle = statistics.median(cpu)
        print(
            f"| {tool} | {min(cpu):.1f} | {middle:.1f} | {max(cpu):.1f} | {wall:.1f} "
            f"| {peak:.2f} | {middle / base:.2f} |"
        )
    maps = {tool: np.load(folder / f"{tool}.npy") for tool in TOOLS}
    grid = Grid.centred(maps["anatwin"].shape, (1.0, 1.0, 1.0))
    one, *others = (Labels(data, grid, head_table()) for data in maps.values())
    for tool, other in zip(list(TOOLS)[1:], others, strict=True):
        mean = next(row.value for row in overlaps(other, one) if "mean" in row.name)
        print(f"\nMean Dice of {tool} with ours: {mean:.4f}")


if __name__ == "__main__":
    main()

"""The packaged head network by our streaming inference and by MONAI's sliding window.

Each runs in a fresh process, in turn, on the same image at 1 mm with the same weights, window and
overlap, without mirror images: a whole head for the cost, the same head on voxels of half a
millimetre, and a brain with FreeSurfer's labels for the Dice. Prints Markdown; see README.md.

    python benchmarks/head_inference.py [--runs 3]
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

from anatwin.core import Grid, Volume

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[1] / "../shared/data"))
IMAGES = DATA / "heads/images"
HEAD, BRAIN = "head_t1_1mm.nii.gz", "brain_t1.nii.gz"
FINE = "the same head, every voxel parted into eight"
WINDOW, OVERLAP = 128, 24


def ours(volume: Volume):
    """Return labels by windows that are blended and labelled slab by slab."""
    from anatwin.segment import HeadNetwork

    network = HeadNetwork(window=WINDOW, overlap=OVERLAP, mirror=False, tidy=False, threads=1)
    return lambda: network(volume).data


def monai(volume: Volume, *, at_once: int = 1, overlap: float = OVERLAP / WINDOW):
    """Return labels by MONAI's sliding window over the network in eager torch."""
    import torch
    from monai.inferers import sliding_window_inference

    from anatwin.nets import find
    from anatwin.ops.intensity import percentile_bounds, rescale
    from anatwin.train.checkpoint import load_weights
    from anatwin.train.export import network

    torch.set_num_threads(1)
    shape, weights = load_weights(find("head"))
    model = network(shape, weights).eval()
    image = torch.from_numpy(rescale(volume.data, percentile_bounds(volume.data))[None, None])
    step = round(1 / volume.grid.spacing_mm[0])

    def run():
        with torch.inference_mode():
            seen = torch.nn.functional.avg_pool3d(image, step)
            scores = sliding_window_inference(
                seen, (WINDOW,) * 3, at_once, model, overlap=overlap, mode="gaussian"
            )
            if step > 1:  # as nnU-Net does: scores go back to the scan's voxels, then labels
                scores = torch.nn.functional.interpolate(
                    scores, image.shape[2:], mode="trilinear", align_corners=False
                )
            return scores[0].argmax(0).numpy().astype(np.uint8)

    return run


TOOLS = {
    "anatwin": ours,
    "MONAI": monai,
    "MONAI, 4 windows at once": partial(monai, at_once=4),
    "MONAI, overlap of a half": partial(monai, overlap=0.5),
}


def measured(tool: str, image: str, out: Path) -> None:
    """Run one tool, write its labels, and print what it took."""
    volume = opened(image)
    run = TOOLS[tool](volume)
    began = time.process_time()
    labels = run()
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    np.save(out, labels)
    print(json.dumps({"cpu": seconds, "peak_gb": peak / 1e6}))


def opened(name: str) -> Volume:
    """Return a scan of 1 mm with its axes along RAS, so that both tools see the same array."""
    if name == BRAIN:
        volume, _ = brain()
        data = volume.data
    else:
        image = nibabel.load(IMAGES / (HEAD if name == FINE else name))
        data = nibabel.as_closest_canonical(image).get_fdata(dtype=np.float32)
    step = 2 if name == FINE else 1
    for axis in range(3):
        data = data.repeat(step, axis)
    return Volume(np.ascontiguousarray(data), Grid.isotropic(data.shape, 1 / step))


def brain():
    """Return the brain and FreeSurfer's labels of it."""
    from anatwin.train.evaluate import read_real

    return read_real(IMAGES / BRAIN, IMAGES / "brain_t1_freesurfer.nii.gz", axes="LIA")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tool", choices=TOOLS, help="run this one alone, in this process")
    parser.add_argument("--image", default=HEAD)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.tool:
        measured(options.tool, options.image, options.out)
        return
    with tempfile.TemporaryDirectory() as folder:
        cost(options.runs, Path(folder), HEAD, tuple(TOOLS))
        cost(options.runs, Path(folder), FINE, tuple(TOOLS)[:2])
        quality(Path(folder))


def in_own_process(tool: str, image: str, out: Path) -> dict[str, float]:
    """Return what one tool took."""
    command = [sys.executable, __file__, "--image", image, "--tool", tool, "--out", out]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(command, env=environment, check=True, capture_output=True)
    return json.loads(ended.stdout.splitlines()[-1])


def cost(runs: int, folder: Path, image: str, tools: tuple[str, ...]) -> None:
    """Print what tools take on a whole head."""
    found: dict[str, list[dict[str, float]]] = {tool: [] for tool in tools}
    for _ in range(runs):
        for tool, taken in found.items():
            taken.append(in_own_process(tool, image, folder / "labels.npy"))
    print(f"\n{image}, {runs} runs in turn, one thread\n")
    print("| tool | CPU min [s] | median | max | tool / ours | peak [GB] | tool / ours |")
    print("|---|---|---|---|---|---|---|")
    base = None
    for tool, taken in found.items():
        seconds = [run["cpu"] for run in taken]
        middle, peak = statistics.median(seconds), max(run["peak_gb"] for run in taken)
        base = base or (middle, peak)
        print(
            f"| {tool} | {min(seconds):.1f} | {middle:.1f} | {max(seconds):.1f} "
            f"| {middle / base[0]:.2f} | {peak:.2f} | {peak / base[1]:.2f} |"
        )


def quality(folder: Path) -> None:
    """Print how near all tools come to FreeSurfer's labels of a brain."""
    from anatwin.train.evaluate import merged_dice

    _, truth = brain()
    print(f"\n{BRAIN} beside FreeSurfer (n = 1), Dice of both sides as one\n")
    for number, tool in enumerate(TOOLS):
        in_own_process(tool, BRAIN, folder / "labels.npy")
        scores = merged_dice(np.load(folder / "labels.npy"), truth)
        if number == 0:
            print("| tool | " + " | ".join(scores) + " |\n|" + "---|" * (len(scores) + 1))
        print(f"| {tool} | " + " | ".join(f"{score:.3f}" for score in scores.values()) + " |")


if __name__ == "__main__":
    main()

"""Images synthesised from completed label maps, with their truth, for `anatwin study head`.

    python benchmarks/head_labels.py MAPS COMPLETED OUT --names 14 16 19
    anatwin study head OUT -o study

Three images a map: two of fully random contrast and one proton-density-weighted, all with the
training's bias, resolution and noise, in the map's own pose.
"""

import argparse
from pathlib import Path

import numpy as np

from anatwin.core import Grid, Labels, Volume, anatomy_table, craniofacial_table
from anatwin.io.nifti import write_labels, write_volume
from anatwin.train import synthesis
from anatwin.train.contrast import JITTER, PRIOR, WEIGHTINGS, Contrast, draw_contrast
from anatwin.train.evaluate import OWN_POSE
from anatwin.train.maps import FineMap, load_prepared, prepare

KINDS = ("random", "random", "pd")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("maps", type=Path)
    parser.add_argument("completed", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--names", nargs="+", default=["14", "16", "19"])
    options = parser.parse_args()
    paths = [
        p for p in sorted(options.maps.glob("*.nii.gz")) if any(n in p.name for n in options.names)
    ]
    ready = prepare(paths, options.out / "prepared", regions=options.completed)
    for folder in ("images", "labels"):
        (options.out / folder).mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(ready):
        head = load_prepared(path)
        for n, kind in enumerate(KINDS):
            write_pair(head, kind, seed=5000 + 10 * number + n, out=options.out)


def write_pair(head: FineMap, kind: str, *, seed: int, out: Path):
    """Write one image and its truth in the anatomy table."""
    synthesis.draw_contrast = lambda rng, plausible: contrast(rng, kind)
    i, j, k = (-(-(n + 16) // 32) * 32 for n in head.data.shape)
    sample = OWN_POSE.whole(head, (i, j, k), seed)
    grid = Grid.centred((i, j, k), (1.0, 1.0, 1.0))
    name = f"{head.name}_{kind}_{seed}.nii.gz"
    write_volume(Volume(sample.image, grid), out / "images" / name)
    truth = anatomical()[sample.target]
    write_labels(Labels(truth, grid, anatomy_table()), out / "labels" / name)


def contrast(rng: np.random.Generator, kind: str) -> Contrast:
    """Return a fully random contrast, or one near the prior of a weighting."""
    drawn = draw_contrast(rng, plausible=0.0)
    if kind == "random":
        return drawn
    prior = PRIOR[WEIGHTINGS.index(kind)]
    mean = prior + 0.5 * JITTER * rng.standard_normal(len(prior))
    return Contrast(np.clip(mean, 0, None).astype(np.float32), np.minimum(drawn.spread, 0.05))


def anatomical() -> np.ndarray:
    """Return the look-up array: craniofacial index to anatomy index.

    Discs are one class here, and so is the brain, which the study does not score.
    """
    names = {"brain": "csf", "cervical_disc": "disc_c2_c3"}
    found = np.zeros(len(craniofacial_table()) + 1, np.uint8)
    for label in craniofacial_table().labels:
        found[label.index] = anatomy_table()[names.get(label.name, label.name)].index
    return found


if __name__ == "__main__":
    main()

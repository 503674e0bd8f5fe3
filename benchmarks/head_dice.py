"""Dice of the twenty structures of the head table on people kept out of every training.

    python benchmarks/head_dice.py MAPS

Images are synthesised by the recipe of the training, whole and in the maps' own pose; the same
seeds give the same images. Beside every image's mean Dice stands how sure the labels were, and how
far tissues are apart in it: difference of medians over the mean spread within. `--network` labels
by the brain's network alone.
"""

import argparse
from pathlib import Path

import numpy as np

from anatwin.segment import HeadNetwork, WholeHead
from anatwin.train.evaluate import dice, head_structures, markdown, synthetic_images, table
from anatwin.train.maps import load_prepared, prepare

PAIRS = {
    "white matter, cortex": ((1, 2), (3, 4)),
    "cortex, CSF": ((3, 4), (10,)),
    "deep grey, ventricles": ((5, 6), (7, 8)),
}
"""Tissues that touch, by their structures."""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("maps", type=Path)
    parser.add_argument("--names", nargs="+", default=["14", "19"])
    parser.add_argument("--images", type=int, default=10, help="of every map")
    parser.add_argument("--network", action="store_true")
    options = parser.parse_args()
    paths = [
        p for p in sorted(options.maps.glob("*.nii.gz")) if any(n in p.name for n in options.names)
    ]
    heads = [load_prepared(path) for path in prepare(paths, Path("build/head_dice"))]
    method = HeadNetwork() if options.network else WholeHead()
    print("| image | mean Dice | certainty | " + " | ".join(PAIRS) + " |")
    print("|---" * (3 + len(PAIRS)) + "|")
    scores = []
    for n, (volume, truth) in enumerate(synthetic_images(heads, n_images=options.images)):
        labels = method(volume)
        scores.append(dice(labels.data if options.network else head_structures(labels), truth))
        sure = 1 - labels.uncertainty[labels.data > 0].mean(dtype=np.float64)
        gaps = " | ".join(f"{apart(volume.data, truth, *pair):.1f}" for pair in PAIRS.values())
        name = f"{heads[n // options.images].name}, {n % options.images}"
        print(f"| {name} | {np.nanmean(scores[-1]):.3f} | {sure:.2f} | {gaps} |", flush=True)
    print("\n" + markdown(table(np.array(scores))))


def apart(image: np.ndarray, truth: np.ndarray, one: tuple[int, ...], other: tuple[int, ...]):
    """Return how far two tissues are apart in an image, in spreads of a tissue."""
    quantiles = [np.percentile(image[np.isin(truth, part)], (16, 50, 84)) for part in (one, other)]
    (low, middle, high), (below, centre, above) = quantiles
    return abs(middle - centre) / np.sqrt(((high - low) ** 2 + (above - below) ** 2) / 8)


if __name__ == "__main__":
    main()

"""Dice of the twenty structures of the head table on people kept out of every training.

    python benchmarks/head_dice.py MAPS

Images are synthesised by the recipe of the training, whole and in the maps' own pose; the same
seeds give the same images. `--network` labels by the brain's network alone.
"""

import argparse
from pathlib import Path

import numpy as np

from anatwin.core import Volume
from anatwin.segment import HeadNetwork, WholeHead
from anatwin.train.evaluate import head_structures, synthetic_scores, table
from anatwin.train.maps import load_prepared, prepare


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("maps", type=Path)
    parser.add_argument("--names", nargs="+", default=["14", "19"])
    parser.add_argument("--images", type=int, default=3, help="of every map")
    parser.add_argument("--network", action="store_true")
    options = parser.parse_args()
    paths = [
        p for p in sorted(options.maps.glob("*.nii.gz")) if any(n in p.name for n in options.names)
    ]
    heads = [load_prepared(path) for path in prepare(paths, Path("build/head_dice"))]
    method = HeadNetwork() if options.network else WholeHead()

    def predict(volume: Volume) -> np.ndarray:
        labels = method(volume)
        return labels.data if options.network else head_structures(labels)

    scores = synthetic_scores(predict, heads, n_images=options.images)
    by_image = [f"{mean:.3f}" for mean in np.nanmean(scores, axis=1)]
    print("by image:", " ".join(by_image))
    print("| structure | n | Dice | 95 % CI |\n|---|---|---|---|")
    for row in table(scores):
        print(f"| {row.structure} | {row.n} | {row.mean:.3f} | {row.low:.3f} to {row.high:.3f} |")


if __name__ == "__main__":
    main()

"""Dice of the twenty structures of the head table on people kept out of every training.

    python benchmarks/head_dice.py MAPS

Images are synthesised by the recipe of the training, whole and in the maps' own pose; the same
seeds give the same images. Beside every image's mean Dice stands how sure the labels were, and how
far tissues are apart in it: difference of medians over the mean spread within. `--network` labels
by the brain's network alone. `--told` asks instead how well the atlas could name: on voxels of
2 mm, the Dice as it is, then with the truth told while the atlas is bent and learns what tissues
look like, not while it names; and that again with the networks silent while it names.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from anatwin.segment import HeadNetwork, WholeHead
from anatwin.segment.atlas import Witness, fit, head_atlas
from anatwin.segment.seen import Seen
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
    parser.add_argument("--told", action="store_true")
    options = parser.parse_args()
    paths = [
        p for p in sorted(options.maps.glob("*.nii.gz")) if any(n in p.name for n in options.names)
    ]
    heads = [load_prepared(path) for path in prepare(paths, Path("build/head_dice"))]
    if options.told:
        told(heads, options.images)
        return
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


TRUST_IN_TRUTH = 3.0


def told(heads, n_images: int):
    """Print how well the atlas names as it is, and how well it could."""
    print("| image | as it is | told | told, networks silent |\n|---|---|---|---|")
    means = []
    for n, (volume, truth) in enumerate(synthetic_images(heads, n_images=n_images)):
        means.append([np.nanmean(scores) for scores in bounds(volume, truth)])
        cells = " | ".join(f"{mean:.3f}" for mean in means[-1])
        print(f"| {heads[n // n_images].name}, {n % n_images} | {cells} |", flush=True)
    print("| mean | " + " | ".join(f"{mean:.3f}" for mean in np.mean(means, axis=0)) + " |")


def bounds(volume, truth: np.ndarray):
    """Return Dice by structure as it is, told, and told with the networks silent."""
    atlas, method = head_atlas(), WholeHead()
    seen = Seen.of(volume, HeadNetwork().window)
    right = np.zeros(seen.head.shape, np.uint8)
    right[tuple(slice(part.stop - part.start) for part in seen.box)] = truth[seen.box]
    levels = np.stack(
        [255 * (right == n).astype(np.uint8) for n in range(atlas.structure.max() + 1)]
    )
    knows = Witness(levels, atlas.structure, TRUST_IN_TRUTH)
    evidence = method.evidence(seen)
    informed = replace(evidence, near=(*evidence.near, knows))
    heard = evidence.coarser(2)
    silent = replace(
        heard,
        near=tuple(replace(witness, trust=0.0) for witness in heard.near),
        overview=replace(heard.overview, trust=0.0),
    )
    target = knows.coarser(2).levels.argmax(axis=0)
    bent = fit(atlas, informed)
    for fitted, given in ((fit(atlas, evidence), heard), (bent, heard), (bent, silent)):
        pair = np.concatenate([slab.argmax(axis=0) for _, slab in fitted.slabs(given)])
        yield dice(atlas.pairs[pair, 0], target)


def apart(image: np.ndarray, truth: np.ndarray, one: tuple[int, ...], other: tuple[int, ...]):
    """Return how far two tissues are apart in an image, in spreads of a tissue."""
    quantiles = [np.percentile(image[np.isin(truth, part)], (16, 50, 84)) for part in (one, other)]
    (low, middle, high), (below, centre, above) = quantiles
    return abs(middle - centre) / np.sqrt(((high - low) ** 2 + (above - below) ** 2) / 8)


if __name__ == "__main__":
    main()

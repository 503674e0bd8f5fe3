"""Whether a head's label map is plausible."""

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Check, Label, Labels, head_table
from anatwin.core.twin import Verdict
from anatwin.measure.census import Structure
from anatwin.measure.contact_checks import check_contacts
from anatwin.measure.structure_checks import check_found, found_structures, is_outside
from anatwin.ops.morphology import largest_part


def check_labels(labels: Labels) -> tuple[Check, ...]:
    """Check a head's labels: what was found, size, symmetry, sides and connection of the brain.

    Also what touches what, and how sure the labels are where they carry an uncertainty. One check
    for every structure follows.
    """
    found = found_structures(labels)
    brain = [s for s in found.values() if is_brain(s.label)]
    checks = [_check_found(labels, found)]
    if any(is_brain(label) for label in labels.table.labels):
        checks.append(_check_brain_volume(brain, labels.grid.voxel_mm3))
    if brain:
        checks += [_check_symmetry(brain), _check_connection(labels)]
    pairs = [(s, found[other]) for s in found.values() if (other := _partner(s, labels)) in found]
    if pairs:
        checks.append(_check_sides(pairs))
    if known := _direction(found):
        checks.append(_check_orientation(known))
    checks += check_contacts(labels)
    if found and labels.uncertainty is not None:
        checks.append(_check_confidence(labels.data, labels.uncertainty))
    return (*checks, *check_found(labels, found))


def is_brain(label: Label) -> bool:
    """Tell whether a structure of the head table or of the anatomy table is brain tissue."""
    parents = {entry.name: entry.parent for entry in head_table().labels}
    return "brain" in (label.parent, parents.get(label.parent))


def _grade(value: float, good: float, usable: float) -> Verdict:
    """Return the verdict on a value that should be small."""
    return "pass" if value <= good else "warn" if value <= usable else "fail"


def _check_found(labels: Labels, found: dict[str, Structure]) -> Check:
    absent = [label for label in labels.table.labels if label.name not in found]
    outside = [label.name for label in absent if is_outside(label.name, found)]
    missing = [label for label in absent if label.name not in outside]
    cut = [name for name, structure in found.items() if structure.is_cut]
    central = [m.name for m in missing if is_brain(m)]
    verdict: Verdict = "fail" if central or not found else "warn" if absent else "pass"
    parts = (
        ("Not found inside the field of view", [label.name for label in missing]),
        ("Perhaps outside the field of view", outside),
        ("Cut off by its edge", cut),
    )
    reason = " ".join(f"{what}: {', '.join(names)}." for what, names in parts if names)
    return Check(
        "structures",
        verdict,
        f"{len(found)} of {len(labels.table)} found",
        "every structure found",
        reason or "Every structure was found, none is cut off.",
        "Check that the scan shows the whole head, and that it was not skull-stripped or defaced.",
    )


def _check_brain_volume(brain: list[Structure], voxel_mm3: float) -> Check:
    volume = sum(s.n_voxels for s in brain) * voxel_mm3 / 1000
    cut = any(s.is_cut for s in brain)
    verdict: Verdict = (
        "pass" if 970 <= volume <= 1630 else "warn" if 700 <= volume <= 2000 else "fail"
    )
    if cut and volume < 970:
        verdict = "warn"
    edge = " The brain is cut off by the field of view." if cut else ""
    return Check(
        "brain volume",
        verdict,
        f"{volume:.0f} ml",
        "970 to 1630 ml",
        "Range of healthy adults without ventricles (Filipek et al. 1994, doi:10.1093/cercor/"
        f"4.4.344; Allen et al. 2002, doi:10.1002/ajpa.10092).{edge}",
        "A child's brain is smaller; otherwise look at the contours for parts missed or added.",
    )


def _check_symmetry(brain: list[Structure]) -> Check:
    left, right = (
        sum(s.n_voxels for s in brain if s.label.side == side) for side in ("left", "right")
    )
    index = 2 * abs(left - right) / max(left + right, 1)
    return Check(
        "left against right",
        _grade(index, 0.1, 0.25),
        f"{index:.1%}",
        "at most 10 %",
        "Difference of the two halves of the brain over their mean; healthy ones differ by a few "
        "per cent.",
        "Look at the midline: a tilted head, a lesion or a field of view that ends on one side.",
    )


def _check_connection(labels: Labels) -> Check:
    brain = np.zeros(max(labels.table.indices) + 1, np.bool_)
    brain[[entry.index for entry in labels.table.labels if is_brain(entry)]] = True
    share, n_parts = largest_part(brain[labels.data])
    return Check(
        "brain in one piece",
        _grade(1 - share, 0.01, 0.05),
        f"{share:.1%}",
        "at least 99 % in the largest part",
        f"The brain has {n_parts} separate part{'s' if n_parts > 1 else ''}.",
        "Islands are usually mistakes outside the brain; look at the contours and uncertainty.",
    )


def _partner(structure: Structure, labels: Labels) -> str:
    if structure.label.side != "left":
        return ""
    return labels.table[structure.label.mirror or structure.label.index].name


def _check_sides(pairs: list[tuple[Structure, Structure]]) -> Check:
    wrong = [a.label.name for a, b in pairs if a.centroid_mm[0] >= b.centroid_mm[0]]
    names = ", ".join(wrong)
    return Check(
        "sides",
        "fail" if wrong else "pass",
        f"{len(pairs) - len(wrong)} of {len(pairs)} pairs",
        "every left structure left of its partner",
        f"On the wrong side: {names}." if wrong else "Every left structure lies on the left.",
        "Check the orientation in the file's header; do not use these labels before.",
    )


def _direction(found: dict[str, Structure]) -> tuple[bool, bool] | None:
    """Tell whether the brain is above its stem and before its cerebellum; None if one is absent."""
    middle = {
        part: np.mean([s.centroid_mm for n, s in found.items() if n.startswith(part)], axis=0)
        for part in ("cortex", "brain_stem", "cerebellum")
        if any(name.startswith(part) for name in found)
    }
    if len(middle) < 3:
        return None
    up = middle["cortex"] - middle["brain_stem"]
    forward = middle["cortex"] - middle["cerebellum"]
    return bool(up[2] > 0), bool(forward[1] > 0)


def _check_orientation(known: tuple[bool, bool]) -> Check:
    is_up, is_forward = known
    wrong = [text for is_so, text in ((is_up, "top"), (is_forward, "front")) if not is_so]
    return Check(
        "orientation",
        "fail" if wrong else "pass",
        "turned" if wrong else "upright",
        "brain above its stem, before its cerebellum",
        f"The head's {' and '.join(wrong)} is not where the header says."
        if wrong
        else "The head lies as the file's header says.",
        "Labels follow the anatomy, but directions in the report are the header's: correct it.",
    )


def _check_confidence(
    data: NDArray[np.unsignedinteger], uncertainty: NDArray[np.floating]
) -> Check:
    total = sum(
        float(u[d > 0].sum(dtype=np.float64)) for d, u in zip(data, uncertainty, strict=True)
    )
    mean = total / np.count_nonzero(data)
    return Check(
        "confidence",
        _grade(mean, 0.12, 0.3),
        f"{1 - mean:.0%}",
        "at least 88 %",
        "Mean probability of the structure that each labelled voxel was given. Of 20 synthetic "
        "heads 13 were surer, with a mean Dice of 0.87; the 7 others reached 0.68.",
        "Look at the uncertainty map; the scan may be noisy, cropped, or not show a head.",
    )

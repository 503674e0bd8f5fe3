"""What the interactive view shows, as plain values that the page's script reads."""

from typing import Any

from anatwin.core import Label, Twin
from anatwin.report.content import readable
from anatwin.report.figures import grey_window
from anatwin.report.preview import (
    MOST_FACES,
    MOST_STRUCTURES,
    pack,
    preview_image,
    preview_labels,
    simplify,
    size_note,
)
from anatwin.report.render import enclosing


def structures(twin: Twin) -> tuple[Label, ...]:
    """Return the structures that the label map holds, in the table's order."""
    if twin.labels is None:
        return ()
    counts = twin.labels.counts()
    found = [label for label in twin.labels.table.labels if counts[label.index]]
    largest = sorted(found, key=lambda label: -counts[label.index])[:MOST_STRUCTURES]
    kept = {label.index for label in largest}
    return tuple(label for label in found if label.index in kept)


def make_scene(twin: Twin) -> dict[str, Any] | None:
    """Return image, labels and surfaces small enough for a page; None without an image."""
    if twin.image is None:
        return None
    image, grid = preview_image(twin.image, grey_window(twin.image))
    found = structures(twin)
    labels = (
        preview_labels(twin.labels, [label.index for label in found])
        if twin.labels and found
        else ""
    )
    return {
        "image": image,
        "labels": labels,
        "structures": [
            {"name": readable(label.name), "colour": list(label.colour)} for label in found
        ],
        "surfaces": _surfaces(twin),
        "note": size_note(grid, twin.image.grid),
    }


def _surfaces(twin: Twin) -> list[dict[str, Any]]:
    light = simplify(twin.surfaces, MOST_FACES)
    return [
        {
            "name": readable(surface.name),
            "colour": list(surface.colour),
            "encloses": encloses,
            **pack(surface),
        }
        for surface, encloses in zip(light, enclosing(light), strict=True)
        if len(surface.faces)
    ]

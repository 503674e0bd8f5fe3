"""Finished parts of the bone study in a folder, so that an interrupted one goes on there."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from anatwin.core import UsageError
from anatwin.io.files import atomic_output
from anatwin.simulate.kept_femora import read_bone, write_bone
from anatwin.studies.bone_pictures import Picture

T = TypeVar("T")
Moduli = dict[str, dict[str, float]]
"""Apparent moduli [MPa] by region."""


@dataclass(frozen=True)
class Parts:
    """What is found of one femur; what is there is not found again.

    Parameters
    ----------
    folder
        Where its parts are kept.
    """

    folder: Path

    def picture(self, method: str, make: Callable[[], Picture]) -> Picture:
        """Return what a method makes of the femur."""
        path = self.folder / f"{_stem(method)}.npz"

        def made() -> dict[str, float]:
            picture = make()
            write_bone(picture.bone, path)
            return {"cpu_s": picture.cpu_s, "wall_s": picture.wall_s}

        times = _kept(path.with_suffix(".json"), made)
        return Picture(read_bone(path), **times)

    def moduli(self, method: str, condition: str, find: Callable[[], Moduli]) -> Moduli:
        """Return the moduli of a method's picture under a condition."""
        return _kept(self.folder / f"{_stem(method)}-{condition}.json", find)


def check_settings(folder: Path, settings: dict[str, object]) -> None:
    """Remember a study's settings, or compare them with those of the parts in the folder.

    Raises
    ------
    UsageError
        If the parts are of a study with other settings.
    """
    wanted = {name: str(value) for name, value in settings.items()}
    kept = _kept(folder / "settings.json", lambda: wanted)
    if other := [name for name in wanted if kept.get(name) != wanted[name]]:
        raise UsageError(
            f"{folder} keeps parts of a study with another {', '.join(other)}; name a new folder."
        )


def _stem(method: str) -> str:
    """Return a method's name as that of a file."""
    return "_".join("".join(c if c.isalnum() else " " for c in method).split())


def _kept(path: Path, find: Callable[[], T]) -> T:
    """Return what a file holds; without it, what is found now and written there."""
    if path.exists():
        found: T = json.loads(path.read_text(encoding="utf-8"))
        return found
    path.parent.mkdir(parents=True, exist_ok=True)
    found = find()
    with atomic_output(path) as made:
        made.write_text(json.dumps(found), encoding="utf-8")
    return found

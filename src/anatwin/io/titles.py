"""What a surface file states in words: space, unit, colour and the structure's name."""

import re
from pathlib import Path

from anatwin.core import Surface
from anatwin.core.labels import Colour, parse_colour

_GREY: Colour = (200, 200, 200)


def safe_name(text: str) -> str:
    """Return ``text`` as a plain file name: letters, digits, dot, dash and underscore only."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._")[:64]
    return plain or "surface"


def title_of(surface: Surface) -> str:
    """Return the line that goes into a file's header."""
    colour = bytes(surface.colour).hex()
    return f"SPACE=RAS UNIT=mm COLOUR=#{colour} NAME={safe_name(surface.name)}"


def name_and_colour(title: str, path: Path) -> tuple[str, Colour]:
    """Return what a header states; a file without it is grey and called as its file is."""
    name = re.search(r"NAME=([\w.-]+)", title)
    colour = re.search(r"COLOUR=(#[0-9a-f]{6})", title)
    return (
        safe_name(name.group(1) if name else path.stem),
        parse_colour(colour.group(1)) if colour else _GREY,
    )

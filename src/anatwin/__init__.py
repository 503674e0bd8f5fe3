"""From what an MRI scanner measured to a digital twin of a person's anatomy."""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "build": "anatwin.builder",
    "Plan": "anatwin.plan",
    "read_plan": "anatwin.plan",
    "open_source": "anatwin.io.source",
    "read_case": "anatwin.io.case",
    "Grid": "anatwin.core",
    "KSpace": "anatwin.core",
    "Labels": "anatwin.core",
    "Surface": "anatwin.core",
    "Twin": "anatwin.core",
    "Volume": "anatwin.core",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Import a public name when it is first used, so that ``import anatwin`` is instant."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'anatwin' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    """List the public names."""
    return list(__all__)

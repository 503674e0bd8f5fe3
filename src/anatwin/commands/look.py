"""``anatwin info``, ``anatwin doctor`` and ``anatwin completion``."""

import importlib
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import tyro

from anatwin.commands.options import Input
from anatwin.commands.terminal import say

_NEEDED = ("numpy", "scipy", "numba", "onnxruntime", "nibabel", "pydicom", "h5py", "ismrmrd", "vtk")
_OPTIONAL = {
    "torch": "train",
    "SimpleITK": "align",
    "finufft": "nufft",
    "nnunetv2": "nnunet",
    "onnxruntime-gpu": "gpu",
}


@dataclass(frozen=True)
class Info:
    """Say what a file is: format, grid, orientation, sequence, what was noticed."""

    source: Input
    """NIfTI file, DICOM folder or k-space."""

    def run(self) -> None:
        """Print the facts."""
        from anatwin.core import KSpace, NonCartesian
        from anatwin.core.kspace import describe
        from anatwin.core.noncartesian import describe_noncartesian
        from anatwin.io.source import open_source

        opened = open_source(self.source)
        grid = opened.product.grid
        facts = {"format": opened.kind, "shape": grid.shape, "orientation": grid.axis_codes()}
        facts["spacing_mm"] = tuple(round(s, 4) for s in grid.spacing_mm)
        if isinstance(opened.product, KSpace):
            facts |= describe(opened.product)
        if isinstance(opened.product, NonCartesian):
            facts |= describe_noncartesian(opened.product)
        for name, value in [*facts.items(), *opened.facts]:
            say(f"{name:<16} {value}")
        for note in opened.notes:
            say(f"note             {note}")


@dataclass(frozen=True)
class Doctor:
    """Say whether this installation works: versions, memory, disk, optional parts."""

    def run(self) -> int:
        """Print one line per part; exit code 1 when a needed part is broken."""
        say(f"anatwin {version('anatwin')}, Python {platform.python_version()}, {sys.platform}")
        broken = [name for name in _NEEDED if not _is_fine(name)]
        for name, extra in _OPTIONAL.items():
            say(f"  {name:<16} {_version(name) or f'not installed (anatwin[{extra}])'}")
        from anatwin.nets import find

        say(f"  {'head network':<16} {find('head').stat().st_size / 1e6:.0f} MB, checksum fits")
        say(f"  {'memory':<16} {_memory_gb():.1f} GB available; a 1 mm head needs 4 GB")
        say(f"  {'disk':<16} {shutil.disk_usage(Path.cwd()).free / 1e9:.0f} GB free here")
        say(f"Broken: {', '.join(broken)}. Install again." if broken else "All needed parts work.")
        return int(bool(broken))


@dataclass(frozen=True)
class Completion:
    """Print a completion script.

    For example:  anatwin completion bash > ~/.local/share/bash-completion/completions/anatwin
    """

    shell: tyro.conf.Positional[Literal["bash", "zsh", "tcsh"]]
    """Which shell."""

    def run(self) -> None:
        """Print the script."""
        from anatwin.commands import Command

        options = ["--tyro-print-completion", self.shell]
        tyro.cli(Command, prog="anatwin", args=options)


def _is_fine(name: str) -> bool:
    try:
        importlib.import_module(name)
    except (ImportError, OSError) as error:
        say(f"  {name:<16} BROKEN: {error}")
        return False
    say(f"  {name:<16} {_version(name)}")
    return True


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _memory_gb() -> float:
    """Return what the system can still give [GB]."""
    info = Path("/proc/meminfo")
    if not info.exists():
        return float("nan")
    lines = dict(line.split(":") for line in info.read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) / 1e6

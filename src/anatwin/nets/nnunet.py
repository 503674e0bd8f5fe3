"""nnU-Net in a process of its own: it may live in another environment, with another torch.

Isensee et al. 2021, doi:10.1038/s41592-020-01008-z; version 2 and its command line.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal

from anatwin.core import InputError, MissingPartError
from anatwin.nets.runtime import Device

Arguments = list[str | Path | int]

FOLDERS = ("raw", "preprocessed", "results")
"""Where nnU-Net keeps its datasets, what it made of them, and its networks."""


def run_nnunet(
    command: str,
    *arguments: str | Path | int,
    home: Path | None = None,
    processes: int = 1,
    quiet: bool = False,
) -> None:
    """Run one of nnU-Net's commands until it ends.

    Parameters
    ----------
    command
        Its name without ``nnUNetv2_``.
    arguments
        What follows it.
    home
        Folder that holds nnU-Net's own three folders, where the command needs them.
    processes
        That it may start beside its own; left to itself it starts eight or more.
    quiet
        Keep its output for the message of an error instead of showing it.

    Raises
    ------
    MissingPartError
        If nnU-Net is not installed.
    InputError
        If the command fails.
    """
    name = f"nnUNetv2_{command}"
    beside = str(Path(sys.executable).parent)
    program = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), beside]))
    if program is None:
        raise MissingPartError(
            f"{name} is not on the PATH; install nnU-Net here or in an environment of its own: "
            "pip install nnunetv2"
        )
    environment = dict(os.environ)
    for folder in FOLDERS if home else ():
        environment[f"nnUNet_{folder}"] = str(Path(home or "", folder).absolute())
    for what in ("def_n_proc", "n_proc_DA"):
        environment[f"nnUNet_{what}"] = str(processes)
    ended = subprocess.run(
        [program, *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
        check=False,
    )
    if ended.returncode:
        said = (ended.stdout or "").strip().splitlines()
        raise InputError(f"{name} failed: {said[-1] if said else 'see its messages above'}")


def nnunet_device(device: Device) -> Literal["cpu", "cuda"]:
    """Return where nnU-Net shall run; auto takes a graphics card where NVIDIA's driver has one."""
    if device != "auto":
        return device
    driver = shutil.which("nvidia-smi")
    if driver is None:
        return "cpu"
    listed = subprocess.run([driver, "-L"], capture_output=True, check=False)
    return "cuda" if listed.returncode == 0 and listed.stdout.strip() else "cpu"

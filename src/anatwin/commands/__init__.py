"""The sub-commands, one frozen dataclass each: its fields are the options, ``run`` does it."""

from typing import Annotated

import tyro

from anatwin.commands.build import Build, PlanCommand
from anatwin.commands.fuse import Fuse
from anatwin.commands.look import Completion, Doctor, Info
from anatwin.commands.simulate import SimulateCommand
from anatwin.commands.study import StudyCommand
from anatwin.commands.train import Train
from anatwin.commands.verbs import Acquire, Measure, Mesh, Phantom, Reconstruct, Report, Segment

named = tyro.conf.subcommand

Command = (
    Build
    | Annotated[PlanCommand, named("plan")]
    | Info
    | Doctor
    | Acquire
    | Reconstruct
    | Fuse
    | Segment
    | Mesh
    | Measure
    | Annotated[SimulateCommand, named("simulate")]
    | Report
    | Phantom
    | Annotated[StudyCommand, named("study")]
    | Train
    | Completion
)

__all__ = ["Command"]

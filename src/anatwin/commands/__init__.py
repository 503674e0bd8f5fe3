"""The sub-commands, one frozen dataclass each: its fields are the options, ``run`` does it."""

from typing import Annotated

import tyro

from anatwin.commands.bone import Enhance, Morphometry, Stiffness
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
    | Annotated[Stiffness, named("measure-stiffness")]
    | Annotated[Morphometry, named("measure-bone")]
    | Enhance
    | Annotated[SimulateCommand, named("simulate")]
    | Report
    | Phantom
    | Annotated[StudyCommand, named("study")]
    | Train
    | Completion
)

TWO_WORDS = {("measure", "stiffness"), ("measure", "bone")}
"""Commands that are said in two words; the first alone takes a file."""

__all__ = ["TWO_WORDS", "Command"]

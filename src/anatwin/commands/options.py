"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import tyro

Input = tyro.conf.Positional[Path]
Output = Annotated[Path, tyro.conf.arg(aliases=["-o"])]
OptionalOutput = Annotated[Path | None, tyro.conf.arg(aliases=["-o"])]

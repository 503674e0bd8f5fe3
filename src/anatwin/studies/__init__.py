"""The papers' experiments: run one, get its tables, its figures, and the comparison.

Contract of a study:

* It is a frozen dataclass of its own options, and takes paths of inputs.
* It returns ``Findings``: tables that state the metric's convention, n, an interval and whether
  the k-space is raw or synthetic; figures; and what the numbers say beside the paper's.
* ``write_findings`` puts them into a folder: CSV, Markdown and PNG files, and one page.
"""

from collections.abc import Callable
from pathlib import Path

from anatwin.studies.bone import Bone
from anatwin.studies.cascades import Cascades
from anatwin.studies.findings import Figure, Findings, Table
from anatwin.studies.head import Head
from anatwin.studies.masks import Masks
from anatwin.studies.page import write_findings
from anatwin.studies.scans import Scans
from anatwin.studies.supermask import Supermask

Study = Callable[[tuple[Path, ...]], Findings]

__all__ = [
    "Bone",
    "Cascades",
    "Figure",
    "Findings",
    "Head",
    "Masks",
    "Scans",
    "Study",
    "Supermask",
    "Table",
    "write_findings",
]

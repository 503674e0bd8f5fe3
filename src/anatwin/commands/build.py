"""``anatwin build`` and ``anatwin plan``."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import tyro

from anatwin.commands.options import OptionalOutput, Output
from anatwin.commands.terminal import announce, progress, say
from anatwin.core import QualityError, Twin, UsageError
from anatwin.plan import Plan, plan_text, read_plan


@dataclass(frozen=True)
class Build:
    """Build a digital twin from a scan: image, labels, surfaces, measures and a report.

    INPUT is a NIfTI file, a folder with a DICOM series, or k-space (ISMRMRD .h5, fastMRI .h5,
    BART .cfl). Several images of one person are aligned and fused first, whatever their directions.
    A second run on the same input does only what changed.

    For example:

    anatwin build scan.nii.gz -o case

    anatwin build dicom_folder -o case --accelerate cartesian:4

    anatwin build kspace.h5 -o case --plan plan.toml

    anatwin build axial.nii.gz coronal.nii.gz sagittal.nii.gz -o case
    """

    sources: tyro.conf.Positional[tuple[Path, ...]]
    """What the scanner made."""

    output: Output
    """Case folder to make or to bring up to date."""

    plan: Path | None = None
    """TOML file with one table per stage; 'anatwin plan' prints one to start from."""

    subject: str | None = None
    """Code for the person, never a name: letters, digits, dashes."""

    accelerate: str | None = None
    """Scan an image by simulation first, for example cartesian:4; labelled synthetic k-space."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where networks run."""

    frame: int | None = None
    """Which volume of a 4-D file, from 0."""

    dry_run: bool = False
    """Say what would be done, and do nothing."""

    def run(self) -> int:
        """Build, or say what would be built."""
        plan = self._plan()
        if self.dry_run:
            return self._outlook(plan)
        from anatwin.builder import build

        say(f"Building {self.output} from {', '.join(map(str, self.sources))}")
        with progress():
            twin = build(
                self.sources,
                self.output,
                plan=plan,
                subject=self.subject,
                frame=self.frame,
                announce=announce,
            )
        return _conclude(twin, self.output)

    def _plan(self) -> Plan:
        from anatwin.acquire import parse_accelerate

        plan = read_plan(self.plan) if self.plan else Plan()
        if self.accelerate:
            if self.plan and plan.acquire:
                raise UsageError("--accelerate and the plan's [acquire] cannot both be given.")
            plan = replace(plan, acquire=parse_accelerate(self.accelerate))
        return replace(plan, segment=replace(plan.segment, device=self.device))

    def _outlook(self, plan: Plan) -> int:
        from anatwin.builder import outlook

        for stage, is_reused in outlook(self.sources, self.output, plan=plan, frame=self.frame):
            say(f"  {stage:<12} {'unchanged, would be reused' if is_reused else 'would run'}")
        return 0


def _conclude(twin: Twin, case: Path) -> int:
    """Print what failed and the last line; its word, qc.json and the exit code agree."""
    for check in twin.checks:
        if check.verdict == "fail":
            say(f"  failed: {check.name}, {check.value} (wanted: {check.threshold})")
    say(f"{twin.verdict.upper()}  {case / 'report.html'}")
    return QualityError.exit_code if twin.verdict == "fail" else 0


@dataclass(frozen=True)
class PlanCommand:
    """Print a plan with every option explained, ready to edit."""

    output: OptionalOutput = None
    """File to write instead of printing."""

    def run(self) -> None:
        """Print or write the default plan."""
        if self.output is None:
            say(plan_text(Plan()))
            return
        from anatwin.io.files import atomic_output

        with atomic_output(self.output) as path:
            path.write_text(plan_text(Plan()), encoding="utf-8")
        say(f"Wrote {self.output}")

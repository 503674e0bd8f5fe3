"""Everything known about one person, and the history of how it came to be known."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from anatwin.core.labels import Labels
from anatwin.core.noncartesian import AnyKSpace
from anatwin.core.surface import Surface
from anatwin.core.volume import Volume

Verdict = Literal["pass", "warn", "fail"]
VERDICTS: tuple[Verdict, ...] = ("pass", "warn", "fail")


@dataclass(frozen=True, slots=True)
class Step:
    """One stage that ran: enough to run it again.

    Parameters
    ----------
    stage
        The verb, for example ``reconstruct``.
    method
        Class name of the method.
    parameters
        Its hyper-parameters, in order.
    seconds
        Wall time of the computation, also when this run reused it.
    peak_mb
        Highest resident memory of the process up to the end of the step [MB].
    inputs, outputs
        Names of files or products and the sha256 of their content.
    versions
        Software that did it.
    is_cached
        Whether this run reused an earlier result.
    note
        What a reader should know, for example why this method was chosen.
    key
        sha256 of the stage, its method, its parameters and everything upstream: equal keys mean
        equal results.
    """

    stage: str
    method: str
    parameters: tuple[tuple[str, Any], ...] = ()
    seconds: float = 0.0
    peak_mb: float = 0.0
    inputs: tuple[tuple[str, str], ...] = ()
    outputs: tuple[tuple[str, str], ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
    is_cached: bool = False
    note: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """One number, with everything needed to compare it with another.

    Parameters
    ----------
    name
        What was measured, with its convention: ``volume``, ``PSNR[volume, max(reference)]``.
    structure
        Structure's name, or ``image``.
    value
        The number.
    unit
        Its unit, empty for a ratio.
    uncertainty
        Standard uncertainty in the same unit, where known.
    basis
        Where the number comes from: ``labels on 1.00 mm voxels``, ``synthetic k-space``.
    """

    name: str
    structure: str
    value: float
    unit: str = ""
    uncertainty: float | None = None
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A quality check: what was seen, what was allowed, what to do.

    Parameters
    ----------
    name
        What is checked.
    verdict
        ``pass``, ``warn`` or ``fail``.
    value
        What was seen.
    threshold
        What passes.
    reason
        One sentence for the reader.
    advice
        What to do when it does not pass.
    """

    name: str
    verdict: Verdict
    value: str
    threshold: str
    reason: str
    advice: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class Twin:
    """Everything known about one subject. Stages add to a copy; none edits it.

    Parameters
    ----------
    subject
        A code, never a name.
    source
        What it was built from, as the user gave it.
    origin
        ``raw k-space``, ``synthetic k-space`` or ``image``.
    kspace, baseline, image, reference
        What was measured, its zero-filled image, the image used from here on, and the truth
        where the measurement was simulated from one.
    labels, regions, surfaces, measures, checks
        What was derived; regions part the cortex of the labels further.
    facts
        What the source says of itself: format, sequence, field strength.
    notes
        What was noticed and decided while reading it.
    history
        Every step, in order.
    """

    subject: str
    source: str
    origin: str
    kspace: AnyKSpace | None = None
    baseline: Volume | None = None
    image: Volume | None = None
    reference: Volume | None = None
    labels: Labels | None = None
    regions: Labels | None = None
    surfaces: tuple[Surface, ...] = ()
    measures: tuple[Measure, ...] = ()
    checks: tuple[Check, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    history: tuple[Step, ...] = ()

    def after(self, step: Step, **products: Any) -> "Twin":  # noqa: ANN401
        """Return a copy with the products of ``step`` added."""
        return replace(self, **products, history=(*self.history, step))

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all checks."""
        return max((check.verdict for check in self.checks), key=VERDICTS.index, default="pass")

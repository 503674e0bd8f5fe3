"""From a file that a scanner made to a case folder: all of it, or none of it."""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from anatwin.core import (
    AnyKSpace,
    InputError,
    KSpace,
    ResourceError,
    Step,
    Twin,
    UsageError,
    Volume,
)
from anatwin.io.case import (
    REPORT_FILE,
    TWIN_FILE,
    read_case,
    read_source_name,
    read_steps,
    write_twin_file,
)
from anatwin.io.files import sha256_file
from anatwin.io.source import identify, open_source
from anatwin.pipeline import Announce, Shelf, Views, is_intact, link_file, run, stage_keys
from anatwin.plan import Plan
from anatwin.report import write_report


def build(
    source: Path | str | Sequence[Path | str],
    case: Path | str,
    *,
    plan: Plan | None = None,
    subject: str | None = None,
    frame: int | None = None,
    announce: Announce | None = None,
) -> Twin:
    """Build a twin from a scan and leave it in a case folder.

    What an earlier run left there is used again where neither the source nor the plan changed.
    The folder appears, or changes, only when everything is done.

    Parameters
    ----------
    source
        NIfTI file, folder with a DICOM series, or k-space (ISMRMRD, fastMRI, BART). Several images
        of one person, or a folder of NIfTI files, are aligned and fused.
    case
        Folder to make, or an earlier case of the same source.
    plan
        One method per stage; the default plan otherwise.
    subject
        A code for the person, never a name: letters, digits, dashes.
    frame
        Which volume of a 4-D file, from 0.
    announce
        Called with every step when it is done.

    Returns
    -------
    Twin
        Everything that is now known; its ``verdict`` says whether the quality checks passed.

    Raises
    ------
    UsageError
        If the case exists and is something else, or the subject is not a code.
    InputError
        If the source cannot be what it claims to be.
    ResourceError
        If the case cannot be written.
    """
    sources, case, plan = sources_of(source), Path(case), plan or Plan()
    content = _content(sources, frame)
    subject = check_subject(subject or f"sub-{content[:8]}")
    name = _name(sources)
    steps = _previous_steps(case, name)
    if all(reused for _, reused in outlook(sources, case, plan=plan, frame=frame)):
        return read_case(case)
    with _replacing(case, steps) as folder:
        product, facts, notes = _opened(sources, frame)
        twin = run(
            plan,
            product,
            about=Twin(subject, name, "", facts=facts, notes=notes),
            fingerprint=content,
            shelf=Shelf(folder, case, {step.key: step for step in steps}),
            announce=announce,
        )
        write_twin_file(twin, folder)
        write_report(twin, folder / REPORT_FILE)
    return twin


def outlook(
    source: Path | str | Sequence[Path | str],
    case: Path,
    *,
    plan: Plan,
    frame: int | None = None,
) -> tuple[tuple[str, bool], ...]:
    """Tell, without doing anything, what a build would do.

    Returns
    -------
    tuple of (str, bool)
        Each stage, and whether its earlier result would be used again.
    """
    sources = sources_of(source)
    keys = stage_keys(plan, _kind(sources), _content(sources, frame))
    steps = {step.key: step for step in _previous_steps(case, _name(sources))}
    return tuple((name, key in steps and is_intact(steps[key], case)) for name, key in keys)


def sources_of(source: Path | str | Sequence[Path | str]) -> tuple[Path, ...]:
    """Return the files and folders that a twin is built from.

    A folder that is no case and holds NIfTI files stands for these files, in order of name.

    Raises
    ------
    UsageError
        If there is none.
    """
    given = (source,) if isinstance(source, Path | str) else tuple(source)
    paths = tuple(Path(path) for path in given)
    if not paths:
        raise UsageError("A twin is built from one scan or several, got none.")
    if len(paths) > 1 or not paths[0].is_dir() or (paths[0] / TWIN_FILE).exists():
        return paths
    files = sorted(path for path in paths[0].glob("*.nii*") if path.is_file())
    return tuple(files) or paths


def _opened(
    sources: tuple[Path, ...], frame: int | None
) -> tuple[Volume | AnyKSpace | Views, tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Return the product, what is known of how it was acquired, and what was noticed."""
    opened = [open_source(path, frame=frame) for path in sources]
    if len(opened) == 1:
        return opened[0].product, opened[0].facts, opened[0].notes
    views = []
    for path, one in zip(sources, opened, strict=True):
        if not isinstance(one.product, Volume):
            raise InputError(
                f"{path} is k-space; of several inputs each must be an image: 'anatwin "
                "reconstruct' makes one."
            )
        views.append(one.product.magnitude())
    notes = [
        f"{path.name}: {note}"
        for path, one in zip(sources, opened, strict=True)
        for note in one.notes
    ]
    return tuple(views), opened[0].facts, tuple(notes)


def _kind(sources: tuple[Path, ...]) -> type[Volume | AnyKSpace | Views]:
    if len(sources) > 1:
        return tuple
    return KSpace if identify(sources[0]) in ("ISMRMRD", "fastMRI", "BART") else Volume


def _name(sources: tuple[Path, ...]) -> str:
    return ", ".join(path.name for path in sources)


def _content(sources: tuple[Path, ...], frame: int | None) -> str:
    """Return the sha256 of everything that all sources consist of."""
    parts = [fingerprint(path, frame) for path in sources]
    return parts[0] if len(parts) == 1 else hashlib.sha256("".join(parts).encode()).hexdigest()


def fingerprint(source: Path, frame: int | None = None) -> str:
    """Return the sha256 of everything that a source consists of.

    Raises
    ------
    InputError
        If there is no such file or folder.
    """
    kind = identify(source)
    if source.is_dir():
        parts = sorted(path for path in source.rglob("*") if path.is_file())
    elif kind == "BART":
        parts = [source.with_suffix(".hdr"), source.with_suffix(".cfl")]
    else:
        parts = [source]
    digest = hashlib.sha256(str(frame).encode())
    for part in parts:
        digest.update(sha256_file(part).encode())
    return digest.hexdigest()


def check_subject(subject: str) -> str:
    """Return a subject code, refusing anything that could be a name or a path."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}", subject):
        raise UsageError(f"A subject is a code of letters, digits and dashes, got {subject!r}.")
    return subject


def _previous_steps(case: Path, source: str) -> tuple[Step, ...]:
    """Return the steps of an earlier run, refusing to touch what is not one."""
    if not case.exists() or (case.is_dir() and not any(case.iterdir())):
        return ()
    if not (case / TWIN_FILE).is_file():
        raise UsageError(f"{case} exists and is not a case; choose another folder.")
    if (name := read_source_name(case)) != source:
        raise UsageError(f"{case} is the case of {name}, not of {source}; choose another.")
    return read_steps(case)


@contextmanager
def _replacing(case: Path, steps: tuple[Step, ...]) -> Iterator[Path]:
    """Give a new folder that takes the place of the case when the block succeeds."""
    try:
        case.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{case.name}.", suffix=".partial", dir=case.parent))
    except OSError as error:
        raise ResourceError(f"{case} cannot be written: {error.strerror}.") from error
    try:
        yield folder
        _carry_over(case, folder, steps)
        _swap(folder, case)
    except OSError as error:
        # people know the case, not the hidden folder that it is made in
        reason = str(error).replace(str(folder), str(case))
        raise ResourceError(f"The case is not made: {reason}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _carry_over(case: Path, folder: Path, steps: tuple[Step, ...]) -> None:
    """Keep the files that a person added to a case."""
    ours = {file for step in steps for file, _ in step.outputs} | {TWIN_FILE, REPORT_FILE}
    for path in case.rglob("*") if case.is_dir() else ():
        name = path.relative_to(case)
        if path.is_file() and str(name) not in ours and not (folder / name).exists():
            link_file(path, folder / name)


def _swap(folder: Path, case: Path) -> None:
    """Put ``folder`` in the place of ``case``; an interruption leaves one or the other whole."""
    folder.chmod(0o755)
    if not case.exists():
        folder.rename(case)
        return
    old = folder.with_suffix(".old")
    case.rename(old)
    folder.rename(case)
    shutil.rmtree(old)

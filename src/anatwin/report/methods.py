"""The methods paragraph of a paper, made from the steps that ran."""

import importlib
import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from anatwin.core import Step, Twin

_OPENINGS = {
    "acquire": "The scan was simulated from an image",
    "reconstruct": "Images were reconstructed",
    "fuse": "Scans were aligned and fused into one image",
    "segment": "Structures were labelled",
    "mesh": "Surfaces were extracted",
    "measure": "Measures were taken",
}
"""What a stage does, in a paper's words. Other stages are named as they are."""

_HEADING = re.compile(r"^\s*References?\s*(?::|\n\s*-{3,}\s*\n)", re.MULTILINE)
_DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:\s*)(10\.\d{4,9}/[^\s;,]*[^\s;,.)])", re.I)
_ARXIV = re.compile(r"arXiv:\s*(\d{4}\.\d{4,5})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reference:
    """One work that a method cites."""

    text: str
    link: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence and the numbers of the works that it cites."""

    text: str
    citations: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Methods:
    """A paragraph and its list of references, numbered from 1."""

    sentences: tuple[Sentence, ...]
    references: tuple[Reference, ...]


def write_methods(twin: Twin) -> Methods:
    """Return what was done, in the order in which it was done, with the works to cite."""
    references: list[Reference] = []
    sentences = [_opening(twin)]
    for step in twin.history:
        description, cited = _document(step)
        for work in cited:
            if work not in references:
                references.append(work)
        numbers = tuple(references.index(work) + 1 for work in cited)
        if step.stage in _OPENINGS or numbers:
            sentences.append(Sentence(_sentence(step, description), numbers))
    sentences.append(Sentence(_software(twin.history)))
    return Methods(tuple(s for s in sentences if s.text), tuple(references))


def _opening(twin: Twin) -> Sentence:
    sources = {
        "raw k-space": "The twin was built from raw k-space as the scanner measured it.",
        "synthetic k-space": "The twin was built from synthetic k-space, simulated from an image; "
        "errors therefore hold for simulated measurements.",
        "image": "The twin was built from an image as the scanner reconstructed it.",
    }
    return Sentence(sources.get(twin.origin, f"The twin was built from {twin.origin}."))


def _sentence(step: Step, description: str) -> str:
    opening = _OPENINGS.get(step.stage, f"The stage {step.stage} was run")
    options = ", ".join(f"{name.replace('_', ' ')} {_plain(v)}" for name, v in step.parameters)
    method = f" with {step.method}" if step.method != step.stage else ""
    detail = "; ".join(filter(None, (_lower(description), options)))
    return f"{opening}{method}{f' ({detail})' if detail else ''}."


def _lower(text: str) -> str:
    """Return a summary as part of a sentence; an acronym keeps its capitals."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _plain(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, dict):
        return "(" + ", ".join(f"{k.replace('_', ' ')} {_plain(v)}" for k, v in value.items()) + ")"
    if isinstance(value, float):
        return f"{value:g}"
    return "automatic" if value is None else str(value)


def _software(history: Iterable[Step]) -> str:
    versions = {name: version for step in history for name, version in step.versions}
    used = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"Software: {used}." if used else ""


def _document(step: Step) -> tuple[str, tuple[Reference, ...]]:
    """Return the summary and the references in the documentation of the method of a step."""
    try:
        module = importlib.import_module(f"anatwin.{step.stage}")
    except ModuleNotFoundError:
        return "", ()
    method = getattr(module, step.method, None)
    if not inspect.isclass(method):
        return "", ()
    text = inspect.getdoc(method) or ""
    return _summary(text), find_references(text)


def _summary(text: str) -> str:
    first = " ".join(text.split("\n\n")[0].split())
    return re.split(r"\.\s|\.$|:\s", first)[0].strip()


def find_references(text: str) -> tuple[Reference, ...]:
    """Return the works cited in a docstring: a list under References, or sentences with a DOI.

    Entries of a list are separated by semicolons, by ``.. [1]`` or by empty lines.
    """
    heading = _HEADING.search(text)
    if heading:
        entries = re.split(r";\s+|\n\s*\n|\.\. \[\d+\]", text[heading.end() :])
    else:
        cited = re.findall(r"\(([^()]*(?:doi:|doi\.org/|arXiv:)[^()]*)\)", text)
        entries = [entry for group in cited for entry in group.split("; ")]
    plain = (" ".join(entry.split()).strip(" .") for entry in entries)
    return tuple(Reference(entry, _link(entry)) for entry in plain if entry)


def _link(entry: str) -> str:
    if found := _DOI.search(entry):
        return f"https://doi.org/{found.group(1)}"
    if found := _ARXIV.search(entry):
        return f"https://arxiv.org/abs/{found.group(1)}"
    return ""

"""One method per stage, and the TOML file that says so."""

import ast
import inspect
import tomllib
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from itertools import pairwise
from pathlib import Path
from textwrap import dedent, wrap
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from anatwin.acquire import AcquireMethod, NonCartesianAcquireMethod
from anatwin.align import GlobalRigid
from anatwin.core import UsageError
from anatwin.fuse import SuperResolution
from anatwin.mesh import MeshMethod, SurfaceNets
from anatwin.reconstruct import Automatic, ReconstructMethod
from anatwin.segment import SegmentMethod, WholeHead


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One method per stage."""

    acquire: AcquireMethod | NonCartesianAcquireMethod | None = None
    """Scan an image by simulation before reconstructing it; leave out to use the image as it is."""

    reconstruct: ReconstructMethod = field(default_factory=Automatic)
    """K-space to image."""

    align: GlobalRigid = field(default_factory=GlobalRigid)
    """How several scans of one person lie to one another."""

    fuse: SuperResolution = field(default_factory=SuperResolution)
    """Several scans to one image."""

    segment: SegmentMethod = field(default_factory=WholeHead)
    """Image to labels."""

    mesh: MeshMethod = field(default_factory=SurfaceNets)
    """Labels to surfaces."""


def read_plan(path: Path) -> Plan:
    """Read a plan from TOML: one table per stage, whose ``method`` names the class.

    Raises
    ------
    UsageError
        If the file cannot be read or names an unknown stage, method or parameter.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"A plan must be a readable TOML file, got {path}: {error}") from error
    choices = stage_methods()
    if unknown := sorted(set(tables) - set(choices)):
        raise UsageError(f"{path}: no stage {unknown}. Stages: {', '.join(choices)}.")
    built = {stage: _pick(stage, tables[stage], choices[stage]) for stage in tables}
    return Plan(**built)


def write_plan(plan: Plan, path: Path) -> None:
    """Write a plan with every option explained."""
    path.write_text(plan_text(plan), encoding="utf-8")


def plan_text(plan: Plan) -> str:
    """Return the TOML of a plan: every option with its meaning as a comment."""
    lines = ["# A plan: one method per stage. Delete what you do not want to change."]
    for stage, choices in stage_methods().items():
        method = getattr(plan, stage)
        names = ", ".join(choice.__name__ for choice in choices)
        lines += ["", f"# {field_help(Plan)[stage]} Methods: {names}."]
        if method is not None:
            lines += [f"[{stage}]", f'method = "{type(method).__name__}"', *_options(stage, method)]
    return "\n".join(lines) + "\n"


def stage_methods() -> dict[str, tuple[type, ...]]:
    """Return the methods that each stage can use."""
    hints = get_type_hints(Plan)
    return {name: _classes(hint) for name, hint in hints.items()}


def parameters(method: object) -> tuple[tuple[str, Any], ...]:
    """Return a method's hyper-parameters, nested ones with dotted names."""
    flat: list[tuple[str, Any]] = []
    for item in fields(method):  # type: ignore[arg-type]
        value = getattr(method, item.name)
        if is_dataclass(value):
            flat += [(f"{item.name}.{name}", inner) for name, inner in parameters(value)]
        else:
            flat.append((item.name, value))
    return tuple(flat)


def field_help(cls: type) -> dict[str, str]:
    """Return the docstring under each field of a dataclass."""
    body = ast.parse(dedent(inspect.getsource(cls))).body[0].body  # type: ignore[attr-defined]
    return {
        before.target.id: inspect.cleandoc(str(after.value.value))
        for before, after in pairwise(body)
        if isinstance(before, ast.AnnAssign)
        and isinstance(before.target, ast.Name)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
    }


def _classes(hint: Any) -> tuple[type, ...]:  # noqa: ANN401
    """Return the dataclasses of a type or a union of types."""
    return tuple(c for c in (get_args(hint) or (hint,)) if c is not NoneType)


def _options(table: str, method: object) -> list[str]:
    """Return the TOML lines of a method's parameters; nested dataclasses become sub-tables."""
    explained, lines, nested = field_help(type(method)), [], []
    for item in fields(method):  # type: ignore[arg-type]
        value = getattr(method, item.name)
        comment = [f"# {line}" for line in wrap(explained.get(item.name, ""), 96)]
        if is_dataclass(value):
            name = f"{table}.{item.name}"
            nested += ["", *comment, f"[{name}]", *_options(name, value)]
            continue
        lines += comment
        lines.append(f"# {item.name} =" if value is None else f"{item.name} = {_toml(value)}")
    return lines + nested


def _toml(value: object) -> str:
    """Return a scalar, or a list of scalars, as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, tuple | list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _pick(stage: str, table: Any, choices: tuple[type, ...]) -> Any:  # noqa: ANN401
    """Build the method that a stage's table names."""
    if not isinstance(table, dict):
        raise UsageError(f"A stage is a table such as [{stage}], got {table!r}.")
    by_name = {choice.__name__: choice for choice in choices}
    name = str(table.get("method", choices[0].__name__ if len(choices) == 1 else None))
    if name not in by_name:
        raise UsageError(f"[{stage}] has no method {name!r}. Methods: {', '.join(by_name)}.")
    return _build(by_name[name], {k: v for k, v in table.items() if k != "method"}, stage)


def _build(cls: type, given: dict[str, Any], where: str) -> Any:  # noqa: ANN401
    """Build a dataclass, refusing any name or type that it does not know."""
    hints = get_type_hints(cls)
    known = [item.name for item in fields(cls)]
    if unknown := sorted(set(given) - set(known)):
        raise UsageError(
            f"[{where}] {cls.__name__} has no parameter {unknown}. Parameters: {', '.join(known)}."
        )
    needed = {f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING}
    if missing := sorted(needed - set(given)):
        raise UsageError(f"[{where}] {cls.__name__} needs the parameter {', '.join(missing)}.")
    return cls(**{k: _convert(v, hints[k], f"{where}.{k}") for k, v in given.items()})


def _convert(value: Any, hint: Any, where: str) -> Any:  # noqa: ANN401
    """Return a TOML value as the type of its field."""
    if is_dataclass(hint) and isinstance(value, dict):
        return _build(hint, value, where)  # type: ignore[arg-type]
    if get_origin(hint) is Literal:
        if value in get_args(hint):
            return value
    elif get_origin(hint) is tuple and isinstance(value, list):
        return tuple(value)
    else:
        options = get_args(hint) if isinstance(hint, UnionType) else (hint,)
        for option in options:
            if get_origin(option) is Literal and value in get_args(option):
                return value
            if _fits(value, option):
                return option(value)
    raise UsageError(f"{where} must be {getattr(hint, '__name__', hint)}, got {value!r}.")


def _fits(value: object, option: object) -> bool:
    """Tell whether a TOML value can stand for a field of this type."""
    if option is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if option is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if option is Path:
        return isinstance(value, str)
    return isinstance(option, type) and option is not NoneType and isinstance(value, option)

"""Run a plan: a loop over the stages, a content-hash cache, one Step per stage."""

import hashlib
import json
import platform
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar, cast

from anatwin import measure
from anatwin.acquire import AcquireMethod, NonCartesianAcquireMethod
from anatwin.core import (
    AnyKSpace,
    Check,
    Measure,
    NonCartesian,
    Step,
    Twin,
    UsageError,
    Volume,
)
from anatwin.core.stopwatch import stopwatch
from anatwin.fuse import Assembly, ImageFuser, assemble, fine_grid
from anatwin.io.case import PRODUCT_FILES, load_product, save_product
from anatwin.io.files import sha256_file
from anatwin.mesh import MeshMethod, volume_error
from anatwin.nets import find
from anatwin.plan import Plan, parameters
from anatwin.reconstruct import Automatic, Cascade, Choice, Gridding, RootSumOfSquares, chosen
from anatwin.segment import SegmentMethod, parcellate

T = TypeVar("T")
Products = dict[str, Any]
Acquire = AcquireMethod | NonCartesianAcquireMethod
Announce = Callable[[Step], None]
Views = tuple[Volume, ...]
"""Several scans of one person, which may have moved in between."""
_LIBRARIES = ("anatwin", "numpy", "scipy", "onnxruntime", "vtk")


@dataclass(frozen=True)
class Stage:
    """One stage of a run.

    Parameters
    ----------
    name
        The verb.
    work
        Twin so far, and the method that does it, to new products.
    takes, makes
        Names of the products that it needs and of those that it makes, fields of the twin.
    method
        The method that does it, where there is one.
    depends
        Further content that the result depends on, such as the weights of a network.
    choose
        Twin so far to the method that does the work and why, where the plan's method chooses one.
    """

    name: str
    work: Callable[[Twin, Any], Products]
    takes: tuple[str, ...]
    makes: tuple[str, ...]
    method: object | None = None
    depends: str = ""
    choose: Callable[[Twin], tuple[object, str]] | None = None

    def key(self, upstream: str) -> str:
        """Return the sha256 of everything that the result depends on."""
        options = parameters(self.method) if self.method else ()
        content = [self.name, type(self.method).__name__, options, self.depends, upstream]
        text = json.dumps([*content, version("anatwin")], default=str)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Shelf:
    """Where products are kept between runs: the case as it was, and the case being written.

    Parameters
    ----------
    folder
        Case being written.
    previous
        Case as it was.
    steps
        Steps that the previous case records, by key.
    """

    folder: Path
    previous: Path | None = None
    steps: dict[str, Step] = field(default_factory=dict)

    def reuse(self, stage: Stage, key: str) -> tuple[Step, Products] | None:
        """Carry an earlier result over into the new case, if it is there and undamaged."""
        step = self.steps.get(key)
        if step is None or self.previous is None or not is_intact(step, self.previous):
            return None
        for file, _ in step.outputs:
            link_file(self.previous / file, self.folder / file)
        made = {file for file, _ in step.outputs}
        names = [name for name in stage.makes if PRODUCT_FILES[name] in made]
        products = {name: load_product(name, self.folder) for name in names}
        return replace(step, is_cached=True), products

    def keep(self, step: Step, products: Products) -> Step:
        """Write new products into the case and note their files in the step."""
        saved = [save_product(name, value, self.folder) for name, value in products.items()]
        return replace(step, outputs=tuple(file for files in saved for file in files))


def run(
    plan: Plan,
    product: Volume | AnyKSpace | Views,
    *,
    about: Twin,
    fingerprint: str = "",
    shelf: Shelf | None = None,
    announce: Announce | None = None,
) -> Twin:
    """Carry an image, several, or k-space through every stage of a plan.

    Parameters
    ----------
    plan
        One method per stage.
    product
        What to start from.
    about
        Twin that knows only who, from what, and what was noticed on the way.
    fingerprint
        sha256 of the source.
    shelf
        Where to keep products and find earlier ones; None keeps nothing.
    announce
        Called with every step when it is done.

    Returns
    -------
    Twin
        With the products and the history of every step.
    """
    twin, key = replace(about, origin=origin_of(plan, product)), fingerprint
    for stage in stages(plan, product):
        key = stage.key(key)
        twin = _advance(stage, twin, key, shelf)
        if announce:
            announce(twin.history[-1])
    return twin


def origin_of(plan: Plan, product: Volume | AnyKSpace | Views) -> str:
    """Tell what the numbers of a twin rest on."""
    if isinstance(product, tuple):
        return "images"
    if isinstance(product, Volume):
        return "synthetic k-space" if plan.acquire else "image"
    return f"{product.origin} k-space"


def stages(
    plan: Plan, product: Volume | AnyKSpace | Views | type[Volume | AnyKSpace | Views]
) -> tuple[Stage, ...]:
    """Return what a plan does to images or k-space (or to that type of thing), in order."""
    if product is tuple or isinstance(product, tuple):
        return (_fuse_stage(plan, product), *_anatomy_stages(plan))
    is_image = product is Volume or isinstance(product, Volume)
    if plan.acquire is not None and not is_image:
        raise UsageError("Only an image can be scanned by simulation, got k-space; leave it out.")
    first = "kspace" if not is_image else "reference" if plan.acquire else "image"
    return (
        Stage("read", lambda *_: {first: product}, (), (first,)),
        *(_acquire_stages(plan.acquire) if plan.acquire else ()),
        *(_reconstruct_stages(plan) if first != "image" else ()),
        *_anatomy_stages(plan),
    )


def stage_keys(
    plan: Plan, kind: type[Volume | AnyKSpace | Views], fingerprint: str
) -> tuple[tuple[str, str], ...]:
    """Return the name and the key of every stage, without running any."""
    keys, key = [], fingerprint
    for stage in stages(plan, kind):
        key = stage.key(key)
        keys.append((stage.name, key))
    return tuple(keys)


def _fuse_stage(plan: Plan, views: Views) -> Stage:
    if plan.acquire is not None:
        raise UsageError("Only one image can be scanned by simulation, got several.")

    @cache
    def found() -> Assembly:
        return assemble(views, plan.align.matched)

    def choose(_: Twin) -> tuple[object, str]:
        left_out = [f"scan {n + 1} is left out: {reason}" for n, reason in found().left_out]
        return plan.fuse, "; ".join([f"{len(found().used)} scans are used", *left_out]) + "."

    def work(_: Twin, fuse: ImageFuser) -> Products:
        posed = found().views
        return {"image": fuse(posed, fine_grid(posed)) if len(posed) > 1 else posed[0].volume}

    return Stage(
        "fuse", work, (), ("image",), plan.fuse, str(parameters(plan.align)), choose=choose
    )


def _acquire_stages(acquire: Acquire) -> tuple[Stage, ...]:
    def work(twin: Twin, acquire: Acquire) -> Products:
        return {"kspace": acquire(required(twin.reference))}

    return (Stage("acquire", work, ("reference",), ("kspace",), acquire),)


def _reconstruct_stages(plan: Plan) -> tuple[Stage, ...]:
    method = plan.reconstruct

    def work(twin: Twin, method: Callable[[Any], Volume]) -> Products:
        kspace = cast("AnyKSpace", required(twin.kspace))
        image = method(kspace).magnitude()
        if isinstance(kspace, NonCartesian):
            return {"baseline": Gridding()(kspace), "image": image}
        return {"baseline": RootSumOfSquares()(kspace), "image": image}

    def choose(twin: Twin) -> Choice:
        kspace = cast("AnyKSpace", required(twin.kspace))
        return chosen(method, kspace)

    weights = sha256_file(find("cascade")) if isinstance(method, Automatic | Cascade) else ""
    makes = ("baseline", "image")
    return (Stage("reconstruct", work, ("kspace",), makes, method, weights, choose),)


def _anatomy_stages(plan: Plan) -> tuple[Stage, ...]:
    segment, mesh = plan.segment, plan.mesh
    weights = "".join(sha256_file(path) for path in segment.files())

    def label(twin: Twin, segment: SegmentMethod) -> Products:
        image = required(twin.image)
        if is_one_slice(image):
            return {}
        labels = segment(image)
        regions = parcellate(labels)
        return {"labels": labels} if regions is None else {"labels": labels, "regions": regions}

    def explain(twin: Twin) -> tuple[object, str]:
        return (segment, _ONE_SLICE.reason if is_one_slice(required(twin.image)) else "")

    def cover(twin: Twin, mesh: MeshMethod) -> Products:
        return {} if twin.labels is None else {"surfaces": mesh(twin.labels)}

    everything = ("reference", "baseline", "image", "labels", "regions", "surfaces")
    return (
        Stage("segment", label, ("image",), ("labels", "regions"), segment, weights, explain),
        Stage("mesh", cover, ("labels",), ("surfaces",), mesh),
        Stage("measure", lambda twin, _: measure_twin(twin), everything, ("measures", "checks")),
    )


def required(value: T | None) -> T:
    """Return a product that an earlier stage must have made."""
    if value is None:
        raise UsageError("A stage needs a product that no earlier stage made.")
    return value


def is_one_slice(image: Volume) -> bool:
    """Tell whether an image has no third dimension in which structures have volumes."""
    return min(image.grid.shape) < 2


_ONE_SLICE = Check(
    "anatomy in three dimensions",
    "warn",
    "one slice",
    "2 slices",
    "One slice has no volumes and no surfaces, so no structure was labelled or measured.",
    "Give the whole series.",
)


def measure_twin(twin: Twin) -> Products:
    """Measure everything that the twin holds, and check it."""
    image = required(twin.image)
    measures: list[Measure] = []
    if twin.reference is not None and twin.baseline is not None:
        measures += measure.image_quality(image, twin.reference, basis=twin.origin)
        baseline = measure.image_quality(twin.baseline, twin.reference, basis=twin.origin)
        measures += [replace(row, structure="zero-filled image") for row in baseline]
    checks = list(measure.check_image(image))
    if twin.labels is None:
        return {"measures": tuple(measures), "checks": (*checks, _ONE_SLICE)}
    measures += measure.morphometry(twin.labels, basis=twin.origin)
    measures += measure.head_measures(twin.labels)
    if twin.regions is not None:
        measures += measure.region_measures(twin.regions)
    errors = [(surface, volume_error(surface, twin.labels)) for surface in twin.surfaces]
    measures += [_volume_error_row(surface.name, error) for surface, error in errors]
    checks += measure.check_labels(twin.labels)
    checks += measure.check_regions(twin.labels, twin.regions)
    checks.append(_check_surfaces(twin, max((abs(e) for _, e in errors), default=0.0)))
    return {"measures": tuple(measures), "checks": tuple(checks)}


def _volume_error_row(name: str, error: float) -> Measure:
    basis = "surface against its voxels"
    return Measure("relative volume error of smoothing", name, error, "", None, basis)


def _check_surfaces(twin: Twin, worst: float) -> Check:
    is_open = [surface.name for surface in twin.surfaces if not surface.is_closed]
    value = f"{len(twin.surfaces)} surfaces, {len(is_open)} open, volume within {worst:.1%}"
    return Check(
        "surfaces are watertight",
        "fail" if is_open else "pass",
        value,
        "0 open",
        f"Open surfaces: {', '.join(is_open)}." if is_open else "Every edge joins two triangles.",
        "Mesh at a finer spacing." if is_open else "",
    )


def _advance(stage: Stage, twin: Twin, key: str, shelf: Shelf | None) -> Twin:
    """Run one stage, or take its earlier result from the shelf."""
    if shelf and (found := shelf.reuse(stage, key)):
        return twin.after(found[0], **found[1])
    with stopwatch() as spent:
        method, note = stage.choose(twin) if stage.choose else (stage.method, "")
        products = stage.work(twin, method)
    step = Step(
        stage.name,
        type(method).__name__ if method else stage.name,
        parameters(method) if method else (),
        seconds=spent["seconds"],
        peak_mb=spent["peak_mb"],
        inputs=_inputs(stage, twin),
        versions=_versions(),
        note=note,
        key=key,
    )
    return twin.after(shelf.keep(step, products) if shelf else step, **products)


def _inputs(stage: Stage, twin: Twin) -> tuple[tuple[str, str], ...]:
    """Return the files of the products that a stage takes, and their sha256."""
    files = {PRODUCT_FILES[name] for name in stage.takes}
    return tuple(pair for step in twin.history for pair in step.outputs if pair[0] in files)


def is_intact(step: Step, folder: Path) -> bool:
    """Tell whether every file that a step wrote is still there, unchanged."""
    return all((folder / f).is_file() and sha256_file(folder / f) == h for f, h in step.outputs)


def _versions() -> tuple[tuple[str, str], ...]:
    libraries = tuple((name, version(name)) for name in _LIBRARIES)
    return (("python", platform.python_version()), *libraries)


def link_file(source: Path, target: Path) -> None:
    """Make ``target`` the same file as ``source``, or a copy where links are not possible."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        target.write_bytes(source.read_bytes())

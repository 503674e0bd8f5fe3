"""Non-uniform transforms and non-Cartesian SENSE beside SigPy and bart, one run.

The data are a real eight-channel spiral scan of a resolution phantom. Maps, density weights and
iterations are the same for all. Prints Markdown; CPU seconds, one thread; bart's include reading
and writing its files.

    OMP_NUM_THREADS=1 python benchmarks/noncartesian.py [--runs 5]
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from anatwin.core import Grid, NonCartesian
from anatwin.ops.central_samples import central_samples
from anatwin.ops.coils import middle_block
from anatwin.ops.density import pipe_menon_density
from anatwin.ops.nufft import CoilGram, CoilNufft, Nufft, transfer_function
from anatwin.reconstruct import Espirit
from anatwin.reconstruct.gridding import Gridding
from anatwin.reconstruct.planes import Plane
from anatwin.reconstruct.sense import Sense

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[1] / "../shared/data"))
SIDE, SHAPE = 360, (360, 360)
ITERATIONS = (8, 30)
TOOLS = ("anatwin", "SigPy", "bart")


@dataclass(frozen=True)
class Case:
    """A scan, and what all tools are given."""

    samples: np.ndarray
    trajectory: np.ndarray
    weights: np.ndarray
    maps: np.ndarray

    def part(self, step: int) -> "Case":
        trajectory = np.ascontiguousarray(self.trajectory[::step])
        weights = pipe_menon_density(trajectory, SHAPE).astype(np.float32)
        samples = np.ascontiguousarray(self.samples[:, ::step])
        return Case(samples, trajectory, weights, self.maps)


def real_spiral() -> Case:
    from scipy.io import loadmat

    held = loadmat(DATA / "kspace/phantom_8ch_spiral.mat")
    samples = np.ascontiguousarray(held["data"].transpose(2, 1, 0)).astype(np.complex64)
    trajectory = np.stack([held["k"].T.real, held["k"].T.imag], axis=-1)
    flat = samples.reshape(len(samples), -1)
    centre = central_samples(flat, trajectory.reshape(-1, 2), SHAPE, side=24)
    padded, mask = np.zeros((len(samples), *SHAPE), np.complex64), np.zeros(SHAPE, bool)
    block = middle_block(SHAPE, centre.shape[1:])
    padded[:, *block], mask[block] = centre, True
    maps = Espirit().maps(Plane(padded, mask))
    return Case(samples, trajectory, held["w"].T, maps)


class Anatwin:
    def forward(self, case: Case, images: np.ndarray) -> np.ndarray:
        return Nufft(case.trajectory, SHAPE).forward(images)

    def adjoint(self, case: Case) -> np.ndarray:
        return Nufft(case.trajectory, SHAPE).adjoint(case.samples)

    def sense(self, case: Case, iterations: int) -> np.ndarray:
        grid = Grid.isotropic((*SHAPE, 1), 1.0)
        scan = NonCartesian(case.samples[None], case.trajectory, grid, coils=case.maps[..., None])
        return Sense(iterations=iterations, tolerance=0)(scan).data[..., 0]


class SigPy:
    def forward(self, case: Case, images: np.ndarray) -> np.ndarray:
        import sigpy

        return sigpy.nufft(images, case.trajectory * SIDE)

    def adjoint(self, case: Case) -> np.ndarray:
        import sigpy

        return sigpy.nufft_adjoint(case.samples, case.trajectory * SIDE, (8, *SHAPE))

    def sense(self, case: Case, iterations: int) -> np.ndarray:
        from sigpy.mri.app import SenseRecon

        coord, weights = case.trajectory * SIDE, case.weights
        return SenseRecon(
            case.samples, case.maps, coord=coord, weights=weights, max_iter=iterations,
            show_pbar=False,
        ).run()  # fmt: skip


class Bart:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def forward(self, case: Case, images: np.ndarray) -> np.ndarray:
        self.lay_out(case)
        self.write("x", images.transpose(1, 2, 0)[:, :, None])
        self.run("nufft", "t", "x", "out")
        return self.read("out").transpose(2, 1, 0)

    def adjoint(self, case: Case) -> np.ndarray:
        self.lay_out(case)
        self.run("nufft", "-a", "-d", f"{SIDE}:{SIDE}:1", "t", "k", "out")
        return self.read("out").transpose(2, 0, 1)

    def sense(self, case: Case, iterations: int) -> np.ndarray:
        self.lay_out(case)
        settings = ["-S", "-w1", f"-i{iterations}", "-l2", "-r0", "-t", "t", "-p", "p"]
        self.run("pics", *settings, "k", "s", "out")
        return self.read("out")

    def lay_out(self, case: Case) -> None:
        points = case.trajectory.transpose(2, 1, 0) * SIDE
        self.write("t", np.concatenate([points, np.zeros_like(points[:1])]))
        self.write("k", case.samples.transpose(2, 1, 0)[None])
        self.write("s", case.maps.transpose(1, 2, 0)[:, :, None])
        self.write("p", np.sqrt(case.weights).T[None])

    def run(self, *command: str) -> None:
        subprocess.run(["bart", *command], cwd=self.folder, check=True, stdout=subprocess.DEVNULL)

    def write(self, name: str, values: np.ndarray) -> None:
        sizes = " ".join(map(str, values.shape))
        (self.folder / f"{name}.hdr").write_text(f"# Dimensions\n{sizes}\n", encoding="utf-8")
        values.astype(np.complex64).ravel("F").tofile(self.folder / f"{name}.cfl")

    def read(self, name: str) -> np.ndarray:
        header = (self.folder / f"{name}.hdr").read_text(encoding="utf-8")
        sizes = [int(n) for n in header.splitlines()[1].split()]
        values = np.fromfile(self.folder / f"{name}.cfl", np.complex64)
        return values.reshape(sizes, order="F").squeeze()


def cpu_seconds(action: Callable[[], object], *, child: bool = False, runs: int) -> float:
    """Return the median of the CPU seconds of an action, or of the programs that it starts."""
    who = resource.RUSAGE_CHILDREN if child else resource.RUSAGE_SELF
    action()
    seconds = []
    for _ in range(runs):
        before = resource.getrusage(who)
        action()
        after = resource.getrusage(who)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(seconds)


def exact(case: Case, images: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return some samples by the definition of the transform."""
    place = np.arange(SIDE) - SIDE // 2
    points = case.trajectory.reshape(-1, 2)[chosen]
    waves = np.exp(-2j * np.pi * points[..., None] * place)
    sums = np.einsum("cij,pi,pj->cp", images, waves[:, 0], waves[:, 1], optimize=True)
    return sums / SIDE


def nrmse(image: np.ndarray, other: np.ndarray) -> float:
    """Return their distance at the scale that fits best."""
    scale = np.vdot(image, other) / np.vdot(image, image)
    return float(np.linalg.norm(scale * image - other) / np.linalg.norm(other))


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    lines = ["# Non-Cartesian reconstruction beside its peers", ""]
    case = real_spiral()
    with tempfile.TemporaryDirectory() as folder:
        tools = dict(zip(TOOLS, (Anatwin(), SigPy(), Bart(Path(folder))), strict=True))
        lines += [*transform_table(case, tools, runs), "", *sense_table(case, tools, runs)]
    sys.stdout.write("\n".join([*lines, "", *normal_lines(case, runs), ""]))


def transform_table(case: Case, tools: dict, runs: int) -> list[str]:
    grid = Grid.isotropic((*SHAPE, 1), 1.0)
    scan = NonCartesian(case.samples[None], case.trajectory, grid, weights=case.weights)
    images = (case.maps * Gridding()(scan).data[..., 0]).astype(np.complex64)
    chosen = np.random.default_rng(0).choice(case.trajectory[..., 0].size, 400, replace=False)
    expected = exact(case, images, chosen)
    lines = [
        f"{SIDE} x {SIDE}, 8 coils, {case.trajectory[..., 0].size} samples a coil; the error is "
        "that of 400 samples against the sum itself.",
        "", "| tool | forward [s] | adjoint [s] | error |", "|---|---|---|---|",
    ]  # fmt: skip
    for name, tool in tools.items():
        found = tool.forward(case, images).reshape(8, -1)[:, chosen]
        error = np.linalg.norm(found - expected) / np.linalg.norm(expected)
        child = name == "bart"
        there = cpu_seconds(lambda t=tool: t.forward(case, images), child=child, runs=runs)
        back = cpu_seconds(lambda t=tool: t.adjoint(case), child=child, runs=runs)
        lines.append(f"| {name} | {there:.3f} | {back:.3f} | {error:.1e} |")
    return lines


def sense_table(case: Case, tools: dict, runs: int) -> list[str]:
    lines = [
        "SENSE by conjugate gradients from every n-th spiral; NRMSE is the distance from ours.", "",
        "| spirals | iterations | tool | CPU [s] | NRMSE |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for step in (1, 2):
        part = case.part(step)
        for n in ITERATIONS:
            ours = tools["anatwin"].sense(part, n)
            for name, tool in tools.items():
                distance = nrmse(tool.sense(part, n), ours)
                seconds = cpu_seconds(
                    lambda t=tool, p=part, i=n: t.sense(p, i), child=name == "bart", runs=runs
                )
                lines.append(f"| 1 in {step} | {n} | {name} | {seconds:.2f} | {distance:.4f} |")
    return lines


def normal_lines(case: Case, runs: int) -> list[str]:
    """Return what one convolution saves over transforming there and back."""
    weights = case.part(1).weights
    pair = CoilNufft(case.maps, case.trajectory)
    gram = CoilGram(case.maps, transfer_function(case.trajectory, weights, SHAPE).astype("f4"))
    image = case.maps[0]
    there = cpu_seconds(lambda: pair.adjoint(weights * pair.forward(image)), runs=runs)
    once = cpu_seconds(lambda: gram.normal(image), runs=runs)
    return [f"Normal map, 8 coils: {there:.3f} s there and back, {once:.3f} s as a convolution."]


if __name__ == "__main__":
    main()

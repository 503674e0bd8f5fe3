"""How fast is a design iteration? Ours beside a plain sparse solve and pyMOTO, on one beam.

Half of the MBB beam on a square of n x n voxels, volume 0.5, penalty 3, density filter of radius
2.4 voxels, optimality criteria with moves of 0.2, a fixed number of iterations. Every run is a
process of its own on one thread: CPU seconds per design iteration (all of it: assembly, solve,
sensitivities, filter, update; the start-up of the process and compilation left out), the compliance
at the end by an exact solve of everyone's own, and the peak memory of the process.

    python benchmarks/topology.py --sizes 64 128 256 512 --iterations 10 --repeats 3
    python benchmarks/topology.py --only anatwin --sizes 256 512 1024 2048
    python benchmarks/topology.py --beam   # the literature's compliances
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from anatwin.ops.density_filter import ConeFilter
from anatwin.ops.design_update import Masses, Step, optimality_criteria
from anatwin.ops.elasticity import element_stiffness
from anatwin.simulate import Topology, beam

RADIUS, VOLUME, PENALTY, VOID = 2.4, 0.5, 3.0, 1e-9
METHOD = Topology(
    volume_fraction=VOLUME, radius=RADIUS, filter="density", enough=1e-12, penalty=PENALTY
)
Run = tuple[float, float]
PUBLISHED = {60: (1007.02, 216.81, 233.71), 150: (1033.04, 219.52, 235.73)}
PUBLISHED[300] = (1052.12, 222.29, 238.31)


def anatwin(n: int, iterations: int, cycles: int = 1) -> Run:
    replace(METHOD, iterations=2)(beam(80, 80))  # compile
    method, body = replace(METHOD, iterations=iterations, cycles=cycles), beam(n, n)
    start = time.process_time()
    design = method(body)
    seconds = time.process_time() - start
    return seconds, exact_compliance(design.density.data[..., 0])


def anatwin_exact(n: int, iterations: int) -> Run:
    replace(METHOD, iterations=2)(beam(80, 80))
    method = replace(METHOD, iterations=iterations, cycles=500, tolerance=1e-8)
    start = time.process_time()
    design = method(beam(n, n))
    return time.process_time() - start, design.compliance_uj[-1]


def exact_compliance(density: np.ndarray) -> float:
    """Return the compliance of a beam of a density, solved to 1e-8."""
    body = beam(*density.shape)
    modulus = VOID + density**PENALTY * (1 - VOID)
    from anatwin.ops.elasticity import Elastic
    from anatwin.ops.elasticity_solve import solve_elastic

    prescribed = np.where(body.fixed, 0.0, np.nan)
    elastic = Elastic(modulus, 0.3, (1.0, 1.0))
    found = solve_elastic(elastic, prescribed, body.forces_mn[0], tolerance=1e-8)
    return float(np.vdot(body.forces_mn[0], found.displacement_mm))


def sparse_direct(n: int, iterations: int) -> Run:
    """Assemble and factorise anew in every iteration, as the literature's short programs do."""
    from scipy.sparse import coo_array
    from scipy.sparse.linalg import spsolve

    body = beam(n, n)
    numbers = np.arange(body.fixed.size).reshape(body.fixed.shape)
    corners = [numbers[:, a : a + n, b : b + n] for a in (0, 1) for b in (0, 1)]
    places = np.stack([c[axis].ravel() for c in corners for axis in (0, 1)], axis=1)
    rows, columns = places.repeat(8, axis=1).ravel(), np.tile(places, 8).ravel()
    element = element_stiffness(0.3, (1.0, 1.0))
    free, load = np.flatnonzero(~body.fixed), body.forces_mn[0].ravel()
    cone, u = ConeFilter(np.ones((n, n), bool), RADIUS), np.zeros(load.size)
    x = np.full((n, n), VOLUME)
    weight = cone.adjoint(np.ones((n, n)))
    masses = Masses(np.zeros(n * n, np.int64), np.array([VOLUME * n * n]))
    start = time.process_time()
    for _ in range(iterations):
        density = cone(x)
        values = (VOID + density.ravel() ** PENALTY * (1 - VOID))[:, None] * element.ravel()
        matrix = coo_array((values.ravel(), (rows, columns))).tocsc()
        u[free] = spsolve(matrix[free][:, free], load[free])
        energy = np.einsum("ea,ab,eb->e", u[places], element, u[places]).reshape(n, n)
        slope = cone.adjoint(-PENALTY * (1 - VOID) * density ** (PENALTY - 1) * energy)
        bounds = (np.maximum(x - 0.2, 0), np.minimum(x + 0.2, 1))
        step = Step(*(a.ravel() for a in (x, slope, weight, *bounds)))
        x = optimality_criteria(step, masses).reshape(n, n)
    return time.process_time() - start, float(load @ u)


def pymoto_direct(n: int, iterations: int) -> Run:
    return _pymoto(n, iterations, levels=0)


def pymoto_multigrid(n: int, iterations: int) -> Run:
    return _pymoto(n, iterations, levels=int(np.log2(n)) - 4)


def _pymoto(n: int, iterations: int, levels: int) -> Run:
    import pymoto as pym

    domain = pym.VoxelDomain(n, n)
    side = domain.get_dofnumber(domain.get_nodenumber(0, np.arange(n + 1)), 0, 2).ravel()
    roller = np.atleast_1d(domain.get_dofnumber(domain.get_nodenumber(n, 0), 1, 2)).ravel()
    load = np.zeros(domain.nnodes * 2)
    load[domain.get_dofnumber(domain.get_nodenumber(0, n), 1, 2)] = -1.0
    x = pym.Signal("x", state=np.full(domain.nel, VOLUME))
    with pym.Network() as network:
        density = pym.DensityFilter(domain, radius=RADIUS)(x)
        modulus = pym.MathExpression(f"{VOID} + {1 - VOID}*inp0^{PENALTY}")(density)
        fixed = np.concatenate([side, roller])
        matrix = pym.AssembleStiffness(domain, bc=fixed, plane="stress")(modulus)
        solver = _pymoto_solver(domain, levels) if levels else None
        module = pym.LinSolve(symmetric=True, positive_definite=True, solver=solver)
        compliance = pym.EinSum("i,i->")(module(matrix, pym.Signal("f", state=load)), load)
    optimiser = pym.OC([x], compliance, network, move=0.2, maxvol=VOLUME, verbosity=0)
    optimiser.response_is_uptodate = False
    start, design = time.process_time(), x.state
    for _ in range(iterations):
        design, _, _ = optimiser.step(design)
    return time.process_time() - start, float(compliance.state)


def _pymoto_solver(domain: object, levels: int) -> object:
    """Return pyMOTO's conjugate gradients with multigrid, as its examples set it up."""
    from pymoto.solvers import CG, GeometricMultigrid

    first = grid = GeometricMultigrid(domain)
    for _ in range(levels - 1):
        grid.inner_level = GeometricMultigrid(grid.sub_domain)
        grid = grid.inner_level
    return CG(preconditioner=first, tol=1e-5, verbosity=0)


TOOLS: dict[str, Callable[[int, int], Run]] = {
    "anatwin": anatwin,
    "anatwin_exact": anatwin_exact,
    "sparse_direct": sparse_direct,
    "pymoto_multigrid": pymoto_multigrid,
    "pymoto_direct": pymoto_direct,
}


def measured(tool: str, n: int, iterations: int, repeats: int) -> dict[str, object] | None:
    """Run a tool in processes of its own; None where one ran out of time or memory."""
    words = [sys.executable, __file__, "--one", tool, str(n), str(iterations)]
    lines = []
    for _ in range(repeats):
        run = subprocess.run(words, capture_output=True, text=True, check=False, timeout=3600)
        if run.returncode:
            print(f"| {n} | {tool} | failed: {run.stderr.strip().splitlines()[-1:]} |")
            return None
        lines.append(json.loads(run.stdout.splitlines()[-1]))
    seconds = sorted(line["seconds"] / iterations for line in lines)
    return {**lines[0], "low": seconds[0], "mid": seconds[len(seconds) // 2], "high": seconds[-1]}


def compare(tools: list[str], sizes: list[int], iterations: int, repeats: int) -> None:
    print(f"{iterations} design iterations, {repeats} repeats; CPU s per iteration: min/median/max")
    print("| n x n | tool | CPU s per iteration | times ours | compliance | peak GB |")
    print("|---|---|---|---|---|---|")
    for n in sizes:
        ours = None
        for tool in tools:
            found = measured(tool, n, iterations, repeats)
            if found is None:
                continue
            ours = ours or found["mid"]
            spread = f"{found['low']:.3f}/{found['mid']:.3f}/{found['high']:.3f}"
            print(
                f"| {n} | {tool} | {spread} | {found['mid'] / ours:.1f} | "
                f"{found['compliance']:.4f} | {found['gb']:.2f} |",
                flush=True,
            )


def literature() -> None:
    print("| beam | filter | published | ours, exact | iterations | ours, one step | iterations |")
    print("|---|---|---|---|---|---|---|")
    for width, (first, *ends) in PUBLISHED.items():
        for name, end in zip(("sensitivity", "density"), ends, strict=True):
            method = replace(METHOD, filter=name, radius=0.04 * width, iterations=1000, enough=0.01)
            body = beam(width, width // 3)
            exact = replace(method, cycles=500, tolerance=1e-9)(body)
            quick = replace(method, cycles=1)(body)
            print(
                f"| {width} x {width // 3} | {name} | {first}, {end} | "
                f"{exact.compliance_uj[0]:.2f}, {exact.compliance_uj[-1]:.2f} | "
                f"{len(exact.change)} | {quick.compliance_uj[-1]:.2f} | {len(quick.change)} |",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--one", nargs=3, metavar=("TOOL", "N", "ITERATIONS"))
    parser.add_argument("--only", nargs="+", choices=TOOLS, default=list(TOOLS))
    parser.add_argument("--sizes", nargs="+", type=int, default=[64, 128, 256, 512])
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--beam", action="store_true")
    words = parser.parse_args()
    if words.one:
        seconds, compliance = TOOLS[words.one[0]](int(words.one[1]), int(words.one[2]))
        gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(json.dumps({"seconds": seconds, "compliance": compliance, "gb": gb}))
    elif words.beam:
        literature()
    else:
        compare(words.only, words.sizes, words.iterations, words.repeats)


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    main()

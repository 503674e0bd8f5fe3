"""Gates that no linter has: file size, public names tested, a light import, examples run."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAX_LINES = 400
HEAVY = ("torch", "vtk", "vtkmodules", "numba", "onnxruntime", "matplotlib", "scipy", "pydicom")


def main() -> None:
    """Run every gate and exit with 1 if any fails."""
    problems = [*long_files(), *untested_names(), *heavy_imports(), *failing_examples()]
    for problem in problems:
        print(f"gate: {problem}")
    sys.exit(bool(problems))


def python_files(*folders: str) -> list[Path]:
    """Return the project's Python files below some folders."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def long_files() -> list[str]:
    """Find files with more lines than a reader can hold."""
    files = python_files("src", "tests", "examples", "benchmarks", "tools")
    sizes = [(path, len(path.read_text(encoding="utf-8").splitlines())) for path in files]
    return [
        f"{path.relative_to(ROOT)} has {n} lines, at most {MAX_LINES}"
        for path, n in sizes
        if n > MAX_LINES
    ]


def untested_names() -> list[str]:
    """Find public names that no test, example or shipped suite uses."""
    used = {
        name
        for path in python_files("tests", "examples", "src/anatwin/testing")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (getattr(node, "id", None), getattr(node, "attr", None))
    }
    return [
        f"{path.relative_to(ROOT)}: {name} is public and no test uses it"
        for path in python_files("src/anatwin")
        for name in public_names(path)
        if name not in used
    ]


def public_names(path: Path) -> list[str]:
    """Return what a package exports, type aliases aside, and every function of the mathematics."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    if path.parent.name == "ops":
        functions = [n for n in body if isinstance(n, ast.FunctionDef) and not n.decorator_list]
        return [function.name for function in functions if function.name[0] != "_"]
    lists = [n.value for n in body if isinstance(n, ast.Assign) and _target(n) == "__all__"]
    aliases = {_target(n) for n in body if isinstance(n, ast.Assign)}
    names = [item.value for found in lists if isinstance(found, ast.List) for item in found.elts]
    return [name for name in names if name not in aliases and not name.isupper()]


def _target(node: ast.Assign) -> str:
    """Return the name that a plain assignment binds."""
    return getattr(node.targets[0], "id", "")


def heavy_imports() -> list[str]:
    """Find heavy libraries that the command line loads before it knows what to do."""
    code = "import sys, anatwin.cli; print(*{m.split('.')[0] for m in sys.modules})"
    loaded = _run("-c", code).stdout.split()
    return [f"'anatwin --help' imports {name}" for name in HEAVY if name in loaded]


def failing_examples() -> list[str]:
    """Find examples that do not run."""
    runs = [(path, _run(str(path))) for path in python_files("examples")]
    return [
        f"{path.relative_to(ROOT)}: {run.stderr.strip().splitlines()[-1]}"
        for path, run in runs
        if run.returncode
    ]


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run Python on some words."""
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)


if __name__ == "__main__":
    main()

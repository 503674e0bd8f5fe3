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
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    return [f"{p.relative_to(ROOT)} has {n} lines, at most {MAX_LINES}" for p, n in sizes.items() if n > MAX_LINES]


def untested_names() -> list[str]:
    """Find public functions and classes that no test, example or shipped suite names."""
    words = {
        node.id if isinstance(node, ast.Name) else node.attr
        for path in python_files("tests", "examples", "src/anatwin/testing")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name | ast.Attribute)
    }
    return [
        f"{path.relative_to(ROOT)}: {name} is public and no test names it"
        for path in python_files("src/anatwin")
        for name in public_names(path)
        if name not in words
    ]


def public_names(path: Path) -> list[str]:
    """Return what a module that other layers call defines at its top level."""
    if path.parts[-2] in ("commands", "testing") or path.name == "__main__.py":
        return []
    body = ast.parse(path.read_text(encoding="utf-8")).body
    kinds = ast.FunctionDef | ast.ClassDef
    return [node.name for node in body if isinstance(node, kinds) and node.name[0] != "_"]


def heavy_imports() -> list[str]:
    """Find heavy libraries that the command line loads before it knows what to do."""
    code = "import sys, anatwin.cli; print(*{m.split('.')[0] for m in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [f"'anatwin --help' imports {name}" for name in HEAVY if name in loaded.stdout.split()]


def failing_examples() -> list[str]:
    """Find examples that do not run."""
    runs = {p: subprocess.run([sys.executable, p], capture_output=True, text=True) for p in python_files("examples")}
    return [f"{p.relative_to(ROOT)}: {r.stderr.strip().splitlines()[-1]}" for p, r in runs.items() if r.returncode]


if __name__ == "__main__":
    main()

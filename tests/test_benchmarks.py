"""Benchmarks take long, so no test runs them whole; but what they call must be there."""

import ast
import importlib
from pathlib import Path

import pytest

FILES = sorted((Path(__file__).parents[1] / "benchmarks").glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_benchmarks_import_what_is_there(path):
    imports = [
        (node.module, name.name)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("anatwin")
        for name in node.names
    ]
    gone = [pair for pair in imports if not hasattr(importlib.import_module(pair[0]), pair[1])]
    assert not gone
    assert imports

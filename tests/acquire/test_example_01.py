import runpy
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "01_scan_an_analytic_phantom.py"


def test_example_gives_its_numbers() -> None:
    numbers = runpy.run_path(str(EXAMPLE))["main"]()
    assert numbers["ringing"] == pytest.approx(0.061, abs=0.001)
    assert numbers["acceleration"] == pytest.approx(4.0)
    assert numbers["zero_filled"] == pytest.approx(0.230, abs=0.005)

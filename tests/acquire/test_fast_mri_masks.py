import numpy as np
import pytest

from anatwin.acquire import FastMri

subsample = pytest.importorskip("fastmri.data.subsample")


@pytest.mark.parametrize("kind", ["random", "equispaced", "equispaced_fraction", "magic"])
@pytest.mark.parametrize(("acceleration", "fraction"), [(2, 0.16), (4, 0.08), (5, 0.06), (8, 0.04)])
@pytest.mark.parametrize("lines", [64, 171, 256, 320, 368, 640])
def test_masks_are_those_of_the_challenge(
    kind: str, acceleration: int, fraction: float, lines: int
) -> None:
    theirs = subsample.create_mask_for_mask_type(kind, [fraction], [acceleration])
    for seed in range(40):
        expected, _ = theirs((1, 1, lines, 1), seed=seed)
        mask = FastMri(
            kind=kind, acceleration=acceleration, center_fraction=fraction, seed=seed
        ).pattern((lines,))
        assert np.array_equal(mask.astype(np.float32), expected.numpy().ravel())


def test_the_middle_is_the_challenge_s_where_nothing_is_said() -> None:
    for acceleration, fraction in ((4, 0.08), (8, 0.04)):
        default = FastMri(acceleration=acceleration).pattern((368,))
        given = FastMri(acceleration=acceleration, center_fraction=fraction).pattern((368,))
        assert np.array_equal(default, given)

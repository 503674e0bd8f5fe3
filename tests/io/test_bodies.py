"""Bodies come back from a file as they went; what is damaged is refused."""

from dataclasses import replace

import numpy as np
import pytest

from anatwin.core import InputError
from anatwin.io.bodies import read_body, write_body
from anatwin.simulate import beam


@pytest.mark.parametrize("with_solid", [False, True])
def test_a_body_comes_back(tmp_path, with_solid):
    body = beam(5, 4, 3)
    solid = np.random.default_rng(0).random(body.grid.shape) < 0.2
    body = replace(body, solid=solid if with_solid else None, weights=(0.3,), poisson=0.2)
    write_body(body, tmp_path / "body.npz")
    back = read_body(tmp_path / "body.npz")
    assert back.grid.matches(body.grid)
    assert (back.weights, back.modulus_kpa, back.poisson) == ((0.3,), 1.0, 0.2)
    for name in ("density", "fixed", "forces_mn", "solid"):
        np.testing.assert_array_equal(getattr(back, name), getattr(body, name))


def test_a_file_that_lacks_something_is_refused(tmp_path):
    path = tmp_path / "body.npz"
    np.savez(path, density=np.ones((2, 2, 1)), fixed=np.ones((2, 3, 3), bool))
    with pytest.raises(InputError, match="lacks forces_mn, spacing_mm"):
        read_body(path)
    np.savez(
        path, density=np.ones((2, 2)), fixed=0, forces_mn=np.zeros((1, 2, 3, 3)), spacing_mm=1.0
    )
    with pytest.raises(InputError, match="three numbers"):
        read_body(path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match="cannot be read"):
        read_body(path)
    for name, values in (("object", np.array([{}], dtype=object)), ("plain", np.ones(3))):
        np.save(tmp_path / f"{name}.npy", values, allow_pickle=True)
        with pytest.raises(InputError, match="cannot be read"):
            read_body(tmp_path / f"{name}.npy")

"""The preview is the twin, only coarser."""

import base64
import gzip

import nibabel
import numpy as np
import pytest

from anatwin.core import Grid, Labels, Surface, Volume, head_table
from anatwin.report import preview

OBLIQUE = np.array([[0, 0, 2.0, 5], [-1.0, 0.1, 0, 7], [0, -1.5, 0, 9], [0, 0, 0, 1]])


def opened(text):
    return nibabel.Nifti1Image.from_bytes(gzip.decompress(base64.b64decode(text)))


def corner(grid, sign):
    ends = [-0.5 if sign < 0 else n - 0.5 for n in grid.shape]
    return np.array(grid.at(*ends))


def test_a_coarse_image_covers_the_same_box_with_the_same_mean(monkeypatch):
    monkeypatch.setattr(preview, "MOST_VOXELS", 6000)
    grid = Grid.from_matrix((40, 31, 26), OBLIQUE)
    data = np.random.default_rng(0).random(grid.shape).astype(np.float32)
    text, coarse = preview.preview_image(Volume(data, grid), (0.0, 1.0))
    image = opened(text)
    assert coarse.n_voxels <= 6000
    for sign in (-1, 1):
        np.testing.assert_allclose(corner(coarse, sign), corner(grid, sign), atol=1e-9)
    np.testing.assert_allclose(image.affine, coarse.matrix, atol=1e-5)
    assert np.asarray(image.dataobj).mean() / 255 == pytest.approx(data.mean(), abs=0.01)


def test_thick_slices_keep_their_number(monkeypatch):
    monkeypatch.setattr(preview, "MOST_VOXELS", 20_000)
    grid = Grid.centred((96, 90, 10), (0.5, 0.5, 4.0))
    text, coarse = preview.preview_image(Volume(np.ones(grid.shape, np.float32), grid), (0.0, 2.0))
    assert coarse.shape[2] == 10
    assert coarse.spacing_mm[0] == pytest.approx(coarse.spacing_mm[1], rel=0.03)
    assert set(np.unique(np.asarray(opened(text).dataobj))) <= {125, 129}


def test_noise_at_any_size_stays_within_the_bytes(monkeypatch):
    monkeypatch.setattr(preview, "IMAGE_BYTES", 60_000)
    grid = Grid.isotropic((70, 80, 90), 1.0)
    noise = np.random.default_rng(1).random(grid.shape).astype(np.float32)
    text, _ = preview.preview_image(Volume(noise, grid), (0.0, 1.0))
    assert len(base64.b64decode(text)) <= 60_000


def test_labels_are_numbered_in_the_order_shown():
    grid = Grid.isotropic((5, 6, 7), 1.0)
    data = np.zeros(grid.shape, np.uint16)
    data[1], data[3] = 19, 4
    shown = np.asarray(
        opened(preview.preview_labels(Labels(data, grid, head_table()), (4, 19))).dataobj
    )
    assert (shown[1] == 2).all()
    assert (shown[3] == 1).all()
    assert set(np.unique(shown)) == {0, 1, 2}


def shell(radii, steps=90):
    """Return nested spheres as one surface, the inner one inside out."""
    parts, faces = [], []
    for sign, radius in zip((1, -1), radii, strict=False):
        u, v = np.meshgrid(np.linspace(0, 2 * np.pi, steps), np.linspace(0, np.pi, steps))
        points = np.stack([np.sin(v) * np.cos(u), np.sin(v) * np.sin(u), np.cos(v)], -1)
        index = np.arange(steps * steps).reshape(steps, steps)
        a, b = index[:-1, :-1].ravel(), index[1:, :-1].ravel()
        c, d = index[1:, 1:].ravel(), index[:-1, 1:].ravel()
        quads = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
        faces.append(quads[:, ::sign] + sum(len(part) for part in parts))
        parts.append(points.reshape(-1, 3) * radius)
    return Surface(np.concatenate(parts).astype(np.float32), np.concatenate(faces), "shell")


def test_simplified_surfaces_are_light_and_keep_their_volume():
    surface = shell([50.0])
    (light,) = preview.simplify([surface], 2000)
    assert len(light.faces) < 0.4 * len(surface.faces)
    assert light.volume_mm3 == pytest.approx(surface.volume_mm3, rel=0.05)
    assert (light.name, light.colour) == (surface.name, surface.colour)


def test_the_sides_of_a_thin_shell_do_not_merge():
    surface = shell([50.0, 49.0])
    (light,) = preview.simplify([surface], 1000)
    radius = np.linalg.norm(light.vertices, axis=1)
    assert light.volume_mm3 == pytest.approx(surface.volume_mm3, rel=0.5)
    assert np.percentile(radius, 90) - np.percentile(radius, 10) > 0.7


def test_a_packed_surface_unpacks_to_itself():
    surface = shell([30.0], steps=12)
    packed = preview.pack(surface)
    body = np.frombuffer(gzip.decompress(base64.b64decode(packed["data"])), np.uint8)
    n, m = packed["vertices"], packed["faces"]
    steps = body[: n * 6].reshape(2, -1).T.copy().view("<u2").reshape(3, n).T
    low, high = np.array(packed["low"]), np.array(packed["high"])
    np.testing.assert_allclose(low + steps / 65535 * (high - low), surface.vertices, atol=2e-3)
    corners = body[n * 6 :].reshape(4, -1).T.copy().view("<i4").reshape(3, m).T
    first = np.cumsum(corners[:, 0])[:, None]
    faces = np.concatenate([first, first + corners[:, 1:]], axis=1)
    assert sorted(map(tuple, faces)) == sorted(map(tuple, surface.faces))

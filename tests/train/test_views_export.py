"""A network for views, run as ONNX: slices of any direction, labelled as torch labels them."""

import json

import numpy as np
import pytest
import torch

from anatwin.acquire import ThickSlices
from anatwin.core import Grid, Volume
from anatwin.ops.rigid_motion import rigid
from anatwin.phantoms import head_ellipsoids
from anatwin.segment import TrainedNetwork
from anatwin.segment.recipe import Recipe
from anatwin.train.export import rounded
from anatwin.train.planned_export import write_planned
from anatwin.train.planned_unet import PlannedUNet
from anatwin.train.supervised import planned_shape
from anatwin.train.views_apply import labelled
from anatwin.train.views_plan import views_plan, views_recipe

PLAN = views_plan(8.0, edge_mm=32.0, steps=1)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Return an untrained network, and the folder of its export."""
    torch.manual_seed(0)
    shape = planned_shape(PLAN, views_recipe(PLAN))
    network, folder = PlannedUNet(shape), tmp_path_factory.mktemp("views")
    write_planned(shape, network.state_dict(), views_recipe(PLAN), folder)
    return rounded(network, network.state_dict()), folder


def stack(direction="axial", **changes):
    """Return a stack of a head in the dark, turned a little."""
    head = head_ellipsoids().image(Grid.isotropic((28, 31, 29), 2.0)).magnitude()
    padded = np.pad(head.data, 8).astype(np.float32)
    scan = ThickSlices(direction=direction, rotation_deg=5, seed=3, **changes)
    view = scan(Volume(padded, Grid.isotropic(padded.shape, 2.0))).volume
    return Volume(np.maximum(view.data, 0), view.grid)


def placed(volume, matrix):
    """Return the same values where a matrix says."""
    return Volume(volume.data, Grid.from_matrix(volume.data.shape, matrix))


def test_slices_of_any_direction_are_labelled_as_in_torch(model):
    network, folder = model
    method = TrainedNetwork(model=folder, mirror=False, threads=1)
    views = [stack(name, in_plane_mm=1.0) for name in ("axial", "coronal", "sagittal")]
    turn = rigid(np.array([3.0, 2, 1]), np.array([0.3, -0.4, 0.2]))
    views += [placed(view, turn @ view.grid.matrix) for view in views[1:]]
    for view in views:
        labels = method(view)
        assert labels.grid is view.grid
        assert 0.01 < labels.data.mean() < 0.9
        expected = labelled(network, view).data
        differ = np.count_nonzero(labels.data != expected)
        assert differ <= 1e-4 * expected.size, (differ, expected.sum())


def test_neither_storage_nor_a_flipped_header_matters(model):
    method = TrainedNetwork(model=model[1], threads=1)
    for direction in ("axial", "sagittal"):
        view = stack(direction, in_plane_mm=1.5)
        labels = method(view).data
        matrix = view.grid.matrix[:, [2, 0, 1, 3]]
        matrix[:3, 3] += matrix[:3, 0] * (view.data.shape[2] - 1)
        matrix[:3, 0] *= -1
        turned = Volume(
            np.ascontiguousarray(view.data.transpose(2, 0, 1)[::-1]),
            Grid.from_matrix(np.roll(view.data.shape, 1), matrix),
        )
        found = method(turned).data
        np.testing.assert_array_equal(found[::-1].transpose(1, 2, 0), labels)
        mirrored = placed(view, np.diag([-1.0, 1, 1, 1]) @ view.grid.matrix)
        np.testing.assert_array_equal(method(mirrored).data, labels)


def test_other_slices_are_labelled_on_their_own_grid(model):
    view = stack("coronal", in_plane_mm=1.6, distance_mm=5.0)
    labels = TrainedNetwork(model=model[1], threads=1)(view)
    assert labels.grid is view.grid
    dark = (view.data <= 0.01 * view.data.max()).all(axis=(1, 2))
    assert dark[0]
    assert labels.data.any()
    assert not labels.data[dark].any()
    assert labels.uncertainty.shape == view.data.shape


def test_recipes_that_say_nothing_of_views_can_still_be_read():
    recipe = views_recipe(PLAN)
    assert Recipe.from_json(recipe.to_json()) == recipe
    fields = json.loads(recipe.to_json())
    del fields["is_of_views"]
    assert Recipe.from_json(json.dumps(fields)).window((40, 50, 60)) == recipe.patch
    assert recipe.window((40, 50, 60)) == (40, 50, 60)

"""The plan that follows from a dataset's fingerprint."""

from dataclasses import replace
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.core import InputError
from anatwin.train.fingerprint import Fingerprint, Intensity
from anatwin.train.planning import (
    Machine,
    make_plan,
    step_bytes,
    target_spacing,
    topology,
)
from anatwin.train.segment_plan import read_plan, write_plan

CPU, CARD = Machine("cpu", 1.0), Machine("cuda", 8.0)
HIPPOCAMPUS = Fingerprint(
    n_cases=119,
    shape=(36.0, 50.0, 37.0),
    spacing_mm=(1.0, 1.0, 1.0),
    fine_spacing_mm=(1.0, 1.0, 1.0),
    nonzero=0.99,
    intensities=(Intensity("MRI", 3.0, 90.0, 50.0, 12.0),),
    present={"anterior": 1.0},
    volumes_mm3={"anterior": 1700.0},
)
PROSTATE = replace(
    HIPPOCAMPUS,
    n_cases=32,
    shape=(320.0, 316.0, 20.0),
    spacing_mm=(0.62, 0.62, 3.6),
    fine_spacing_mm=(0.6, 0.6, 3.0),
)


def test_the_hippocampus_fits_one_patch():
    for machine in (CPU, CARD):
        assert make_plan(HIPPOCAMPUS, machine).patch == (40, 56, 40)


def test_a_processor_gets_an_early_stride_and_a_card_does_not():
    assert make_plan(HIPPOCAMPUS, CPU).stem == (2, 2, 2)
    assert make_plan(HIPPOCAMPUS, CARD).stem == (1, 1, 1)
    assert make_plan(HIPPOCAMPUS, CARD).batch > make_plan(HIPPOCAMPUS, CPU).batch


def test_coarse_slices_are_not_pooled_until_the_others_are_as_coarse():
    plan = make_plan(PROSTATE, CARD)
    assert plan.spacing_mm == (0.62, 0.62, 3.0)
    assert plan.kernels[0] == (3, 3, 1)
    assert plan.strides[0] == (2, 2, 1)
    assert plan.kernels[-1] == (3, 3, 3)
    assert plan.turned_axes == (2,)


def test_a_coarse_axis_that_is_long_keeps_the_median():
    long = replace(PROSTATE, shape=(64.0, 66.0, 40.0))
    assert target_spacing(long) == long.spacing_mm


def test_less_memory_makes_a_smaller_patch_of_the_same_proportions():
    head = replace(HIPPOCAMPUS, shape=(256.0, 240.0, 160.0))
    large, small = (make_plan(head, Machine("cpu", gb)) for gb in (4.0, 0.5))
    assert prod(small.patch) < prod(large.patch)
    for plan, gb in ((large, 4.0), (small, 0.5)):
        topology_of = (plan.patch, plan.stem, plan.strides, plan.widths)
        one = step_bytes(*topology_of, classes=2, value=4)
        assert 0.6 * gb * 1e9 < 2 * one <= gb * 1e9
        assert plan.patch[0] / plan.patch[2] == pytest.approx(1.6, rel=0.15)


def test_values_with_a_meaning_keep_it():
    computed = replace(HIPPOCAMPUS.intensities[0], channel="CT")
    plan = make_plan(replace(HIPPOCAMPUS, intensities=(computed,)), CPU)
    assert (plan.channels[0].scaling, plan.channels[0].mean) == ("fixed", 50.0)
    stripped = make_plan(replace(HIPPOCAMPUS, nonzero=0.4), CPU)
    assert stripped.channels[0].scaling == "z-score of the non-zero"


@settings(deadline=None, max_examples=40)
@given(
    st.tuples(*[st.integers(4, 300)] * 3),
    st.tuples(*[st.floats(0.3, 6.0)] * 3),
    st.sampled_from([1, 2]),
)
def test_no_axis_is_pooled_below_the_shortest(patch, spacing, stem):
    first, strides, kernels = topology(list(patch), spacing, stem=stem, levels=6)
    assert len(kernels) == len(strides) + 1
    for axis in range(3):
        pooled = prod(step[axis] for step in (first, *strides))
        assert pooled == 1 or -(-patch[axis] // pooled) >= 4
    assert all(3 in kernel for kernel in kernels)


def test_a_plan_can_be_read_again(tmp_path):
    path = tmp_path / "plan.json"
    plan = make_plan(PROSTATE, CARD)
    write_plan(plan, PROSTATE, path)
    assert read_plan(path) == plan
    path.write_text('{"plan": {"patch": 3}}')
    with pytest.raises(InputError, match=r"plan\.json is not a plan"):
        read_plan(path)

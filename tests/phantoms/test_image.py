import numpy as np
import pytest

from anatwin.core import Grid, anatomy_table, head_table
from anatwin.phantoms import Weighting, image, signal, tissue_table, tissues
from anatwin.phantoms.signal import SEQUENCES, brightness, fat_numbers
from anatwin.phantoms.tissue import substances, tissue_list

GRID = Grid.isotropic((36, 44, 40), 6.0)


def test_contrasts_rank_tissues_as_they_do_in_people() -> None:
    table = tissue_table()
    white, grey, fluid, fat, bone, muscle, disc = (
        table[name].index
        for name in (
            "white_matter_left", "cortex_left", "csf", "fat", "skull", "masseter_right",
            "tmj_disc_left",
        )
    )  # fmt: skip
    t1, t2, pd = (brightness(table, contrast) for contrast in SEQUENCES)
    assert t1[fat] > t1[white] > t1[grey] > t1[muscle] > t1[fluid] > t1[bone]
    assert t2[fluid] > t2[grey] > t2[white] > t2[muscle] > t2[disc] > t2[bone]
    assert pd[grey] > pd[white]
    assert t1[0] == t1[table["air"].index] == 0
    assert brightness(table, "t1", seed=1)[white] != t1[white]


def test_tables_agree_where_they_name_the_same() -> None:
    fine, middle, coarse = (
        brightness(t, "t2") for t in (tissue_table(), anatomy_table(), head_table())
    )
    for name in ("csf", "cortex_right", "skin", "spinal_cord", "soft_tissue"):
        values = {
            float(bright[table[name].index])
            for bright, table in (
                (fine, tissue_table()), (middle, anatomy_table()), (coarse, head_table()),
            )
        }  # fmt: skip
        assert len(values) == 1
    assert coarse[head_table()["bone"].index] == fine[tissue_table()["skull"].index]
    assert (coarse[1:] > 0).sum() == len(head_table()) - 1  # all but air


def test_relaxation_depends_on_the_field_as_it_does_in_people() -> None:
    low, middle, high = (substances(field) for field in ("1.5", "3", "5"))  # type: ignore[arg-type]
    assert {t.substance for t in tissue_list()} <= set(middle)
    for name, now in middle.items():
        assert low[name].t1_ms <= now.t1_ms <= high[name].t1_ms
        assert low[name].t2star_ms >= now.t2star_ms >= high[name].t2star_ms
        assert now.t2star_ms <= now.t2_ms <= now.t1_ms


def test_every_number_states_its_source() -> None:
    from importlib.resources import files

    text = files("anatwin.phantoms").joinpath("relaxation.tsv").read_text("utf-8")
    for line in text.splitlines()[1:]:
        cells = line.split("\t")
        assert len(cells) == 8
        for source in cells[5:]:
            assert "doi:" in source or source.startswith(("chosen", "rule:", "no signal"))


def test_a_voxel_holds_a_mixture_of_what_lies_in_it() -> None:
    fine = Grid.isotropic(tuple(2 * n for n in GRID.shape), 3.0)  # type: ignore[arg-type]
    parts = signal(tissues(fine, 2), "pd", field_t="5", seed=2).data
    means = parts.reshape(36, 2, 44, 2, 40, 2).mean(axis=(1, 3, 5))
    how = Weighting(contrast="pd", field_t="5")
    assert image(GRID, 2, weighting=how).data == pytest.approx(means, abs=1e-5)


def test_fat_moves_along_the_readout_and_water_stays() -> None:
    still, moved = (
        image(GRID, 1, weighting=Weighting(fat_shift_voxels=shift)).data for shift in (0, 1.5)
    )
    assert moved.sum() == pytest.approx(still.sum(), rel=1e-5)
    brain = np.s_[15:20, 18:24, 26:30]
    assert moved[brain] == pytest.approx(still[brain], abs=0.05)
    assert np.abs(moved - still).max() > 0.5
    assert fat_numbers(tissue_table()).sum() == 10  # fat and the marrow of nine bones


def test_noise_is_rician_and_shading_keeps_the_mean() -> None:
    clean, noisy = image(GRID, 3).data, image(GRID, 3, noise=0.05).data
    outside = clean == 0
    assert noisy[outside].mean() == pytest.approx(0.05 * np.sqrt(np.pi / 2), rel=0.02)
    shaded = image(GRID, 3, shading=0.2).data
    ratio = shaded[~outside] / clean[~outside]
    assert ratio.std() == pytest.approx(0.2, rel=0.5)
    assert ratio.mean() == pytest.approx(1, abs=0.15)

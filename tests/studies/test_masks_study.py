"""The study of sampling patterns: what it counts, what it writes, and that the page holds it."""

import csv
from math import isnan

import numpy as np
import pytest

from anatwin.core import Grid, InputError, UsageError, Volume
from anatwin.io.nifti import write_volume
from anatwin.phantoms import head, signal
from anatwin.studies import Figure, Findings, Masks, Table, write_findings
from anatwin.studies.slices import middle_slices


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    path = tmp_path_factory.mktemp("scan") / "head.nii.gz"
    grid = Grid.centred((44, 52, 40), (5.0, 5.0, 5.0))
    write_volume(signal(head(grid, seed=3), "t1", seed=3), path)
    return path


@pytest.fixture(scope="module")
def findings(scan):
    study = Masks(
        patterns=("gaussian-lines", "random-points", "radial-grid"),
        accelerations=(2.0, 4.0, 8.0),
        methods=("zero-filled", "total-variation"),
        seeds=4,
        slices=2,
    )
    return study((scan,))


def table(findings, name):
    found = next(t for t in findings.tables if t.name == name)
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


class TestMasks:
    def test_more_acceleration_costs_quality(self, findings):
        rows = [r for r in table(findings, "quality") if r["method"] == "zero-filled"]
        for pattern in ("random-points", "radial-grid"):
            psnr = [r["PSNR [dB]"] for r in rows if r["pattern"] == pattern]
            assert psnr == sorted(psnr, reverse=True), pattern

    def test_every_row_counts_its_draws_and_has_an_interval(self, findings):
        rows = table(findings, "quality")
        assert len(rows) == 3 * 3 * 2
        assert all(r["n"] == 4 and r["low"] < r["PSNR [dB]"] < r["high"] for r in rows)
        assert all(0 < r["SSIM"] < 1 for r in rows)

    def test_total_variation_beats_zero_filling_on_incoherent_points(self, findings):
        gains = [r["gain [dB]"] for r in table(findings, "gain") if r["pattern"] == "random-points"]
        assert max(gains) > 2.0

    def test_rings_are_shares_and_lines_near_the_middle_take_most(self, findings):
        rows = table(findings, "rings")
        assert all(0 <= share <= 1 for r in rows for share in list(r.values())[2:])
        radial = next(r for r in rows if r["pattern"] == "radial-grid" and r["asked [x]"] == 4.0)
        assert radial["0-12 %"] > 2 * radial["87-100 %"]

    def test_true_acceleration_is_reported(self, findings):
        for row in table(findings, "patterns"):
            assert row["true [x]"] == pytest.approx(row["asked [x]"], rel=0.15)

    def test_the_paper_stands_beside_it_as_printed(self, findings):
        rows = {r["paper's mask"]: r for r in table(findings, "paper_table_2")}
        assert rows["cartesian"]["PSNR 4x paper"] == 29.04
        assert np.isfinite(rows["cartesian"]["PSNR 4x here"])
        assert isnan(rows["spiral"]["PSNR 4x here"]), "it was not asked for"
        assert any("swapped" in remark for remark in findings.remarks)

    def test_k_space_is_no_input(self, tmp_path):
        from anatwin.io.ismrmrd import write_ismrmrd
        from anatwin.testing.suites import known_scan

        write_ismrmrd(known_scan(slice_axis=2), tmp_path / "k.h5")
        with pytest.raises(InputError, match="k-space"):
            Masks()((tmp_path / "k.h5",))

    def test_unknown_patterns_are_refused(self):
        with pytest.raises(UsageError, match="No pattern"):
            Masks(patterns=("zigzag",))


class TestFiles:
    def test_every_part_is_a_file_and_on_the_page(self, findings, tmp_path):
        write_findings(findings, tmp_path / "study")
        names = {path.name for path in (tmp_path / "study").iterdir()}
        assert {"quality.csv", "quality.md", "rings.csv", "patterns.png", "images_4x.png"} < names
        page = (tmp_path / "study" / "study.html").read_text(encoding="utf-8")
        assert "synthetic k-space" in page
        assert page.count("data:image/png") == 1 + 3
        text = (tmp_path / "study" / "quality.csv").read_text(encoding="utf-8")
        rows = list(csv.DictReader(text.splitlines()))
        assert float(rows[0]["PSNR [dB]"]) == table(findings, "quality")[0]["PSNR [dB]"]

    def test_an_existing_folder_is_kept(self, tmp_path):
        with pytest.raises(UsageError, match="exists"):
            write_findings(Findings("t", "b", (), ()), tmp_path)

    def test_a_failure_leaves_nothing(self, tmp_path):
        broken = Findings("t", "b", (), (), (Figure("no/such/folder", "c", b""),))
        with pytest.raises(Exception, match="Cannot write"):
            write_findings(broken, tmp_path / "study")
        assert list(tmp_path.iterdir()) == []

    def test_text_from_files_cannot_become_markup(self, tmp_path):
        found = Findings("t", "<script>alert(1)</script>", (), ())
        write_findings(found, tmp_path / "study")
        assert "<script>" not in (tmp_path / "study" / "study.html").read_text(encoding="utf-8")


def test_a_table_is_read_as_text_and_as_numbers():
    made = Table("t", "n = 1", ("name", "value"), (("a", 1.23456789), ("b", float("nan"))))
    assert made.csv() == "name,value\na,1.23456789\nb,\n"
    assert made.markdown().splitlines()[2:4] == ["| a | 1.235 |", "| b | - |"]
    with pytest.raises(UsageError, match="2 cells"):
        Table("t", "", ("name", "value"), (("a",),))


def test_slices_come_from_the_middle_half_and_keep_their_place():
    grid = Grid.centred((30, 20, 11), (1.0, 2.0, 5.0))
    data = np.broadcast_to(np.arange(11, dtype=np.float32), grid.shape).copy()
    for one in middle_slices(Volume(data, grid), 3):
        assert one.grid.shape == (30, 20, 1)
        assert one.grid.at(0, 0, 0)[2] == grid.at(0, 0, float(one.data[0, 0, 0]))[2]
    across = middle_slices(Volume(data, grid), 4, axis=1)
    assert [one.grid.at(0, 0, 0)[1] for one in across] == [
        grid.at(0, place, 0)[1] for place in (5, 8, 11, 14)
    ]

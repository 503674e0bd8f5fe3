"""One file, small, complete for whatever a twin holds, and safe with whatever it is called."""

from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest
from small_twin import GRID, HASH, make_labels, make_twin

from anatwin.core import Check, Grid, Label, LabelTable, ResourceError, Twin, Volume
from anatwin.report import render_report, write_report
from anatwin.report.content import check_rows, structure_rows

SCRIPTS = 4
"""The page's own: its controls, the data of the view, NiiVue, the view."""

ATTACK = '<script>window.hacked=1</script><img src=x onerror="window.hacked=1">"\'</style>{{7*7}}'


class Outline(HTMLParser):
    """Collects identifiers, links and the elements that could run or load something."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.sources, self.tags = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.append(tag)
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values["href"]] if tag == "a" else []
        self.sources += [values["src"]] if "src" in values else []
        assert not any(name.startswith("on") or name == "style" for name in values), attrs


@pytest.fixture(scope="module")
def page(twin):
    return render_report(twin)


def test_every_part_is_there_and_every_inner_link_leads_somewhere(page):
    outline = Outline(page)
    sections = ["measured", "reconstruction", "anatomy", "explore"]
    sections += ["numbers", "checks", "history", "methods"]
    assert [name for name in outline.ids if name in sections] == sections
    assert len(outline.ids) == len(set(outline.ids))
    inner = {link[1:] for link in outline.links if link.startswith("#")}
    assert inner <= set(outline.ids)


def test_nothing_is_loaded_from_elsewhere(page):
    outline = Outline(page)
    assert all(source.startswith("data:image/webp") for source in outline.sources)
    assert "link" not in outline.tags or 'rel="icon" href="data:,"' in page
    assert "default-src 'none'" in unescape(page)
    assert not {"iframe", "object", "embed", "form"} & set(outline.tags)


def test_numbers_carry_their_origin_unit_uncertainty_and_convention(page):
    for text in ("31.25 dB", "volume, max(reference)", "± 3.2", "219.4", HASH):
        assert text in page
    assert page.count('class="badge synthetic-k-space"') >= 5
    assert "Not found: eye left" in page
    assert "Passed with warnings" in page
    assert "Acceleration requested" in page
    assert "reused" in page


@pytest.mark.parametrize(
    "twin",
    [
        Twin("a", "b", "image"),
        make_twin(kspace=None, baseline=None, reference=None, labels=None, surfaces=()),
        make_twin(image=None),
        make_twin(reference=None, origin="raw k-space"),
        make_twin(surfaces=()),
        make_twin(history=(), checks=(), measures=()),
    ],
    ids=["nothing", "image", "no image", "raw", "no surfaces", "no history"],
)
def test_a_twin_with_parts_missing_has_a_page(twin):
    outline = Outline(render_report(twin))
    inner = {link[1:] for link in outline.links if link.startswith("#")}
    assert inner <= set(outline.ids)


def test_labels_on_another_grid_are_not_drawn_over_the_image():
    grid = Grid.isotropic((20, 22, 24), 5.0)
    page = render_report(make_twin(image=Volume(np.ones(grid.shape, np.float32), grid)))
    assert 'class="over"' not in page


def test_names_from_outside_are_inert_text():
    table = LabelTable((Label(1, ATTACK.replace("/", "|"), (1, 2, 3)),))
    labels = replace(
        make_labels(make_twin().labels.table), table=table, data=np.ones(GRID.shape, np.uint8)
    )
    surfaces = tuple(replace(surface, name=ATTACK) for surface in make_twin().surfaces)
    check = Check(ATTACK, "fail", ATTACK, ATTACK, ATTACK, ATTACK)
    step = replace(make_twin().history[0], note=ATTACK, method=ATTACK, inputs=((ATTACK, ATTACK),))
    page = render_report(
        make_twin(
            subject=ATTACK, source=ATTACK, origin=ATTACK, labels=labels, surfaces=surfaces,
            checks=(check,), history=(step,), facts=((ATTACK, ATTACK),), notes=(ATTACK,),
        )
    )  # fmt: skip
    assert Outline(page).tags.count("script") == SCRIPTS
    assert "<img src=x" not in page
    assert "</style>{{" not in page


def test_a_large_noisy_scan_gives_a_page_below_ten_megabytes():
    grid = Grid.centred((200, 256, 180), (0.9, 0.9, 1.0))
    rng = np.random.default_rng(0)
    noise = Volume(rng.integers(0, 4000, grid.shape, np.int16), grid)
    page = render_report(make_twin(image=noise, baseline=noise, reference=noise, labels=None))
    assert len(page.encode()) < 10e6


def test_the_file_is_complete_or_absent(tmp_path):
    path = tmp_path / "report.html"
    write_report(Twin("a", "b", "image"), path)
    assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")
    with pytest.raises(ResourceError):
        write_report(Twin("a", "b", "image"), tmp_path / "no folder" / "report.html")
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_structures_have_a_table_of_their_own_and_do_not_crowd_the_checks():
    twin = make_twin()
    structure = Check("structure: masseter_left", "fail", "failed, 3 ml", "15 to 40 ml", "Too few.")
    twin = replace(twin, checks=(*twin.checks, structure))
    assert structure not in check_rows(twin)
    assert structure_rows(twin) == [("masseter_left", structure)]
    page = render_report(twin)
    assert "Masseter left" in page
    assert "Too few." in page

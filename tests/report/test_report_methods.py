"""The methods paragraph cites what the methods cite."""

import pytest

from anatwin.core import Step, Twin
from anatwin.report.methods import find_references, write_methods

STYLES = {
    "a list after a colon": "Do it.\n\nReferences: A et al. 2001, doi:10.1002/mrm.1241; B 2009,\n"
    "doi:10.1137/080716542.",
    "a numpydoc section": "Do it.\n\nReferences\n----------\n.. [1] A et al. 2001, "
    "doi:10.1002/mrm.1241.\n.. [2] B 2009,\n   https://doi.org/10.1137/080716542.",
    "in the text": "Do it (A et al. 2001, doi:10.1002/mrm.1241; B 2009, doi:10.1137/080716542).",
}


@pytest.mark.parametrize("text", STYLES.values(), ids=STYLES.keys())
def test_references_are_found_however_they_are_written(text):
    links = [reference.link for reference in find_references(text)]
    assert links == [
        "https://doi.org/10.1002/mrm.1241",
        "https://doi.org/10.1137/080716542",
    ]


def test_a_docstring_without_references_has_none():
    assert find_references("Count voxels. Nothing to cite.") == ()


def test_steps_become_sentences_that_cite_each_work_once():
    steps = (
        Step("read", "read"),
        Step("reconstruct", "Sense", (("iterations", 12), ("tolerance", 1e-4))),
        Step("reconstruct", "Sense", (("iterations", 3),)),
        Step("mesh", "SurfaceNets", versions=(("numpy", "2.4.6"),)),
        Step("measure", "measure"),
    )
    methods = write_methods(Twin("code", "file", "raw k-space", history=steps))
    texts = [sentence.text for sentence in methods.sentences]
    assert "raw k-space" in texts[0]
    assert "Sense" in texts[1]
    assert "iterations 12, tolerance 0.0001" in texts[1]
    assert methods.sentences[1].citations == methods.sentences[2].citations == (1,)
    assert methods.references[0].link == "https://doi.org/10.1002/mrm.1241"
    assert len({work.text for work in methods.references}) == len(methods.references)
    assert texts[-1] == "Software: numpy 2.4.6."
    assert not any("read" in text for text in texts)


def test_methods_that_are_not_installed_are_still_named():
    history = (Step("segment", "SomebodyElses"), Step("acquire", "json"))
    texts = [s.text for s in write_methods(Twin("code", "f", "image", history=history)).sentences]
    assert any("SomebodyElses" in text for text in texts)

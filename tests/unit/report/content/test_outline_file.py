"""A document as a file and back: the same report, and a cure where the file is none."""

from __future__ import annotations

import json

import pytest

from qdiag.errors import TraceError
from qdiag.report.content import outline_file
from qdiag.report.formats import html
from tests.worlds.results import CASES


@pytest.mark.parametrize("name", CASES)
def test_a_document_is_the_same_after_it_was_stored(name: str) -> None:
    document = CASES[name]().document()
    stored = outline_file.save(document)
    assert outline_file.save(outline_file.load(stored)) == stored
    assert html.render(outline_file.load(stored)) == html.render(document)


def test_a_document_that_an_earlier_qdiag_stored_lacks_what_it_did_not_know_and_can_be_read() -> None:
    document = CASES["shifted"]().document()
    stored = json.loads(outline_file.save(document))
    del stored["document"]["chapters"][0]["of_training"]
    assert outline_file.load(json.dumps(stored)) == outline_file.load(outline_file.save(document))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "document": {"title": 3}}', '{"format": 99, "document": {}}']
)
def test_what_is_no_document_is_refused_with_a_cure(text: str) -> None:
    with pytest.raises(TraceError) as error:
        outline_file.load(text)
    assert "qdiag diagnose" in error.value.cure


def test_a_report_of_an_earlier_qdiag_has_its_next_step_in_one_text() -> None:
    stored = json.loads(outline_file.save(CASES["moons"]().document()))
    del stored["document"]["next_step"]
    told = "qdiag report --github   the text for an issue"
    for text, step in ((told, ("qdiag report --github", "the text for an issue")), ("", None)):
        stored["document"]["follow_up"] = text
        read = outline_file.load(json.dumps(stored)).next_step
        assert (read and (read.typed, read.reason)) == step

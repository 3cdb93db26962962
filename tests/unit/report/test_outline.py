"""The outline that every format renders: what can be asked of a chapter, of a document, and of the next command."""

from __future__ import annotations

import pytest

from qdiag.report.outline import Chapter, Fact, NextStep
from tests.worlds.results import CASES

CHAPTER = Chapter("1", "title", "ERROR", "sentence", (Fact("first", "call 0"), Fact("first", "again"), Fact("cause", "QD101")))


@pytest.mark.parametrize(("label", "text"), [("first", "call 0"), ("cause", "QD101"), ("remedy", "")])
def test_what_is_said_under_a_label(label: str, text: str) -> None:
    assert CHAPTER.fact(label) == text


class TestTheReportOfOneFinding:
    def test_is_about_it_alone(self) -> None:
        document = CASES["shifted"]().document()
        alone = document.of_finding(2)
        assert alone.chapters == (document.chapters[1],)
        assert (alone.verdict, alone.sentence) == (document.chapters[1].verdict, document.chapters[1].sentence)

    def test_has_its_record_alone_and_the_rest_as_it_was(self) -> None:
        document = CASES["shifted"]().document()
        alone = document.of_finding(2)
        assert alone.record["findings"] == [document.record["findings"][1]]
        assert {name: alone.record[name] for name in alone.record if name != "findings"} == {
            name: document.record[name] for name in document.record if name != "findings"
        }

    def test_leaves_the_whole_report_as_it_is(self) -> None:
        document = CASES["shifted"]().document()
        document.of_finding(2)
        assert len(document.record["findings"]) == len(document.chapters) == 2


@pytest.mark.parametrize(
    ("arguments", "typed"),
    [
        ((), "qdiag twin train.py"),
        (("a", "two words"), "qdiag twin train.py -- a 'two words'"),
        (("--token=<secret>", "x<y"), "qdiag twin train.py -- --token=<secret> 'x<y'"),
    ],
)
def test_a_command_is_shown_as_a_shell_takes_it(arguments: tuple[str, ...], typed: str) -> None:
    assert NextStep(("qdiag", "twin", "train.py"), arguments).shell_line == typed

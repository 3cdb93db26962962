"""The summary on a terminal: it fits, and says the same without colour, without Unicode and in a file."""

from __future__ import annotations

import re
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from qdiag.report.formats import terminal
from qdiag.report.outline import Chapter, Document, Fact, Table
from tests.worlds.reports import printed
from tests.worlds.results import CASES, Case


def test_of_what_trainings_as_a_whole_show_a_screen_leaves_to_their_own_section_why_and_what_to_do() -> None:
    case = CASES["shifted"]()
    finding = case.result.findings[0]
    assert {"because", "remedy"} <= labels(case)
    trained = replace(finding, diagnosis=replace(finding.diagnosis, of_training=True))
    assert not {"because", "remedy"} & labels(replace(case, result=replace(case.result, findings=(trained,))))


def labels(case: Case) -> set[str]:
    return {line.split()[0] for line in printed(case.document(), 100).splitlines() if line.strip()}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    assert max(map(len, printed(CASES[name]().document(), width).splitlines())) <= width


def test_without_unicode_the_summary_is_plain_ascii() -> None:
    assert printed(CASES["moons"]().document(), encoding="ascii").isascii()


def test_the_sampled_methods_are_starred_and_the_star_is_explained() -> None:
    shown = printed(CASES["moons"]().document())
    assert "parameter-shift*" in shown
    assert "* sampled at 9 of 241 calls" in shown


def test_verbose_shows_every_experiment_and_every_refusal() -> None:
    shown = printed(CASES["moons"]().document(), verbose=True)
    assert "back in float32" in shown
    assert "free wire" in shown


def test_a_chapter_of_which_the_verdict_says_nothing_has_its_own_sentence_above_it() -> None:
    document = CASES["remarked"]().document()
    chapter = document.chapters[0]
    document = replace(document, verdict="INCONCLUSIVE", sentence="Nothing was compared.", chapters=(chapter,))
    assert f"REMARK  {chapter.sentence}" in printed(document, 1000)


def test_a_chapter_that_the_verdict_tells_of_is_told_once() -> None:
    document = CASES["remarked"]().document()
    chapter = document.chapters[0]
    document = replace(document, sentence=chapter.sentence, chapters=(chapter,))
    assert printed(document, 1000).count(chapter.sentence) == 1


# --- for every terminal ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("verbose", [False, True])
def test_in_a_file_there_is_neither_colour_nor_any_control_character(name: str, verbose: bool) -> None:
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f\x80-\x9f]", printed(CASES[name]().document(), verbose=verbose)) is None


@pytest.mark.parametrize("name", CASES)
def test_the_words_are_the_same_with_and_without_colour(name: str) -> None:
    def said(colour: bool) -> str:
        stream = StringIO()
        console = Console(file=stream, width=80, force_terminal=colour, color_system="truecolor" if colour else None)
        terminal.render(CASES[name]().document(), console)
        # what fills a line up on a terminal is not in a file
        return re.sub(r" +$", "", re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue()), flags=re.MULTILINE)

    assert said(True) == said(False)


def document(*chapters: Chapter, **parts: object) -> Document:
    return replace(Document("title", "ERROR", "One is wrong.", "3 QNode calls", chapters=chapters), **parts)  # type: ignore[arg-type]


def finding(number: int, **parts: object) -> Chapter:
    facts = (Fact("first", f"call {number}"), Fact("because", "the reason"), Fact("remedy", "the cure"))
    return replace(Chapter(str(number), f"title {number}", "ERROR", f"sentence {number}.", facts, code=f"QD{number}"), **parts)  # type: ignore[arg-type]


def test_markup_in_a_name_is_shown_as_it_is() -> None:
    text = printed(document(finding(1, facts=(Fact("first", "[red]call[/red] [bold] default.qubit[complex64]"),))))
    assert "[red]call[/red] [bold] default.qubit[complex64]" in text


def test_two_findings_are_shown_in_full_and_of_the_others_a_line() -> None:
    text = printed(document(*(finding(number) for number in range(1, 5))))
    assert [f"call {number}" in text for number in range(1, 5)] == [True, True, False, False]
    assert "3  ERROR  sentence 3. QD3" in text
    assert all(f"call {number}" in printed(document(*map(finding, range(1, 5))), verbose=True) for number in range(1, 5))


def test_one_finding_needs_no_heading() -> None:
    assert "title 1" not in printed(document(finding(1)))
    assert "title 1" in printed(document(finding(1), finding(2)))


def test_facts_come_in_their_order_whatever_that_of_the_chapter_is() -> None:
    facts = (Fact("remedy", "R"), Fact("methods", "M"), Fact("cause", "C"), Fact("first", "F"))
    shown = [line.split() for line in printed(document(finding(1, facts=facts))).splitlines()]
    assert [words for words in shown if words and words[0] in ("first", "cause", "remedy", "methods")] == [
        ["first", "F"], ["cause", "C"], ["remedy", "R"],
    ]  # fmt: skip


def test_what_upstream_knows_is_said() -> None:
    assert "PennyLane #2434: it" in printed(document(finding(1, known=(Fact("PennyLane #2434", "it"),))))


def test_a_word_longer_than_the_line_is_folded_and_not_cut() -> None:
    long = "x" * 300
    text = printed(document(finding(1, facts=(Fact("first", long),))), 60)
    assert text.count("x") == 300
    assert max(map(len, text.splitlines())) <= 60


def test_refusals_are_shown_where_more_is_asked_for() -> None:
    refused = Table("Methods that refuse", ("Method", "Words"), (("hadamard", "needs a free wire"),))
    assert "free wire" not in printed(document(finding(1), refused=refused))
    assert "hadamard: needs a free wire" in printed(document(finding(1), refused=refused), verbose=True)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
@pytest.mark.parametrize("name", CASES)
def test_any_stream_can_take_it(name: str, encoding: str) -> None:
    # what a stream cannot show would end the command with an exception of Python's
    assert printed(CASES[name]().document(), encoding=encoding, verbose=True)

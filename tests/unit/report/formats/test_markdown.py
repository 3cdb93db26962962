"""Markdown that GitHub renders, in which no name of the user's becomes markup."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.report.formats import markdown
from qdiag.report.outline import Code, Fact, Table
from tests.worlds.results import CASES


def test_markdown_gives_no_name_a_meaning() -> None:
    assert markdown.plain("*a* _b_ `c` <d> [e](f) | #12 @someone snake_case") == (
        "\\*a\\* \\_b\\_ \\`c\\` \\<d\\> \\[e\\](f) \\| #<!-- -->12 @<!-- -->someone snake_case"
    )


def test_a_fence_is_longer_than_any_inside_it() -> None:
    assert markdown.code_fence("```\ninside\n```", "text").startswith("````text\n")


# --- any name ----------------------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=40)


@given(TEXTS)
def test_whatever_is_escaped_can_be_read_back(text: str) -> None:
    # what a renderer shows: a backslash before punctuation is gone, and so is a comment
    shown = re.sub(r"\\([\\`*\[\]<>|_~])", r"\1", markdown.plain(text).replace("<!-- -->", ""))
    assert shown == text


@given(TEXTS)
def test_nothing_that_starts_markup_stands_bare(text: str) -> None:
    bare = re.sub(r"\\.|<!-- -->", "", markdown.plain(text))
    assert re.search(r"[`*\[\]<>|~]", bare) is None


@given(st.lists(st.lists(TEXTS, min_size=3, max_size=3), max_size=4))
def test_a_table_has_its_cells_whatever_is_in_them(rows: list[list[str]]) -> None:
    written = markdown.table_text(Table("t", ("a", "b", "c"), tuple(map(tuple, rows))))
    lines = written.splitlines()
    assert len(lines) == 2 + len(rows)
    for line in lines:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 4


@given(st.text(st.sampled_from("`ab\n~"), max_size=30), st.sampled_from(["python", "text", ""]))
def test_a_fence_is_never_ended_by_what_is_inside(text: str, language: str) -> None:
    lines = markdown.code_fence(text, language).split("\n")
    fence = re.match("`+", lines[0])
    assert fence is not None
    assert lines[-1] == fence[0]
    assert [line for line in lines[1:-1] if line.startswith(fence[0])] == []
    assert len(fence[0]) >= 3


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("snake_case_name", "snake_case_name"),
        ("_private", "\\_private"),
        ("see #12 and a#b", "see #<!-- -->12 and a#b"),
        ("@qml.qnode", "@<!-- -->qml.qnode"),
        ("a\nb", "a b"),
        ("user/#3", "user/#3"),
        ("Z @ X", "Z @ X"),
        ("~~data~~.py", "\\~\\~data\\~\\~.py"),
        ("\\", "\\\\"),
    ],
)
def test_what_is_escaped_and_what_stays(text: str, written: str) -> None:
    assert markdown.plain(text) == written


def test_facts_are_a_list_of_labels_and_their_lines_are_joined() -> None:
    written = markdown.facts((Fact("first", "call 0\ngap 6: large\n"), Fact("cause", "QD101: why")))
    assert written == "- **first**: call 0 · gap 6: large\n- **cause**: QD101: why"


def test_a_cell_that_is_empty_is_a_dash() -> None:
    assert markdown.table_text(Table("t", ("a",), (("",),), "note")) == "| a |\n| --- |\n| – |\n\nnote"


@pytest.mark.parametrize(("text", "written"), [("qdiag show", "`qdiag show`"), ("a`b", "``a`b``"), ("`a``", "``` `a`` ```")])
def test_a_command_stands_in_back_ticks(text: str, written: str) -> None:
    assert markdown.inline(text) == written


def test_a_note_stands_above_its_code() -> None:
    assert markdown.code(Code("repro.py", "x = 1\n\n", "python", "18 lines")) == "18 lines\n\n```python\nx = 1\n```"


@pytest.mark.parametrize("name", CASES)
def test_headings_descend_one_by_one(name: str) -> None:
    text = re.sub(r"```.*?```", "", markdown.render(CASES[name]().document()), flags=re.DOTALL)
    levels = [len(found) for found in re.findall(r"^(#+) ", text, re.MULTILINE)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in zip(levels, levels[1:]))


@pytest.mark.parametrize("name", CASES)
def test_every_fact_of_every_finding_is_told(name: str) -> None:
    document = CASES[name]().document()
    text = markdown.render(document)
    for chapter in document.chapters:
        assert markdown.plain(chapter.sentence) in text
        assert all(f"**{fact.label}**" in text for fact in chapter.facts)

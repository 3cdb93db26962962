"""What a bisection says, and its record."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from qdiag.model.bisection import Answer, Asked, Span
from qdiag.report.content.bisection import page
from qdiag.report.formats.bisection_terminal import render
from tests.worlds.bisections import as_json, bisection


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Span("0.35.0", "0.38.0", "0.34.0", None), "PennyLane 0.35.0 broke it: 0.34.0 has it not. 0.38.0, the newest, still has it."),
        (Span("0.35.0", "0.36.0", "0.34.0", "0.37.0"), "PennyLane 0.35.0 broke it: 0.34.0 has it not. 0.37.0 mended it."),
        (
            Span("0.35.0", "0.36.0", "0.34.0", "0.37.0", "0.31.0", "0.38.0"),
            "PennyLane 0.35.0 broke it: 0.34.0 has it not. 0.37.0 mended it. 0.31.0 had it, too. 0.38.0 has it again.",
        ),
        (Span("0.30.0", "0.36.0", None, "0.37.0"), "PennyLane 0.30.0, the oldest that was asked, has it already. 0.37.0 mended it."),
        (
            Span("0.33.0", "0.36.0", None, None),
            "PennyLane 0.33.0 has it, and no older release answers. "
            "0.36.0 has it still, and no newer release answers.",
        ),
        (
            Span("0.35.0", "0.36.0", "0.33.0", "0.38.0"),
            "PennyLane broke it between 0.33.0, which has it not, and 0.35.0; none that was asked between them can tell. "
            "It was mended between 0.36.0 and 0.38.0.",
        ),
    ],
)
def test_one_sentence_says_when_it_came_and_when_it_went(span: Span, expected: str) -> None:
    assert page(bisection(span=span)).sentence == expected


def test_where_nothing_follows_it_says_why() -> None:
    good = bisection(span=None, asked=(Asked("0.38.0", Answer.GOOD),))
    assert page(good).sentence == "Nothing to search from: the script does not show its fault on PennyLane 0.38.0."
    unable = bisection(span=None, asked=(Asked("0.38.0", Answer.CANNOT, "ImportError: no torch"),))
    assert page(unable).sentence.endswith("PennyLane 0.38.0 cannot tell whether the fault is there: ImportError: no torch.")
    assert page(bisection(span=None, interrupted=True)).sentence.startswith("Interrupted")


def test_what_could_not_be_asked_is_named_with_the_reason() -> None:
    notes = page(bisection(missing=("0.31.0",), others=("0.36.0",))).notes
    assert any("0.33.0 cannot be installed: No matching distribution" in note for note in notes)
    assert any("0.30.0 cannot run the script: AttributeError" in note for note in notes)
    assert any("0.36.0 both sides" in note for note in notes)
    assert any("0.31.0" in note for note in notes)


@pytest.mark.parametrize("width", [80, 60])
def test_it_fits_a_narrow_screen(width: int) -> None:
    stream = io.StringIO()
    render(page(bisection(), wrote="qdiag-runs/train-1/bisect.json"), Console(file=stream, width=width))
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert not any(line.endswith(" ") for line in lines)
    rows = [line.split() for line in lines]
    assert ["0.36.0", "bad", "1.6", "12", "s", "3.2", "s"] in rows
    # in the order of releases, not in the order in which they were asked
    first = [row[0] for row in rows if row and row[0].startswith("0.")]
    assert first[:2] == ["0.30.0", "0.33.0"] or "0.30.0" in first


def test_the_record_has_all_of_it_and_is_strict() -> None:
    record = as_json(page(bisection(asked=(*bisection().asked, Asked("0.37.0", Answer.BAD, difference=float("inf"))))))
    assert (record["first_bad"], record["last_good"], record["first_fixed"]) == ("0.35.0", "0.34.0", None)
    assert record["asked"][-1]["difference"] is None
    assert record["installs"] == 4
    assert record["asked"][2]["remembered"] is True

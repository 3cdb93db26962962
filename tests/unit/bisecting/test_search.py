"""The search for the releases between which a fault is there."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.bisecting.search import Search
from qdiag.model.bisection import Answer, Span

BAD, GOOD, CANNOT = Answer.BAD, Answer.GOOD, Answer.CANNOT
LETTERS = {"b": BAD, "g": GOOD, "-": CANNOT, "x": Answer.NOT_INSTALLED}


def searched(answers: str, known: int, at_hand: tuple[str, ...] = ()) -> tuple[Span | None, list[str]]:
    """The span in releases 0.0, 0.1, … that answer as the letters say, and the releases that were asked, in order."""
    releases = [f"0.{number}" for number in range(len(answers))]
    asked: list[str] = []

    def ask(release: str) -> Answer:
        asked.append(release)
        return LETTERS[answers[releases.index(release)]]

    return Search(releases, ask, at_hand).span(f"0.{known}"), asked


@pytest.mark.parametrize(
    ("answers", "known", "expected"),
    [
        ("gggbbbbb", 7, Span("0.3", "0.7", "0.2", None)),
        ("gggbbbgg", 4, Span("0.3", "0.5", "0.2", "0.6")),
        ("bbbbbbbb", 7, Span("0.0", "0.7", None, None)),
        ("bbbbbggg", 0, Span("0.0", "0.4", None, "0.5")),
        ("---gggbbb", 8, Span("0.6", "0.8", "0.5", None)),
        ("----bbbbb", 8, Span("0.4", "0.8", None, None)),
        ("--bbbbxxx", 5, Span("0.2", "0.5", None, None)),
        ("ggggb", 4, Span("0.4", "0.4", "0.3", None)),
        ("b", 0, Span("0.0", "0.0", None, None)),
    ],
)
def test_it_finds_the_first_bad_the_last_good_and_the_first_fixed(answers: str, known: int, expected: Span) -> None:
    assert searched(answers, known)[0] == expected


def test_a_release_that_cannot_answer_between_good_and_bad_is_skipped() -> None:
    assert searched("ggg-x-bbb", 8)[0] == Span("0.6", "0.8", "0.2", None)


def test_a_long_stretch_that_cannot_answer_is_not_asked_release_by_release() -> None:
    span, asked = searched("gggg" + "-" * 30 + "bbbbbb", 39)
    assert span == Span("0.34", "0.39", "0.3", None)
    assert len(asked) <= 13


def test_a_hole_above_the_oldest_that_answers_is_not_taken_for_the_end() -> None:
    assert searched("ggggggg-bbbbbbbb", 15)[0] == Span("0.8", "0.15", "0.6", None)
    assert searched("--ggggg-bbbbbbbb", 15)[0] == Span("0.8", "0.15", "0.6", None)


def test_a_fault_that_was_mended_and_came_back_is_told_apart() -> None:
    answers = "bbb" + "g" * 10 + "b" * 20
    assert searched(answers, 32)[0] == Span("0.13", "0.32", "0.12", None, "0.0", None)
    span, asked = searched(answers, 2)
    assert (span.last_bad, span.first_fixed) == ("0.2", "0.3")
    assert str(span.again) in asked
    assert len(asked) <= math.ceil(math.log2(33)) + 2 + math.ceil(math.log2(33))


def test_also_where_the_other_edge_took_all_that_may_be_asked() -> None:
    # mended in 0.5, broken again in 0.14, mended for good in 0.18
    span, _ = searched("bbbbb" + "g" * 9 + "b" * 4 + "g" * 22, 15)
    assert (span.first_bad, span.last_good, span.last_bad, span.first_fixed) == ("0.14", "0.13", "0.17", "0.18")
    assert span.earlier is not None


def test_where_all_are_bad_the_rest_of_what_may_be_asked_is_spread() -> None:
    span, asked = searched("b" * 33, 32)
    assert span == Span("0.0", "0.32")
    assert sorted(int(release[2:]) for release in asked) == [0, 4, 8, 12, 16, 20, 24, 32]


def test_where_the_known_release_does_not_have_it_nothing_else_is_asked() -> None:
    assert searched("ggggg", 4) == (None, ["0.4"])
    assert searched("gggg-", 4) == (None, ["0.4"])


def test_both_ends_are_asked_before_anything_between_them() -> None:
    assert searched("ggggbbbbgggg", 6)[1][:3] == ["0.6", "0.11", "0.0"]


@given(total=st.integers(2, 60), data=st.data())
def test_in_the_ordinary_case_it_asks_no_more_than_both_ends_and_one_for_each_halving(total: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, total - 1))
    span, asked = searched("g" * first + "b" * (total - first), total - 1)
    assert span == Span(f"0.{first}", f"0.{total - 1}", f"0.{first - 1}" if first else None, None)
    assert len(asked) <= math.ceil(math.log2(total)) + 2
    assert len(set(asked)) == len(asked)


@given(
    dead=st.integers(0, 12), good=st.integers(0, 12), bad=st.integers(1, 12), fixed=st.integers(0, 12), data=st.data()
)
def test_whatever_cannot_answer_at_the_lower_end_the_edges_are_right(
    dead: int, good: int, bad: int, fixed: int, data: st.DataObject
) -> None:
    known = dead + good + data.draw(st.integers(0, bad - 1))
    span, _ = searched("-" * dead + "g" * good + "b" * bad + "g" * fixed, known)
    first, last = dead + good, dead + good + bad - 1
    assert span == Span(
        f"0.{first}", f"0.{last}", f"0.{first - 1}" if good else None, f"0.{last + 1}" if fixed else None
    )


def test_a_release_that_is_at_hand_near_the_middle_is_asked_rather_than_the_middle() -> None:
    answers = "g" * 10 + "b" * 11
    assert searched(answers, 20, at_hand=("0.12",))[1][2] == "0.12"
    # too near to an end to tell much
    assert searched(answers, 20, at_hand=("0.18",))[1][2] == "0.10"

"""Experiments in words: what closes the gap first, then what leaves it; what is no number is called what it is."""

from __future__ import annotations

import math
from typing import Optional

import pytest

from qdiag.model.comparison import Signature
from qdiag.model.findings import Evidence, Outcome
from qdiag.report.content import evidence

HEALS, PERSISTS, MOVES = Outcome.HEALS, Outcome.PERSISTS, Outcome.MOVES


def healed(name: str, before: Optional[float] = 6e-8, after: Optional[float] = 2.2e-16, holds: bool = True) -> Evidence:
    return Evidence(name, before, after, HEALS, holds)


def left(name: str, after: Optional[float] = 6e-8, holds: bool = True, predicts: Outcome = PERSISTS) -> Evidence:
    return Evidence(name, 6e-8, after, predicts, holds, "it is gone")


@pytest.mark.parametrize(
    ("experiments", "said"),
    [
        ([], ""),
        ([healed("float64 parameters")], "gap 6.0e-08 → 2.2e-16 (float64 parameters)"),
        (
            [left("back in float32"), healed("float64 parameters")],
            "gap 6.0e-08 → 2.2e-16 (float64 parameters), still 6.0e-08 (back in float32)",
        ),
        ([left("another order")], "still 6.0e-08 (another order)"),
        ([left("nudged", 3.0, predicts=MOVES)], "moves to 3.0 (nudged)"),
        ([Evidence("one number moved", None, None, MOVES, True, "one of 3 circuits")], "moves one of 3 circuits (one number moved)"),
        ([healed("without it", holds=False), left("not so", holds=False)], ""),
        ([healed("gate removed", None, None)], "gone (gate removed)"),
    ],
)
def test_a_sentence_has_what_tells_most(experiments: list[Evidence], said: str) -> None:
    assert evidence.sentence(experiments, Signature.JACOBIAN) == said


def test_a_sentence_has_at_most_two_of_each_kind() -> None:
    said = evidence.sentence([healed(f"heal {n}") for n in range(4)] + [left(f"left {n}") for n in range(4)], Signature.JACOBIAN)
    assert [name in said for name in ("heal 1", "heal 2", "left 1", "left 2")] == [True, False, True, False]


@pytest.mark.parametrize(
    ("number", "signature", "written"),
    [
        (None, Signature.RAISE, "raises"),
        (None, Signature.JACOBIAN, "no number"),
        (math.nan, Signature.NAN, "NaN"),
        (math.inf, Signature.NAN, "NaN"),
        (0.0, Signature.NAN, "0"),
        (math.nan, Signature.VJP, "nan"),
        (6e-8, Signature.VJP, "6.0e-08"),
    ],
)
def test_what_is_no_number_is_called_what_it_is(number: Optional[float], signature: Signature, written: str) -> None:
    assert evidence.size(number, signature) == written


def test_the_table_has_every_experiment_and_says_which_came_out_otherwise() -> None:
    table = evidence.table([healed("float64 parameters"), left("nudged", 0.0, holds=False)], Signature.JACOBIAN)
    assert table is not None
    assert table.rows == (
        ("float64 parameters", "6.0e-08", "2.2e-16", "heals", "as predicted"),
        ("nudged", "6.0e-08", "0", "persists", "not so: it is gone"),
    )
    assert {len(row) for row in table.rows} == {len(table.header)}


def test_without_experiments_there_is_no_table() -> None:
    assert evidence.table([], Signature.JACOBIAN) is None

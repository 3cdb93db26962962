"""A live probe's word: along the QNode's own arguments a method may be right whose circuit is off in other directions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qdiag.judging import probe_word
from qdiag.model.probe import ProbedMethod
from tests.unit.judging.test_probe_findings import argument, call, probe


@pytest.mark.parametrize(
    ("changed", "gap", "taken"),
    [
        ({}, 0.5, True),
        ({"closed": False}, 0.5, False),
        ({"repeatable": False}, 0.5, False),
        ({"arguments": ()}, 0.5, False),
        ({"arguments": (argument(smooth=False),)}, 0.5, False),
        ({"arguments": (argument(numerical=0.6),)}, 0.5, False),
        ({"methods": (ProbedMethod("backprop", (), "no"),)}, 0.5, False),
        ({}, 1e-9, False),
    ],
    ids=["right", "weights beside", "random", "no argument", "kink", "wrong along one", "refused", "too coarse to tell"],
)
def test_a_circuit_is_off_in_other_directions_where_the_qnodes_own_slopes_are_right(
    changed: dict[str, Any], gap: float, taken: bool
) -> None:
    given = replace(probe(argument(error=1e-10), own=(0.5,), closed=True), **changed)
    assert probe_word.takes_other_directions(given, call(), "backprop", gap) is taken


def test_another_method_is_spoken_for_where_it_was_probed() -> None:
    given = probe(argument(error=1e-10), own=(0.5,), other=(0.5,), closed=True)
    assert probe_word.takes_other_directions(given, call(), "adjoint", 0.5)
    assert not probe_word.takes_other_directions(given, call(), "hadamard", 0.5)
    wrong = replace(given, methods=(given.methods[0], ProbedMethod("adjoint", (0.0,))))
    assert not probe_word.takes_other_directions(wrong, call(), "adjoint", 0.5)


def test_a_method_that_differs_by_construction_is_spoken_for_only_where_its_slope_is_right() -> None:
    given = probe(argument(error=1e-10), own=(0.5,), closed=True)
    for slope, taken in ((0.5, True), (0.8, False), (0.0, False)):
        approximate = replace(given, methods=(ProbedMethod("finite-diff", (slope,)), *given.methods[1:]))
        differenced = replace(call(), configuration=replace(call().configuration, requested="finite-diff", resolved="finite-diff"))
        assert probe_word.takes_other_directions(approximate, differenced, "finite-diff", 0.5) is taken

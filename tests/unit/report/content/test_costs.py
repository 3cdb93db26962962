"""Which method to use: what findings.json says of costs, in a table and sentences."""

from __future__ import annotations

from typing import Any

import pytest

from qdiag.report.content.costs import costs_in

OWN, OTHER, DEAR = "default.qubit/backprop", "default.qubit/adjoint", "default.qubit/parameter-shift"


def cost(method: str, usual: float = 0.0, times: float = 0.0, memory: int = 0) -> dict[str, Any]:
    measured = {"usual_seconds": usual, "times_own": times, "memory_bytes": memory}
    return {"method": method, "calls": 3, "seconds": 1.0, **{name: number for name, number in measured.items() if number}}


def record(*costs: dict[str, Any], findings: tuple[dict[str, Any], ...] = (), undecided: bool = False) -> dict[str, Any]:
    return {"costs": list(costs), "findings": list(findings), "undecided": undecided}


def error(*wrong: str) -> dict[str, Any]:
    return {"verdict": "error", "methods": [OWN, OTHER], "wrong": list(wrong)}


def test_the_cheapest_is_named_with_what_the_scripts_own_takes():
    found = costs_in(record(cost(OWN, 0.02, 1.0, 40_000_000), cost(OTHER, 0.005, 0.25, 2_000_000), cost(DEAR, 0.2, 10.0)))
    assert str(found.cheapest) == OTHER
    assert found.rows[1] == ("adjoint", "3", "5 ms", "0.25", "2.0 MB", "yes")
    assert found.sentences == (
        "adjoint is the cheapest method that is right here: 5 ms a gradient; backprop, which the script uses, takes 4 times as long.",
        "It takes 2.0 MB of memory beside 40 MB.",
    )


def test_a_script_that_uses_the_cheapest_is_told_so():
    found = costs_in(record(cost(OWN, 0.005, 1.0), cost(OTHER, 0.0048, 0.96)))
    assert str(found.cheapest) == OWN
    assert found.sentences == ("backprop, which the script uses, is the cheapest method that is right here.",)


def test_a_wrong_method_is_never_advised_however_cheap():
    found = costs_in(record(cost(OWN, 0.02, 1.0), cost(OTHER, 0.04, 2.0), cost(DEAR, 0.001, 0.05), findings=(error(OWN, DEAR),)))
    assert str(found.cheapest) == OTHER
    assert [row[-1] for row in found.rows] == ["wrong", "yes", "wrong"]
    assert "backprop, which the script uses and which is wrong, takes 0.5 times as long" in found.sentences[0]


@pytest.mark.parametrize("undecided", [True, False])
def test_where_nobody_knows_who_is_right_nothing_is_advised(undecided):
    findings = () if undecided else (error(),)
    found = costs_in(record(cost(OWN, 0.02, 1.0), cost(OTHER, 0.01, 0.5), findings=findings, undecided=undecided))
    assert found.cheapest is None
    assert {row[-1] for row in found.rows} == {"not known"}


def test_a_method_that_raises_casts_no_doubt_on_the_one_beside_it():
    raising = {**error(), "raised": {OTHER: "RuntimeError: no"}}
    found = costs_in(record(cost(OWN, 0.02, 1.0), cost(OTHER, 0.01, 0.5), findings=(raising,)))
    assert [row[-1] for row in found.rows] == ["yes", "not known"]


def test_what_only_approximates_is_no_advice():
    found = costs_in(record(cost(OWN, 0.02, 1.0), cost("default.qubit/finite-diff@float64", 0.001, 0.05)))
    assert str(found.cheapest) == OWN
    assert found.rows[1][-1] == "nearly"


def test_a_method_that_saw_parts_has_no_time_and_that_is_said():
    found = costs_in(record(cost(OWN, 0.02, 1.0), cost(DEAR)))
    assert found.rows[1][2:5] == ("–", "–", "–")
    assert "parts of calls" in found.sentences[-1]


def test_a_run_of_an_earlier_version_is_to_be_judged_again():
    assert "judge the run again" in costs_in(record(cost(OWN), cost(OTHER))).sentences[0]
    assert costs_in({}).sentences == ("No call was replayed.",)

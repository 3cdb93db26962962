"""The verdict in a sentence: who is wrong, where, and by how much, in words that claim no more than was seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qdiag.model.call import Script
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.method import Method
from qdiag.report.content.method_names import Names
from qdiag.report.content.sentences import of_finding, of_result
from tests.worlds.methods import methods
from tests.worlds.results import CASES


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (methods("default.qubit/adjoint"), "adjoint is wrong at call 0: shape (3, 4) against (6, 4) (adjoint against backprop)."),
        ((), "adjoint and backprop differ in shape at call 0: shape (3, 4) against (6, 4)."),
    ],
)
def test_another_shape_is_somebodys_fault_where_that_is_known(wrong: tuple[Method, ...], said: str) -> None:
    result = CASES["shifted"]().result
    finding = result.findings[0]
    comparison = replace(finding.divergence.comparison, where=Signature.SHAPE, detail="shape (3, 4) against (6, 4)")
    divergence = replace(finding.divergence, comparison=comparison, wrong=wrong)
    assert of_finding(replace(finding, divergence=divergence), result, Names("default.qubit")) == said


def test_where_only_the_users_tolerance_makes_them_agree_that_is_said() -> None:
    healthy = CASES["healthy"]().result
    apart = replace(CASES["shifted"]().result.findings[0].divergence.comparison, verdict=Verdict.AGREE, tolerance_needed=1.2)
    replay = replace(healthy.replay, comparisons=((0, apart),))
    said = of_result(replace(healthy, replay=replay, tolerance="atol 10"), Script("train.py"), Names("default.qubit"))
    assert "within the tolerance that was given (atol 10) at every call replayed: up to 1.2 apart, relative to the" in said
    assert "rounding" not in said


def test_what_a_long_step_explains_is_not_called_rounding() -> None:
    healthy = CASES["healthy"]().result
    apart = replace(CASES["shifted"]().result.findings[0].divergence.comparison, verdict=Verdict.AGREE, tolerance_needed=0.26)
    replay = replace(healthy.replay, comparisons=((0, apart),))
    said = of_result(replace(healthy, replay=replay), Script("train.py"), Names("default.qubit"))
    assert "up to 0.26 apart, relative to the largest number: a difference quotient's step leaves out as much." in said


def test_where_nothing_is_tracked_only_outputs_agree() -> None:
    healthy = CASES["healthy"]().result
    said = of_result(replace(healthy, tracked=False), Script("train.py"), Names("default.qubit"))
    assert "agree in their outputs, which is all that was compared, at every call" in said

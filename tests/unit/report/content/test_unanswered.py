"""What was not answered, in words: each reason has its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qdiag.model.call import Failure
from qdiag.model.result import ReplaySummary, Result
from qdiag.model.unanswered import Reason, Unanswered
from qdiag.report.content.method_names import Names
from qdiag.report.content.unanswered import failure_table, refusal_table, unanswered_notes
from tests.worlds.methods import ADJOINT, BACKPROP, HADAMARD, SHIFT
from tests.worlds.results import CASES

WORDS = Failure("E", "no")


def result(*unanswered: Unanswered, case: str = "healthy") -> Result:
    made = CASES[case]().result
    return replace(made, replay=ReplaySummary((BACKPROP, ADJOINT), 5, unanswered=unanswered))


def notes(*unanswered: Unanswered) -> list[str]:
    return list(unanswered_notes(result(*unanswered), Names("default.qubit")))


@pytest.mark.parametrize(
    ("reason", "everywhere", "somewhere"),
    [
        (Reason.REFUSES, "adjoint refuses this circuit", "adjoint refuses the circuit of call 3"),
        (Reason.FAILED, "adjoint fails at every call: E: no", "adjoint failed at call 3: E: no"),
        (Reason.NOT_IN_TIME, "adjoint was not in time at any call: E: no", "adjoint was not in time at call 3: E: no"),
        (
            Reason.LOST,
            "the process that evaluated adjoint was lost at every call",
            "the process that evaluated adjoint was lost at call 3",
        ),
        (Reason.NOT_REPLAYED, "adjoint cannot be replayed at any call: E: no", "adjoint cannot be replayed at call 3: E: no"),
        (Reason.OWN_FAULT, "qdiag itself failed on adjoint at every call (E: no)", "qdiag itself failed on adjoint at call 3 (E: no)"),
    ],
)
def test_each_reason_has_its_words(reason: Reason, everywhere: str, somewhere: str) -> None:
    assert notes(Unanswered(ADJOINT, reason, WORDS, (3,), 1)) == [everywhere]
    assert notes(Unanswered(ADJOINT, reason, WORDS, (3,), 7)) == [somewhere]


def test_methods_of_which_the_same_is_to_be_said_share_a_sentence() -> None:
    late = [Unanswered(method, Reason.NOT_IN_TIME, WORDS, (0, 1, 2, 4, 5), 9) for method in (ADJOINT, SHIFT, HADAMARD)]
    assert notes(*late) == ["adjoint, parameter-shift and hadamard were not in time at 5 calls, from call 0 on: E: no"]


def test_only_refusals_of_every_call_stand_in_the_table_of_refusals() -> None:
    made = result(Unanswered(ADJOINT, Reason.REFUSES, WORDS, (0,), 1), Unanswered(SHIFT, Reason.REFUSES, WORDS, (2,), 3))
    refusals, others = refusal_table(made), failure_table(made)
    assert refusals is not None
    assert [row[0] for row in refusals.rows] == ["default.qubit/adjoint"]
    assert others is not None
    assert others.rows == (("default.qubit/parameter-shift", "refuses", "call 2", "E: no"),)


def test_of_a_method_that_a_finding_blames_only_what_the_finding_does_not_say_is_told() -> None:
    blamed = result(
        Unanswered(ADJOINT, Reason.FAILED, WORDS, (0,), 2), Unanswered(ADJOINT, Reason.NOT_IN_TIME, WORDS, (1,), 2), case="shifted"
    )
    blamed = replace(blamed, findings=CASES["shifted"]().result.findings)
    assert list(unanswered_notes(blamed, Names("default.qubit"))) == ["adjoint was not in time at call 1: E: no"]

"""What was promised stands in a finding where a method is wrong, and is asked nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from qdiag.diagnosis.cause import Cause
from qdiag.diagnosis.causes.refusals import REFUSES
from qdiag.diagnosis.causes.rules import DROPPED, WRONG_RULE
from qdiag.diagnosis.causes.unknown import UNKNOWN
from qdiag.evaluation import remote
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Verdict
from qdiag.model.findings import Confidence, Finding, Minimal
from qdiag.model.node import Node
from qdiag.model.probe import Probe
from qdiag.model.promise import Promise
from qdiag.pipeline.stage_context import StageContext
from qdiag.pipeline.stage_findings import NOT_YET, undiagnosed, with_own_operations, with_promise
from tests.worlds.evaluators import FakeEvaluator
from tests.worlds.results import ENVIRONMENT, shifted
from tests.worlds.small_circuits import expval, gate

FINDING = replace(shifted().result.findings[0], promise=None)
AGREEING = replace(FINDING.divergence.comparison, verdict=Verdict.ROUNDING)


class Promising(FakeEvaluator):
    """Says what was promised, and remembers who asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def answer(self, function: Callable[..., Any], *arguments: Any) -> Any:
        assert function is remote.promise
        self.asked.append(arguments)
        return Promise.BROKEN


def test_what_raised_in_the_script_alone_is_no_error_before_its_cause_is_known() -> None:
    known = undiagnosed(FINDING.divergence, NOT_YET)
    assert (known.verdict, known.divergence.wrong) == (Verdict.ERROR, FINDING.divergence.wrong)
    alone = undiagnosed(replace(FINDING.divergence, unrepeated=True), NOT_YET)
    assert (alone.verdict, alone.divergence.wrong) == (Verdict.INCONCLUSIVE, ())
    assert alone.diagnosis.because == "replayed by itself, the call does not raise; its cause is looked for now"


def test_the_first_method_that_is_wrong_is_asked_about_with_what_was_said() -> None:
    workers = Promising()
    warned = replace(FINDING.divergence, call=replace(FINDING.divergence.call, warnings=("not supported",)))
    found = with_promise(replace(FINDING, divergence=warned), StageContext(workers, ENVIRONMENT))
    assert found.promise is Promise.BROKEN
    ((circuit, _, method, said, _, trusted),) = workers.asked
    assert circuit is FINDING.divergence.call.circuit
    assert (method.diff_method, said, trusted) == ("adjoint", ("not supported",), False)


@pytest.mark.parametrize(
    "divergence",
    [
        replace(FINDING.divergence, comparison=replace(FINDING.divergence.comparison, verdict=Verdict.ROUNDING)),
        replace(FINDING.divergence, wrong=()),
        replace(FINDING.divergence, probe=Probe(0)),
    ],
)
def test_where_no_method_is_wrong_nothing_was_promised(divergence: Any) -> None:
    workers = Promising()
    assert with_promise(replace(FINDING, divergence=divergence), StageContext(workers, ENVIRONMENT)).promise is None
    assert not workers.asked


def test_where_the_framework_cannot_say_it_is_not_known() -> None:
    assert with_promise(FINDING, StageContext(FakeEvaluator(), ENVIRONMENT)).promise is None


# --- what the script itself defines ----------------------------------------------------------------------------------------------


def unknown(definition: str, *, one_minimal: bool = True) -> Finding:
    """An error of no known cause, shown by the expectation value of one observable."""
    observable = replace(gate("Tilted"), definition=definition)
    left = Minimal(0, 1, 0, 1, one_minimal=one_minimal, circuit=Circuit((), (expval(observable),)))
    return replace(FINDING, diagnosis=UNKNOWN.diagnosis(Confidence.UNKNOWN, "nothing explains it"), minimal=left)


OWN = "from pennylane.operation import Operator\n\n\nclass Tilted(Operator):\n    num_wires = 1\n"


def test_an_operation_of_the_scripts_is_looked_at_before_anything_is_reported() -> None:
    found = with_own_operations(unknown(OWN)).diagnosis
    assert found.because == "nothing smaller shows it than a circuit with Tilted, which the script defines; nothing explains it"
    assert found.remedy.startswith("see first that what Tilted says of itself goes together (matrix, eigenvalues, ")


@pytest.mark.parametrize(
    "finding",
    [
        unknown(""),
        unknown("from plugin.operations import Tilted\n"),
        unknown(OWN, one_minimal=False),
        replace(unknown(OWN), diagnosis=FINDING.diagnosis),
        replace(unknown(OWN), minimal=None),
    ],
    ids=["PennyLane's", "a plugin's", "not the smallest", "a known cause", "not shrunk"],
)
def test_all_else_is_reported_as_it_is(finding: Finding) -> None:
    assert with_own_operations(finding) is finding


def ruled(definition: str, cause: Cause = WRONG_RULE, part: str = "Tilted") -> Finding:
    """An error that lies in an operation's rule, as PennyLane's promise stands against it."""
    circuit = Circuit((replace(gate("Tilted"), definition=definition),), (expval(gate("PauliZ")),))
    call = replace(FINDING.divergence.call, circuit=circuit)
    diagnosis = replace(cause.diagnosis(Confidence.CONFIRMED, "its rule is wrong"), part=part)
    return replace(FINDING, divergence=replace(FINDING.divergence, call=call), diagnosis=diagnosis, promise=Promise.BROKEN)


@pytest.mark.parametrize("cause", [WRONG_RULE, DROPPED], ids=lambda cause: cause.code)
def test_a_rule_that_the_script_defines_itself_is_nothing_to_report(cause: Cause) -> None:
    found = with_own_operations(ruled(OWN, cause))
    assert not found.diagnosis.fileable
    assert found.diagnosis.remedy.startswith("correct what Tilted says of itself until it goes with its matrix (grad_method, ")
    assert found.promise is None


def test_a_rule_of_what_holds_an_operation_of_the_scripts_is_looked_at_before_it_is_reported() -> None:
    inner = replace(gate("Tilted"), definition=OWN)
    circuit = Circuit((Node("Adjoint", (inner,), (), (0,)), gate("RX", 0.3)), (expval(gate("PauliZ")),))
    call = replace(FINDING.divergence.call, circuit=circuit)
    held = replace(ruled(OWN, part="Adjoint"), divergence=replace(ruled(OWN).divergence, call=call))
    found = with_own_operations(held).diagnosis
    assert found.fileable, "what is made of it may be the framework's fault"
    assert found.remedy.startswith("see first that what Tilted says of itself goes together (grad_method, ")
    beside = replace(held, diagnosis=replace(held.diagnosis, part="RX"))
    assert with_own_operations(beside) is beside


@pytest.mark.parametrize(
    "finding",
    [
        ruled(""),
        ruled("from plugin.operations import Tilted\n"),
        ruled(OWN, part="RX"),
        ruled(OWN, REFUSES),
        replace(ruled(OWN), divergence=replace(ruled(OWN).divergence, comparison=AGREEING)),
    ],
    ids=["PennyLane's", "a plugin's", "of another operation", "a refusal", "no error"],
)
def test_a_rule_of_somebody_elses_is_reported_as_it_is(finding: Finding) -> None:
    assert with_own_operations(finding) is finding

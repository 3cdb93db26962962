"""NaN is told where it comes up first: in which operation and row, or in what came back before; another row in its place proves it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Callable, Optional

import numpy as np
import pytest

from qdiag.diagnosis.training.not_finite import remarks
from qdiag.judging.replay.located import Located
from qdiag.model.call import Backward, Call, Event
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.findings import Confidence, Divergence
from qdiag.model.not_finite import GivenNumbers, NotFinite
from qdiag.model.probe import Probe, ProbedArgument, ProbedMethod
from qdiag.model.remarks import Remark
from qdiag.trace import call_text
from tests.worlds.evaluators import FakeEvaluator
from tests.worlds.histories import history
from tests.worlds.methods import ADJOINT, BACKPROP
from tests.worlds.results import call
from tests.worlds.small_circuits import circuit, gate

ROWS = np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [math.nan] * 4, [0, 0, 1, 0]])
BATCH = circuit(gate("AmplitudeEmbedding", ROWS, wires=(0, 1)), gate("RX", 0.3, trainable=True))
ANGLE = circuit(gate("RX", 0.3, trainable=True), gate("RY", math.nan))


class Numbers(FakeEvaluator):
    """A device that gives numbers where it is given some: or none, whatever it is given."""

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken

    def evaluate(self, request: Request) -> Evaluation:
        finite = request.circuit.finite and not self.broken
        return Evaluation(request.method, (np.asarray(1.0 if finite else math.nan),))


def given(name: str, shape: tuple[int, ...], lost: tuple[int, ...] = (), zero: tuple[int, ...] = ()) -> GivenNumbers:
    return GivenNumbers(name, shape, lost, zero, 1.0)


def lost_at(index: int, *arguments: GivenNumbers) -> Event:
    return Event("not finite", index + 1, call_text.text_of(NotFinite(index, arguments)), index)


def said(calls: list[Call], *events: Event, evaluator: Optional[FakeEvaluator] = None) -> list[Remark]:
    return list(remarks(history(calls, events, evaluator=evaluator or Numbers())))


def at(index: int, ran: Circuit = circuit(gate("RX", 0.3, trainable=True)), **changes: Any) -> Call:  # noqa: B008 - a value
    return replace(call(ran, index), outputs=(np.asarray(0.5),), **changes)


# --- made between the arguments and the circuit ----------------------------------------------------------------------------------


def test_a_row_of_zeros_that_is_normalised_is_named_and_proved_by_another_row_in_its_place() -> None:
    (found,) = said([at(0, BATCH)], lost_at(0, given("inputs", (4, 4), zero=(2,)), given("weights", (1,))))
    assert (found.verdict, found.where, found.diagnosis.code) == (Verdict.ERROR, Signature.NAN, "QD306")
    assert found.diagnosis.because.startswith("row 2 of `inputs` is all zero, and AmplitudeEmbedding divides by the norm")
    assert found.diagnosis.confidence is Confidence.CONFIRMED
    assert [one.experiment for one in found.diagnosis.evidence] == [
        "row 2 of AmplitudeEmbedding replaced",
        "row 1 of AmplitudeEmbedding replaced",
    ]
    assert found.diagnosis.blamed == "AmplitudeEmbedding (operation 0)"


def test_a_number_that_the_quantum_function_made_is_named_by_its_operation() -> None:
    (found,) = said([at(0, ANGLE)], lost_at(0, given("x", ())))
    assert found.verdict is Verdict.ERROR
    assert "RY on wire 0 is given is not finite at call 0, although every argument of the QNode is" in found.diagnosis.because


def test_what_another_row_does_not_heal_is_no_more_than_a_remark() -> None:
    (found,) = said([at(0, ANGLE)], lost_at(0, given("x", ())), evaluator=Numbers(broken=True))
    assert (found.verdict, found.diagnosis.confidence) == (Verdict.REMARK, Confidence.LIKELY)


def test_zeros_elsewhere_are_not_blamed() -> None:
    (found,) = said([at(0, BATCH)], lost_at(0, given("inputs", (4, 4), zero=(1,))))
    assert "all zero" not in found.diagnosis.because
    (found,) = said([at(0, ANGLE)], lost_at(0, given("x", (4,), zero=(0,))))
    assert "all zero" not in found.diagnosis.because


# --- made of a circuit that holds numbers ----------------------------------------------------------------------------------------


class Selecting(Numbers):
    """A device, and whether what circuits postselect never happens."""

    def __init__(self, never: bool) -> None:
        super().__init__()
        self.never = never

    def answer(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return self.never if function.__name__ == "selects_nothing" else super().answer(function, *arguments)


@pytest.mark.parametrize(
    ("never", "words", "fileable"),
    [
        (True, "what is postselected never happens at call 0", False),
        (False, "what call 0 gives is not finite, although all numbers in its circuit are", True),
    ],
)
def test_a_circuit_of_numbers_that_gives_none_under_any_method_is_told(never: bool, words: str, fileable: bool) -> None:
    (found,) = said([at(0)], lost_at(0, given("x", ())), evaluator=Selecting(never))
    assert (found.verdict, found.diagnosis.code, found.diagnosis.fileable) == (Verdict.REMARK, "QD306", fileable)
    assert found.diagnosis.because.startswith(words)


def test_where_a_method_has_a_number_that_is_a_finding_and_told_once() -> None:
    apart = Comparison((BACKPROP, ADJOINT), Verdict.ERROR, Signature.NAN)
    told = Located(divergences=(Divergence(at(0), apart),))
    assert not list(remarks(replace(history([at(0)], [lost_at(0, given("x", ()))], evaluator=Selecting(True)), located=told)))


# --- given by the script ---------------------------------------------------------------------------------------------------------


NAN = gate("RX", math.nan, trainable=True)
BACK = Backward((np.asarray(1.0),), (np.asarray(0.2),), (True,))


@pytest.mark.parametrize(
    ("back", "said_of_it", "fileable"),
    [
        (replace(BACK, cotangents=(np.asarray(math.nan),)), "the gradient that came back from the loss is not finite at call 1", False),
        (replace(BACK, gradients=(np.asarray(math.inf),)), "the gradient of the QNode is not finite at call 1", True),
    ],
)
def test_what_came_back_before_it_is_told_first_and_a_loss_is_no_matter_of_pennylanes(
    back: Backward, said_of_it: str, fileable: bool
) -> None:
    calls = [at(0, backwards=(BACK,)), at(1, backwards=(back,)), at(2, circuit(NAN))]
    (found,) = said(calls, lost_at(2, given("weights", (1,), lost=(0,))))
    assert found.diagnosis.because.startswith(said_of_it)
    assert found.diagnosis.fileable is fileable
    assert (found.verdict, found.call, found.step) == (Verdict.REMARK, calls[1], 1)


def test_where_another_method_has_the_qnodes_own_gradient_that_is_a_finding_and_no_matter_of_the_loss() -> None:
    calls = [at(0, backwards=(replace(BACK, gradients=(np.asarray(math.nan),)),)), at(1, circuit(NAN))]
    apart = Comparison((BACKPROP, ADJOINT), Verdict.ERROR, Signature.NAN)
    events = (lost_at(1, given("weights", (1,), lost=(0,))),)
    (alone,) = remarks(history(calls, events, evaluator=Numbers()))
    assert "loss" not in alone.diagnosis.remedy
    beside = Located(divergences=(Divergence(calls[0], apart),))
    assert list(remarks(history(calls, events, evaluator=Numbers(), located=beside))) == []


def test_data_that_hold_it_are_told_to() -> None:
    (found,) = said([at(0, circuit(NAN))], lost_at(0, given("inputs", (3, 2), lost=(1,))))
    assert "`inputs` is not finite when call 0 is given it, before any step was taken" in found.diagnosis.because
    assert not found.diagnosis.fileable


def test_a_training_that_diverges_is_told_to() -> None:
    large = [at(index, circuit(gate("RX", 10.0**index, trainable=True)), backwards=(BACK,)) for index in range(6)]
    losses = [Event("loss", index + 1, number=10.0 ** (2 * index)) for index in range(5)] + [Event("loss", 6, number=math.inf)]
    (found,) = said([*large, at(6, circuit(NAN))], *losses, lost_at(6, given("weights", (1,), lost=(0,))))
    assert "the training diverges: the numbers in the circuit grew from 1 to 1e+05, the loss from 1 to 1e+08 and then to inf" in (
        found.diagnosis.because
    )
    assert found.diagnosis.remedy.startswith("a smaller learning rate")


def test_where_nothing_came_back_and_nothing_grew_the_update_is_to_be_looked_at() -> None:
    (found,) = said([at(0, backwards=(BACK,)), at(1, circuit(NAN))], lost_at(1, given("weights", (1,), lost=(0,))))
    assert "diverges" not in found.diagnosis.because
    assert "the update" in found.diagnosis.remedy


def test_a_gradient_that_is_lost_inside_of_the_quantum_function_is_told_by_the_probe_that_saw_it() -> None:
    probe = Probe(0, (ProbedArgument("inputs", 0.5, 0.1, False),), (ProbedMethod("backprop", (math.inf,)),), complete=True)
    calls, event = [at(0, backwards=(BACK,)), at(1, circuit(NAN))], lost_at(1, given("inputs", (2,), lost=(0,)))
    (found,) = remarks(history(calls, (event,), (probe,), evaluator=Numbers()))
    assert found.diagnosis.because.startswith("the gradient by `inputs` is not finite at call 0 (step 0), although those by")
    assert (found.call, found.diagnosis.fileable) == (calls[0], False)
    finite = replace(probe, methods=(ProbedMethod("backprop", (0.5,)),))
    (other,) = remarks(history(calls, (event,), (finite,), evaluator=Numbers()))
    assert "the update" in other.diagnosis.remedy


# --- nothing -----------------------------------------------------------------------------------------------------------------------


def test_nothing_is_said_where_all_is_finite() -> None:
    assert said([at(0)]) == []

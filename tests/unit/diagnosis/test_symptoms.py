"""A fact is asked of PennyLane once, where a cause wants it, and never held against the circuit where PennyLane cannot say."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any, Callable

import pytest

from qdiag.diagnosis.causes import CAUSES
from qdiag.diagnosis.diagnose import diagnose
from qdiag.diagnosis.facts import HIDDEN, LEFT_TO_DIFFERENCES, LOSSY, ROWS, RULED, SKEWED, differenced_parameters, ruled_parameters
from qdiag.diagnosis.symptoms import Fact, Symptoms
from qdiag.evaluation.workers import Inline
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.findings import FoundWrong
from qdiag.model.node import Node
from qdiag.model.variants import with_trainable
from tests.worlds.symptoms import World, expectation, of, rotation, symptoms

TWO = of(rotation(), rotation(name="RY"))
HALF = World(lambda request: 0.2 if request.method.diff_method == "adjoint" else 0.0)


@dataclass
class Asked(World):
    """A world that remembers what it was asked."""

    names: list[str] = field(default_factory=list)

    def call(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        self.names.append(function.__name__)
        return super().call(function, *arguments)


def asking(answers: dict[str, Any], circuit: Circuit = TWO, **others: Any) -> Symptoms:
    """Symptoms whose facts are asked, of a PennyLane that gives these answers."""
    facts = {name: (lambda *arguments, answer=answer: answer) for name, answer in answers.items()}
    return replace(symptoms(HALF, circuit, **others), evaluator=Asked(HALF.error, facts=facts))


def asked(seen: Symptoms) -> list[str]:
    assert isinstance(seen.evaluator, Asked)
    return seen.evaluator.names


def test_without_a_distance_there_are_no_numbers_for_an_experiment_to_bring_together() -> None:
    seen = symptoms(HALF, TWO)
    assert seen.numeric
    comparison = replace(seen.comparison, where=Signature.OUTPUT, max_abs=0.0, detail="the value 1.5 outside [-1, 1]")
    assert not replace(seen, divergence=replace(seen.divergence, comparison=comparison)).numeric


def test_a_fact_is_asked_once() -> None:
    seen = asking({"hidden_parameters": (1,)})
    assert (seen.fact(HIDDEN), seen.fact(HIDDEN)) == ((1,), (1,))
    assert asked(seen) == ["hidden_parameters"]


def test_one_that_pennylane_cannot_tell_is_what_it_is_by_default_and_is_not_asked_again() -> None:
    seen = asking({})
    assert (seen.fact(HIDDEN), seen.fact(HIDDEN), seen.fact(ROWS)) == ((), (), 1)
    assert asked(seen) == ["hidden_parameters", "rows"]


def test_one_that_is_known_is_not_asked() -> None:
    seen = asking({"hidden_parameters": (1,)}, known={HIDDEN: (0,)})
    assert seen.fact(HIDDEN) == (0,)
    assert asked(seen) == []


def test_without_anybody_to_ask_every_fact_is_what_it_is_by_default() -> None:
    seen = symptoms(HALF, TWO)
    assert (seen.fact(HIDDEN), seen.fact(LOSSY), seen.fact(SKEWED)) == ((), (), False)


def test_nothing_can_be_said_of_an_opaque_circuit() -> None:
    operations = (replace(TWO.operations[0], opaque="foreign"), *TWO.operations[1:])
    seen = asking({"hidden_parameters": (1,)}, replace(TWO, operations=operations))
    assert seen.fact(HIDDEN) == ()
    assert asked(seen) == []


def test_a_circuit_that_leaves_no_doubt_is_not_asked_about() -> None:
    seen = asking({"hermitian_part": TWO})
    assert not seen.fact(SKEWED)
    assert asked(seen) == []


def test_an_observable_is_skewed_where_its_hermitian_part_is_another_one() -> None:
    product = replace(expectation(), data=(Node("Prod", (expectation().data[0], expectation("PauliX").data[0])), None))
    assert asking({"hermitian_part": TWO}, of(rotation(), measurement=product)).fact(SKEWED)
    assert not asking({"hermitian_part": None}, of(rotation(), measurement=product)).fact(SKEWED)


def test_a_circuit_has_a_batch_where_it_has_rows() -> None:
    assert asking({"rows": (TWO, TWO)}).fact(ROWS) == 2
    assert asking({"rows": (TWO,)}).fact(ROWS) == 1


def test_what_the_tape_hides_is_neither_shifted_nor_differenced() -> None:
    seen = symptoms(HALF, TWO, known={HIDDEN: (1,), LEFT_TO_DIFFERENCES: (0, 1), RULED: (1,)})
    assert (differenced_parameters(seen), ruled_parameters(seen)) == ((0,), ())


def test_a_mistake_of_our_own_is_told_with_the_name_of_the_fact(caplog: pytest.LogCaptureFixture) -> None:
    broken = Fact("made-up parameters", with_trainable, (), arguments=lambda question: (7, ()))
    seen = replace(symptoms(HALF, TWO), evaluator=Inline())
    assert seen.fact(broken) == ()
    assert "qdiag itself failed on made-up parameters" in caplog.text


def test_rounding_is_explained_without_a_question_to_pennylane() -> None:
    seen = asking({}, of(rotation(dtype="float32")), verdict=Verdict.ROUNDING)
    diagnose(seen, CAUSES, HALF)
    assert asked(seen) == []


def test_a_cause_is_not_asked_what_another_one_wants() -> None:
    seen = asking({"rows": (TWO,)})
    diagnose(seen, [cause for cause in CAUSES if cause.code == "QD501"], HALF)
    assert asked(seen) == ["rows"]


@pytest.mark.parametrize(
    ("where", "unanimous", "derivative"),
    [
        (Signature.OUTPUT, True, False),
        (Signature.OUTPUT, False, True),
        (Signature.JACOBIAN, True, True),
    ],
)
def test_gradients_that_are_apart_are_no_matter_of_derivatives_where_all_outputs_are_wrong(
    where: Signature, unanimous: bool, derivative: bool
) -> None:
    shown = symptoms(HALF, TWO)
    methods = shown.question.methods
    judged = FoundWrong(methods, methods[0], "0.5 where the reference has 0.25", where, 1e-12, "our own simulation", unanimous)
    assert symptoms(HALF, TWO).derivative
    assert replace(shown, divergence=replace(shown.divergence, judged=judged)).derivative is derivative

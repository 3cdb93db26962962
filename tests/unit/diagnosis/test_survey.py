"""What a survey finds to blame before any cause is asked: operations of one name stand together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Union

from qdiag.diagnosis import survey
from qdiag.diagnosis.symptoms import Blamed
from qdiag.judging.question import Question
from qdiag.model.call import Failure
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from tests.worlds.symptoms import PAIR, World, of, rotation

THREE = of(rotation(name="RY"), rotation(name="Givens"), rotation(name="Givens", wire=1))


def question(circuit: Circuit) -> Question:
    own, other = PAIR
    return Question(circuit, (own, other))


def blamed_for_raising(circuit: Circuit, names: Sequence[str]) -> object:
    """Where a method raises on these operations, whatever of them is trainable."""

    def error(request: Request) -> Union[float, Evaluation]:
        raises = request.method == PAIR[0] and any(node.name in names for node in request.circuit.operations)
        return Evaluation(request.method, failure=Failure("TypeError", "no")) if raises else 0.0

    return survey._blamed_for_raising(question(circuit), World(error))


def test_all_operations_of_the_first_wrong_ones_name_are_to_blame_for_wrong_gradients() -> None:
    assert survey._blamed_for_gradients(question(THREE), [1, 2]) == Blamed("operation", 1, "Givens", (1, 2))
    assert survey._blamed_for_gradients(question(THREE), [0, 2]) == Blamed("operation", 0, "RY", (0,))
    assert survey._blamed_for_gradients(question(THREE), []) is None


def test_an_operation_without_which_nothing_raises_is_to_blame() -> None:
    assert blamed_for_raising(THREE, ["RY"]) == Blamed("operation", 0, "RY", (0,), (0,))


def test_where_it_takes_all_of_a_name_all_are() -> None:
    assert blamed_for_raising(THREE, ["Givens"]) == Blamed("operation", 1, "Givens", (1, 2), (1, 2))


def test_else_it_is_the_measurement() -> None:
    assert blamed_for_raising(THREE, ["RY", "Givens"]) == Blamed("measurement", 0, "ExpectationMP")

"""What the gradients of both sides show before any cause is asked: which are apart, which are lost, whether they have moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Callable, Optional

import numpy as np
import pytest

from qdiag.diagnosis.disturbance import Disturbance
from qdiag.diagnosis.survey import _are_displaced, survey
from qdiag.diagnosis.symptoms import Blamed, Symptoms
from qdiag.model.comparison import Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method
from tests.worlds.methods import methods
from tests.worlds.symptoms import PAIR, World, expectation, of, rotation, symptoms

THREE = of(rotation(), rotation(name="RY"), rotation(name="RZ"))
RIGHT = (0.1, 0.2, 0.3)
SHIFT = methods("default.qubit/parameter-shift", "default.qubit/backprop")


def with_slopes(request: Request, slopes: Sequence[float]) -> Evaluation:
    jacobian = (tuple(np.array(slopes[i]) for i in request.circuit.trainable),)
    return Evaluation(request.method, (np.array(0.3),), jacobian=jacobian, norms=(1.0,))


def seen(
    wrong: Sequence[float],
    pair: Any = PAIR,
    facts: Optional[dict[str, Any]] = None,
    heals: Callable[[Request], bool] = lambda request: False,
) -> Symptoms:
    """The survey of a call at which the first method of a pair gives these slopes, unless it is asked something that heals it."""

    def error(request: Request) -> Evaluation:
        return with_slopes(request, wrong if request.method == pair[0] and not heals(request) else RIGHT)

    world = World(error, facts={name: (lambda *_, answer=answer: answer) for name, answer in (facts or {}).items()})
    first = symptoms(world, THREE, pair)
    return survey(first.divergence, first.question, world)


def test_gradients_that_differ_are_apart_and_their_operation_is_to_blame() -> None:
    found = seen((0.1, 0.25, 0.3))
    assert (found.apart, found.lost, found.displaced) == ((1,), (), False)
    assert found.blamed == Blamed("operation", 1, "RY", (1,))


def test_one_that_is_exactly_zero_is_lost() -> None:
    assert seen((0.1, 0.0, 0.3)).lost == (1,)


def test_one_that_is_nearly_zero_is_not() -> None:
    found = seen((0.1, 1e-7, 0.3))
    assert (found.apart, found.lost) == ((1,), ())


def test_zero_that_a_shift_rule_gave_is_a_wrong_rule_and_nothing_lost() -> None:
    found = seen((0.1, 0.0, 0.3), SHIFT, {"parameters_with_a_rule": (0, 1, 2)})
    assert (found.apart, found.lost) == ((1,), ())


def test_zero_where_there_is_no_rule_is_lost_under_a_shift_rule_too() -> None:
    assert seen((0.1, 0.0, 0.3), SHIFT, {"parameters_with_a_rule": (0,)}).lost == (1,)
    assert seen((0.1, 0.0, 0.3), SHIFT, {"parameters_with_a_rule": (0, 1), "hidden_parameters": (1,)}).lost == (1,)


def test_the_right_gradients_at_other_places_have_moved() -> None:
    assert seen((0.0, 0.1, 0.2)).displaced


def test_a_few_numbers_that_are_alike_within_the_error_of_samples_have_not_moved() -> None:
    """One number of two stands at the other's place, as many do by chance within a bound of some percent."""
    wrong, right = (np.array([[0.58]]), np.array([[0.0]])), (np.array([[0.0]]), np.array([[0.59]]))
    assert not _are_displaced(wrong, right, bound=0.078, scale=0.59)
    assert _are_displaced((np.array([[0.59]]), np.array([[0.0]])), right, bound=1e-12, scale=0.59)


def test_of_gradients_that_are_alike_one_that_is_off_has_not_moved() -> None:
    right = tuple(np.array([[-0.84]]) for _ in range(3))
    wrong = (*right[:2], np.array([[-0.92]]))
    assert not _are_displaced(wrong, right, bound=1e-12, scale=0.84)


def test_where_all_that_is_wrong_is_zero_nothing_has_moved() -> None:
    assert not seen((0.0, 0.0, 0.0)).displaced


def elementary(request: Request) -> bool:
    return request.circuit.operations[0].name == "Decomposed"


DECOMPOSED = {"expansion_of": of(rotation(name="Decomposed"), *THREE.operations[1:])}


def test_a_gradient_that_is_lost_in_composite_operations_comes_back_when_they_are_decomposed() -> None:
    assert seen((0.1, 0.0, 0.3), facts=DECOMPOSED, heals=elementary).composite
    assert not seen((0.1, 0.0, 0.3), facts=DECOMPOSED).composite


BEHIND = of(rotation(), rotation(name="Template", trainable=False), rotation(name="Other", trainable=False))


@pytest.mark.parametrize(
    ("losing", "blamed"),
    [({"Template"}, ("Template", 1)), ({"Other"}, ("Other", 2)), ({"Template", "Other"}, ("RX", 0))],
    ids=["the first", "the second", "both, so that neither alone heals"],
)
def test_what_a_plain_gate_loses_is_lost_in_the_operation_whose_gates_alone_heal_it(losing: set[str], blamed: tuple[str, int]) -> None:
    def error(request: Request) -> Evaluation:
        lost = request.method == PAIR[0] and losing & {node.name for node in request.circuit.operations}
        return with_slopes(request, (0.0,) if lost else (0.1,))

    def decomposed(circuit: Any, positions: Any, trusted: bool) -> Any:
        first, *others = BEHIND.operations
        kept = (node if positions is not None and place not in positions else rotation(name="RY", trainable=False)
                for place, node in enumerate(others, 1))  # fmt: skip
        return of(first, *kept)

    world = World(error, facts={"expansion_of": decomposed})
    first = symptoms(world, BEHIND)
    found = survey(first.divergence, first.question, world)
    assert found.composite
    assert found.blamed == Blamed("operation", blamed[1], blamed[0], (0,))


def in_paulis(request: Request) -> bool:
    return len(request.circuit.measurements) > 1


def test_one_that_comes_back_with_pauli_expectation_values_is_lost_in_the_measurement() -> None:
    def error(request: Request) -> Evaluation:
        wrong = request.method == PAIR[0] and not in_paulis(request)
        found = with_slopes(request, (0.1, 0.0, 0.3) if wrong else RIGHT)
        count = len(request.circuit.measurements)
        assert found.outputs is not None
        assert found.jacobian is not None
        outputs, jacobian = found.outputs * count, found.jacobian * count
        return Evaluation(request.method, outputs, jacobian=jacobian, norms=(1.0,) * count)

    world = World(error)
    first = symptoms(world, THREE)
    assert survey(first.divergence, first.question, world).blamed == Blamed("measurement", 0, "expval")


def test_where_outputs_differ_gradients_are_not_looked_at() -> None:
    world = World(lambda request: 0.2 if request.method == PAIR[0] else 0.0, output=True)
    first = symptoms(world, THREE)
    found = survey(first.divergence, first.question, world)
    assert (found.apart, found.blamed) == ((), None)


def test_the_references_gradients_decide_where_a_method_is_known_to_be_wrong() -> None:
    def both_wrong(request: Request) -> Evaluation:
        return with_slopes(request, (0.1, 0.0, 0.3) if request.method == PAIR[0] else (0.1, 0.2, 0.9))

    def reference(question: Any) -> Evaluation:
        return with_slopes(question.request(0), RIGHT)

    world = World(both_wrong)
    first = symptoms(world, THREE)
    assert survey(first.divergence, first.question, world).apart == (1, 2)
    assert survey(first.divergence, first.question, world, reference).apart == (1,)


# --- company ---------------------------------------------------------------------------------------------------------------------


def beside(error: float, verdict: Optional[Verdict] = None, *, lone: float = 0.0) -> Symptoms:
    """The survey of two measurements, of which the second is wrong under the first method beside the other, or alone."""
    circuit = replace(THREE, measurements=(expectation("PauliX"), expectation()), returns="tuple")

    def answer(request: Request) -> Evaluation:
        count = len(request.circuit.measurements)
        off = (error if count > 1 else lone) if request.method == PAIR[0] else 0.0
        outputs = (*(np.array(0.3) for _ in range(count - 1)), np.array(0.3 + off))
        slopes = tuple(np.array(slope) for slope in RIGHT)
        return Evaluation(request.method, outputs, jacobian=(slopes,) * count, norms=(1.0,) * count)

    world = World(answer, output=True)
    first = symptoms(world, circuit, verdict=verdict)
    return survey(first.divergence, first.question, world)


def test_a_measurement_that_is_right_alone_is_to_blame_and_so_is_the_other() -> None:
    found = beside(0.1)
    assert (found.disturbance, found.blamed) == (Disturbance(1, (0,), PAIR[0]), Blamed("measurement", 1, "expval"))


def test_one_that_is_wrong_alone_as_well_is_none() -> None:
    assert beside(0.1, lone=0.1).disturbance is None


def test_company_is_asked_after_for_errors_alone() -> None:
    assert beside(0.1, Verdict.ROUNDING).disturbance is None


# --- other devices ---------------------------------------------------------------------------------------------------------------


def of_outputs(pair: tuple[Method, ...], *, pieces: float, wrong: tuple[Method, ...] = ()) -> Symptoms:
    """The survey of an output that is wrong on the first of two devices; what is decomposed is off by so much on the reference."""

    def answer(request: Request) -> Evaluation:
        off = 0.1 if request.method == pair[0] else pieces if elementary(request) else 0.0
        return Evaluation(request.method, (np.array(0.3 + off),), norms=(1.0,))

    world = World(answer, output=True, facts={name: (lambda *_, one=one: one) for name, one in DECOMPOSED.items()})
    first = symptoms(world, THREE, pair)
    return survey(replace(first.divergence, wrong=wrong), first.question, world)


@pytest.mark.parametrize("pieces", [0.0, 0.1])
def test_of_another_device_it_is_asked_whether_elsewhere_the_pieces_make_the_whole(pieces: float) -> None:
    pair = methods("lightning.qubit/adjoint", "default.qubit/backprop")
    assert of_outputs(pair, pieces=pieces).decomposes_alike is (pieces == 0.0)


@pytest.mark.parametrize("pieces", [0.0, 0.1])
def test_of_a_method_that_is_wrong_beside_one_that_is_right_it_is_asked_too(pieces: float) -> None:
    assert of_outputs(SHIFT, pieces=pieces, wrong=SHIFT[:1]).decomposes_alike is (pieces == 0.0)


@pytest.mark.parametrize("wrong", [(), SHIFT])
def test_where_both_are_wrong_or_nobody_knows_it_is_not(wrong: tuple[Method, ...]) -> None:
    assert not of_outputs(SHIFT, pieces=0.0, wrong=wrong).decomposes_alike

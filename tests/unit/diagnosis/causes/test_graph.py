"""QD4: which experiments tell that a parameter and the result are not connected as one thinks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Union

import numpy as np
import pytest

from qdiag.diagnosis.causes.graph import DETACHED, INVISIBLE
from qdiag.diagnosis.experiments.trainability import ALL_TRAINABLE
from qdiag.diagnosis.facts import HIDDEN, LEFT_TO_DIFFERENCES
from qdiag.diagnosis.symptoms import Blamed, Symptoms
from qdiag.model.call import Configuration, Failure, SourceLine
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.findings import FoundWrong
from qdiag.model.method import Method
from qdiag.model.node import Node, Wires
from qdiag.model.parameter import Parameter
from tests.worlds.methods import methods
from tests.worlds.small_circuits import gate
from tests.worlds.symptoms import World, found, of, rotation, symptoms

BACKPROP = methods("default.qubit/backprop", "default.qubit/parameter-shift")
SHIFT = methods("default.qubit/parameter-shift", "default.qubit/backprop")


def tracked(request: Request, position: int) -> bool:
    return position in request.circuit.trainable


def test_entries_of_a_matrix_or_a_state_are_no_angles_that_could_be_trainable_too() -> None:
    entries = Parameter(np.eye(2) / 2, "numpy", False)
    block = Node("BlockEncode", (entries,), (Wires((0,)), ()), (0,))
    state = Node("StatePrep", (Parameter(np.array([1.0, 0.0]), "numpy", False),), (Wires((0,)), ()), (0,))
    circuit = of(state, rotation(), rotation(name="RZ", trainable=False), block)
    assert circuit.trainable == (1,)
    changed = ALL_TRAINABLE.change(symptoms(World(lambda request: 0.0), circuit).question, World(lambda request: 0.0))
    assert changed is not None
    assert changed.circuit.trainable == (1, 2)
    bare = of(state, rotation(), block)
    assert ALL_TRAINABLE.change(symptoms(World(lambda request: 0.0), bare).question, World(lambda request: 0.0)) is None


# --- QD401: detached on the way --------------------------------------------------------------------------------------------


def cut_in_the_first_gate(request: Request) -> float:
    return -0.5 if request.method.diff_method == "backprop" and tracked(request, 0) else 0.0


def lost(world: World, pair: Sequence[Method]) -> Symptoms:
    blamed = Blamed("operation", 0, "RX", (0,))
    return symptoms(world, of(rotation(), rotation(name="RY")), pair, apart=(0,), lost=(0,), blamed=blamed)


def test_a_zero_from_backprop_that_goes_with_one_parameter_is_a_graph_cut_in_the_circuit() -> None:
    world = World(cut_in_the_first_gate)
    diagnosis = found(world, lost(world, BACKPROP))
    assert (diagnosis.code, diagnosis.confidence) == ("QD401", "confirmed")


def test_where_all_methods_are_wrong_no_other_one_sees_past_the_cut() -> None:
    seen = lost(World(cut_in_the_first_gate), BACKPROP)
    everyone = FoundWrong(BACKPROP, BACKPROP[0], "0 where the reference has 1", Signature.JACOBIAN, 1e-9, "ours", True)
    assert DETACHED.remedy_for is not None
    assert DETACHED.remedy_for(seen) == DETACHED.remedy
    unanimous = replace(seen, divergence=replace(seen.divergence, judged=everyone))
    assert DETACHED.remedy_for(unanimous).endswith("the gates of RX written out: no diff_method sees past it")


def test_for_a_hidden_parameter_no_method_is_recommended_that_raises() -> None:
    seen = symptoms(World(lambda request: 0.0), of(rotation()), methods("lightning.qubit/parameter-shift", "lightning.qubit/adjoint"))
    seen = replace(seen, divergence=replace(seen.divergence, wrong=seen.question.methods[:1]))
    assert INVISIBLE.remedy_for is not None
    assert INVISIBLE.remedy_for(seen) == INVISIBLE.remedy
    raised = replace(seen, divergence=replace(seen.divergence, raised=((BACKPROP[0], Failure("RuntimeError", "no")),)))
    assert INVISIBLE.remedy_for(raised).startswith('diff_method="adjoint" on lightning.qubit; or ')
    nobody = replace(raised, divergence=replace(raised.divergence, wrong=seen.question.methods))
    assert INVISIBLE.remedy_for(nobody).startswith("put the numbers")


def test_a_zero_from_a_method_with_rules_of_its_own_is_no_cut_graph() -> None:
    world = World(lambda request: -0.5 if request.method.diff_method == "adjoint" and tracked(request, 0) else 0.0)
    assert found(world, lost(world, methods("default.qubit/adjoint", "default.qubit/backprop"))).code == "QD302"


def test_what_stays_with_the_parameter_frozen_was_not_cut_there() -> None:
    world = World(lambda request: -0.5 if request.method.diff_method == "backprop" else 0.0)
    diagnosis = found(world, lost(world, BACKPROP))
    assert diagnosis.code != "QD401"
    assert "QD401" in diagnosis.ruled_out


# --- QD402: trainable sets differ ------------------------------------------------------------------------------------------


def miscounted(request: Request) -> float:
    """Wrong as long as a constant stands among what is trained."""
    constant = len(request.circuit.trainable) < len(request.circuit.parameters)
    return 0.3 if constant and request.method.diff_method == "adjoint" else 0.0


BEHIND_A_CONSTANT = of(rotation(0.3, trainable=False), rotation(name="RY"))


def test_an_error_that_goes_when_constants_are_trainable_too_comes_from_counting() -> None:
    world = World(miscounted)
    diagnosis = found(world, symptoms(world, BEHIND_A_CONSTANT, apart=(1,), blamed=Blamed("operation", 1, "RY", (1,))))
    assert (diagnosis.code, diagnosis.confidence) == ("QD402", "confirmed")


def test_outputs_may_be_wrong_for_it_too() -> None:
    world = World(miscounted, output=True)
    assert found(world, symptoms(world, BEHIND_A_CONSTANT)).code == "QD402"


def misshapen(request: Request) -> Union[float, Evaluation]:
    """Takes a batch for one number as long as a constant stands among what is trained."""
    return Evaluation(request.method, (np.zeros(2),), norms=(1.0,)) if miscounted(request) else 0.0


def test_outputs_may_have_another_shape_for_it_too() -> None:
    world = World(misshapen, output=True)
    diagnosis = found(world, symptoms(world, BEHIND_A_CONSTANT))
    assert (diagnosis.code, diagnosis.confidence) == ("QD402", "confirmed")


def test_another_shape_that_stays_with_constants_trainable_is_not() -> None:
    flat = World(
        lambda request: Evaluation(request.method, (np.zeros(2),), norms=(1.0,)) if request.method.diff_method == "adjoint" else 0.0,
        output=True,
    )
    diagnosis = found(flat, symptoms(flat, BEHIND_A_CONSTANT))
    assert diagnosis.code != "QD402"
    assert "QD402" in diagnosis.ruled_out


def test_an_error_that_stays_does_not() -> None:
    world = World(lambda request: 0.3 if request.method.diff_method == "adjoint" and tracked(request, 1) else 0.0)
    seen = symptoms(world, BEHIND_A_CONSTANT, apart=(1,), blamed=Blamed("operation", 1, "RY", (1,)))
    diagnosis = found(world, seen)
    assert diagnosis.code != "QD402"
    assert "QD402" in diagnosis.ruled_out


def ruled(request: Request) -> float:
    """Wrong by the rule that an operation has as long as one of its own numbers is a constant."""
    counted = tracked(request, 1) and not tracked(request, 2)
    return 0.3 if counted and request.method.diff_method == "parameter-shift" else 0.0


@pytest.mark.parametrize("in_front", [True, False])
def test_what_goes_by_an_operations_own_constants_under_a_shift_rule_is_the_rule(in_front: bool) -> None:
    coefficient = gate("SProd", 0.7)
    evolution = Node("CommutingEvolution", (Parameter(np.array(0.4), "torch", True), coefficient), (Wires((0,)), ()), (0,))
    world, circuit = World(ruled), of(rotation(trainable=not in_front), evolution, rotation(name="RY"))
    blamed = Blamed("operation", 1, "CommutingEvolution", (1,))
    diagnosis = found(world, symptoms(world, circuit, SHIFT, apart=(1,), blamed=blamed))
    assert (diagnosis.code, diagnosis.confidence) == ("QD301", "confirmed")
    assert ("QD402" in diagnosis.ruled_out) is in_front


def marked() -> Circuit:
    """Data that is only marked trainable, in front of a weight."""
    data = Node("RX", (Parameter(np.array(0.4), "autograd", False, True),), (Wires((0,)), ()), (0,))
    return of(data, rotation(name="RY"))


def raises_beside(request: Request, where: bool) -> Evaluation | float:
    if request.method.diff_method != "adjoint" or not where:
        return 0.0
    return Evaluation(request.method, failure=Failure("RuntimeError", "a gradient different than None", stage="backward"))


def seen_raising(circuit: Circuit) -> Symptoms:
    seen = symptoms(World(lambda request: 0.0), circuit, verdict=Verdict.ERROR, blamed=Blamed("operation", 0, "RX", removable=(0,)))
    comparison = Comparison(seen.question.methods, Verdict.ERROR, Signature.RAISE, detail="adjoint raises RuntimeError")
    return replace(seen, divergence=replace(seen.divergence, comparison=comparison))


def test_what_raises_only_while_numbers_are_marked_counts_them_as_trainable() -> None:
    world = World(lambda request: raises_beside(request, bool(request.circuit.marked)))
    diagnosis = found(world, seen_raising(marked()))
    assert (diagnosis.code, diagnosis.confidence) == ("QD402", "confirmed")
    assert "requires_grad=False" in diagnosis.remedy
    assert "QD304" in diagnosis.ruled_out


def test_what_raises_all_the_same_does_not() -> None:
    world = World(lambda request: raises_beside(request, any(node.name == "RX" for node in request.circuit.operations)))
    diagnosis = found(world, seen_raising(marked()))
    assert diagnosis.code == "QD304"
    assert "QD402" in diagnosis.ruled_out


# --- QD403: method not followed --------------------------------------------------------------------------------------------


def quotient(request: Request) -> float:
    """parameter-shift and finite-diff make the same error at the parameter that knows no rule."""
    return 0.02 if request.method.diff_method in ("parameter-shift", "finite-diff") and tracked(request, 0) else 0.0


DAMPED = of(rotation(name="AmplitudeDamping", dtype="float32"), rotation(name="RY", dtype="float32"))


def damped(world: World) -> Symptoms:
    blamed = Blamed("operation", 0, "AmplitudeDamping", (0,))
    return symptoms(world, DAMPED, SHIFT, apart=(0,), blamed=blamed, known={LEFT_TO_DIFFERENCES: (0,)})


def test_a_shift_rule_that_says_what_the_quotient_says_is_the_quotient() -> None:
    world = World(quotient)
    diagnosis = found(world, damped(world))
    assert (diagnosis.code, diagnosis.confidence) == ("QD403", "confirmed")
    assert {"QD101", "QD301"} <= {*diagnosis.ruled_out}


def test_of_a_sampled_quotient_it_is_said_that_its_step_divides_the_noise_and_no_noise_of_shots_is_blamed() -> None:
    world = World(quotient)
    sampled = of(*DAMPED.operations, shots=(500,))
    blamed = Blamed("operation", 0, "AmplitudeDamping", (0,))
    seen = symptoms(
        world, sampled, SHIFT, apart=(0,), blamed=blamed, known={LEFT_TO_DIFFERENCES: (0,)}, verdict=Verdict.ERROR
    )
    diagnosis = found(world, seen)
    assert diagnosis.code == "QD403"
    assert "divided by their step" in diagnosis.because


def test_one_that_says_something_else_is_a_wrong_rule() -> None:
    world = World(lambda request: 0.02 if request.method.diff_method == "parameter-shift" and tracked(request, 0) else 0.0)
    diagnosis = found(world, damped(world))
    assert diagnosis.code == "QD301"
    assert "QD403" in diagnosis.ruled_out


def replaced(world: World) -> Symptoms:
    configuration = Configuration(
        "circuit", SourceLine("train.py", 3), "default.qubit", interface="torch", requested="backprop", resolved="parameter-shift"
    )
    # the reference is of another device, so that the method requested is a third one
    pair = methods("default.qubit/parameter-shift", "lightning.qubit/adjoint")
    return symptoms(world, of(rotation()), pair, configuration=configuration)


def test_a_method_that_was_not_asked_for_is_named_where_the_one_asked_for_is_right() -> None:
    world = World(lambda request: 0.1 if request.method.diff_method == "parameter-shift" else 0.0)
    diagnosis = found(world, replaced(world))
    assert (diagnosis.code, diagnosis.confidence) == ("QD403", "confirmed")
    assert "backprop was requested" in diagnosis.because


def test_it_is_not_named_where_that_one_is_as_wrong() -> None:
    world = World(lambda request: 0.1 if request.method.device == "default.qubit" else 0.0)
    diagnosis = found(world, replaced(world))
    assert diagnosis.code != "QD403"
    assert "QD403" in diagnosis.ruled_out


# --- QD404: parameter invisible to the circuit -----------------------------------------------------------------------------


def unseen(request: Request) -> float:
    return -0.5 if request.method.diff_method == "adjoint" and tracked(request, 0) else 0.0


def hidden(world: World) -> Symptoms:
    seen = symptoms(world, of(rotation(), rotation(name="RY")), apart=(0,), lost=(0,), known={HIDDEN: (0,)})
    return replace(seen, blamed=Blamed("operation", 0, "Evolution", (0,)))


def test_a_gradient_lost_with_a_parameter_that_the_tape_does_not_list_is_invisible() -> None:
    world = World(unseen)
    diagnosis = found(world, hidden(world))
    assert (diagnosis.code, diagnosis.confidence) == ("QD404", "confirmed")


def test_what_is_wrong_without_it_too_has_another_cause() -> None:
    world = World(lambda request: -0.5 if request.method.diff_method == "adjoint" else 0.0)
    diagnosis = found(world, hidden(world))
    assert diagnosis.code != "QD404"
    assert "QD404" in diagnosis.ruled_out

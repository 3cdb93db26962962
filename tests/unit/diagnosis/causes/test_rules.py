"""QD3: which experiments tell a differentiation rule that is wrong, missing, or applied where it does not hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from qdiag.diagnosis.causes.rules import DISPLACED, DROPPED
from qdiag.diagnosis.experiments.operations import by_other_gates
from qdiag.diagnosis.symptoms import Blamed
from qdiag.model.call import Failure
from qdiag.model.comparison import Signature
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.findings import FoundWrong
from qdiag.model.node import Node, parameters_of
from qdiag.model.numerics import gates
from qdiag.model.parameter import Parameter
from tests.worlds.methods import ADJOINT, methods
from tests.worlds.symptoms import (
    FIRST,
    TWO,
    World,
    adjoint,
    at_the_point,
    expectation,
    found,
    measured,
    observable_of,
    of,
    rotation,
    symptoms,
    tracked,
)

# --- QD301: wrong gradient rule for an operation ---------------------------------------------


def rx_is_trained(request: Request) -> bool:
    return any(node.name == "RX" and any(p.trainable for p in parameters_of(node)) for node in request.circuit.operations)


def test_a_gap_that_goes_with_one_operation_is_its_rule() -> None:
    world = World(lambda request: 0.2 if adjoint(request) and rx_is_trained(request) else 0.0)
    diagnosis = found(world, symptoms(world, TWO, apart=(0,), blamed=FIRST))
    assert (diagnosis.code, diagnosis.confidence) == ("QD301", "confirmed")


def test_a_gap_that_the_others_have_too_is_not() -> None:
    world = World(lambda request: 0.2 if adjoint(request) else 0.0)
    assert "QD301" in found(world, symptoms(world, TWO, apart=(0,), blamed=FIRST)).ruled_out


def test_a_gap_that_difference_quotients_have_as_well_is_no_rules() -> None:
    ruled_by = {"adjoint", "finite-diff"}
    world = World(lambda request: 0.2 if request.method.diff_method in ruled_by and rx_is_trained(request) else 0.0)
    diagnosis = found(world, symptoms(world, TWO, apart=(0,), blamed=FIRST))
    assert "QD301" in diagnosis.ruled_out
    assert diagnosis.code == "QD901"


THREE = of(rotation(), rotation(name="RY", angle=0.7), rotation(name="RZ", angle=0.2))
ROTATED = {"RX": 0.2, "RY": 0.01}


def of_two_names(request: Request) -> float:
    """What is off by the rules of two gates: each has its own gap, and the larger one is seen."""
    trained = {node.name for node in request.circuit.operations if any(p.trainable for p in parameters_of(node))}
    spelt = any(node.name == "PhaseShift" for node in request.circuit.operations)
    return max((ROTATED[name] for name in trained & {*ROTATED}), default=0.0) if adjoint(request) and not spelt else 0.0


def test_one_rule_may_be_that_of_operations_of_several_names() -> None:
    world = World(of_two_names)
    diagnosis = found(world, symptoms(world, THREE, apart=(0, 1), blamed=FIRST))
    assert (diagnosis.code, diagnosis.confidence) == ("QD301", "confirmed")
    assert diagnosis.because == "the rule used for RX and RY gives another derivative than its matrix does"


def test_of_several_names_each_must_show_it_alone() -> None:
    world = World(lambda request: of_two_names(request) if tracked(request) and tracked(request, 1) else 0.0)
    assert "QD301" in found(world, symptoms(world, THREE, apart=(0, 1), blamed=FIRST)).ruled_out


def test_a_gap_that_other_gates_in_its_place_have_as_well_is_no_rules() -> None:
    world = World(lambda request: 0.2 if adjoint(request) and len(request.circuit.trainable) > 0 and not frozen(request) else 0.0)
    diagnosis = found(world, symptoms(world, TWO, apart=(0,), blamed=FIRST))
    assert "QD301" in diagnosis.ruled_out


def frozen(request: Request) -> bool:
    """Whether what stands at the first place, by whatever gates, is not trained."""
    return not any(p.trainable for node in request.circuit.operations[:-1] for p in parameters_of(node))


@pytest.mark.parametrize("name", ["RX", "RY", "RZ"])
def test_a_rotation_by_other_gates_is_the_same_rotation(name: str) -> None:
    question = symptoms(World(lambda request: 0.0), of(rotation(name=name), rotation(name="Hadamard"))).question
    spelt = by_other_gates([name]).applied_to(question, World(lambda request: 0.0))
    assert spelt is not None
    assert name not in {node.name for node in spelt.circuit.operations[:3]}
    assert np.allclose(product(spelt.circuit.operations[:3]), gates.PARAMETRIC[name](0.4))


def product(operations: Sequence[Node]) -> np.ndarray:
    found = np.eye(2)
    for node in operations:
        angles = [float(p.value) for p in parameters_of(node)]
        found = (gates.PARAMETRIC[node.name](*angles) if angles else gates.FIXED[node.name]) @ found
    return found


def test_where_no_difference_quotient_is_taken_the_rule_is_told_without_one() -> None:
    refused = Evaluation(ADJOINT, failure=Failure("ValueError", "no"))
    world = World(
        lambda request: refused if request.method.diff_method == "finite-diff" else 0.2 * (adjoint(request) and rx_is_trained(request))
    )
    diagnosis = found(world, symptoms(world, TWO, apart=(0,), blamed=FIRST))
    assert (diagnosis.code, diagnosis.confidence) == ("QD301", "confirmed")


# --- QD302: gradient dropped -----------------------------------------------------------------------------------------------


def test_a_gradient_of_zero_that_goes_with_the_parameter_is_dropped() -> None:
    world = World(lambda request: -0.5 if adjoint(request) and tracked(request) else 0.0)
    diagnosis = found(world, symptoms(world, TWO, apart=(0,), lost=(0,), blamed=FIRST))
    assert (diagnosis.code, diagnosis.confidence) == ("QD302", "confirmed")


def test_one_that_is_zero_near_the_point_only_is_not() -> None:
    world = World(lambda request: -0.5 if adjoint(request) and tracked(request) and at_the_point(request, 0.1) else 0.0)
    assert "QD302" in found(world, symptoms(world, TWO, apart=(0,), lost=(0,), blamed=FIRST)).ruled_out


def test_a_zero_among_gradients_that_are_wrong_otherwise_is_not_one_that_was_dropped() -> None:
    world = World(lambda request: -0.5 if adjoint(request) and tracked(request) else 0.0)
    diagnosis = found(world, symptoms(world, TWO, apart=(0, 1), lost=(0,), blamed=FIRST))
    assert diagnosis.code != "QD302"


def test_a_coefficient_whose_gradient_is_zero_is_dropped_and_nothing_has_moved() -> None:
    readout = replace(expectation(), data=(replace(observable_of(expectation()), data=rotation().data), None))
    world = World(lambda request: -0.5 if adjoint(request) and tracked(request, 1) and measured(request, "ExpectationMP") else 0.0)
    seen = symptoms(world, of(rotation(), measurement=readout), apart=(1,), lost=(1,))
    assert "QD303" not in {found(world, seen).code, *found(world, seen).ruled_out}
    assert DISPLACED.applies(replace(seen, apart=(0, 1)))


def test_where_coefficients_are_only_marked_gradients_may_have_moved_there_unseen() -> None:
    number = Parameter(np.array(0.4), "autograd", trainable=False, marked=True)
    readout = replace(expectation(), data=(replace(observable_of(expectation()), data=(number,)), None))
    world = World(lambda request: -0.5 if adjoint(request) and counted(request, 1) else 0.0)
    seen = symptoms(world, of(rotation(), measurement=readout), apart=(0,), lost=(0,))
    diagnosis = found(world, seen)
    assert (diagnosis.code, diagnosis.confidence) == ("QD303", "confirmed")
    dropped = World(lambda request: -0.5 if adjoint(request) and tracked(request) and measured(request, "ExpectationMP") else 0.0)
    assert "QD303" in found(dropped, seen).ruled_out, "without the mark the gradient is zero, too"


def counted(request: Request, position: int) -> bool:
    """Whether a number is tracked or marked."""
    return position in (*request.circuit.trainable, *request.circuit.marked)


# --- QD303: gradient given to the wrong parameter --------------------------------------------------------------------------


def several(request: Request) -> bool:
    return len(request.circuit.trainable) > 1


def test_gradients_that_are_in_place_for_one_parameter_are_displaced() -> None:
    world = World(lambda request: 0.2 if adjoint(request) and several(request) else 0.0)
    diagnosis = found(world, symptoms(world, TWO, apart=(0, 1), displaced=True))
    assert (diagnosis.code, diagnosis.confidence) == ("QD303", "confirmed")


def test_those_that_are_not_then_either_are_something_else() -> None:
    world = World(lambda request: 0.2 if adjoint(request) else 0.0)
    assert "QD303" in found(world, symptoms(world, TWO, apart=(0, 1), displaced=True)).ruled_out


# --- QD311: the auxiliary wire of hadamard is in use -----------------------------------------------------------------------

TESTED = methods("default.qubit/hadamard", "default.qubit/backprop")


def by_hadamard(request: Request) -> bool:
    return request.method.diff_method == "hadamard"


def test_a_gap_that_another_auxiliary_wire_closes_is_that_of_the_wire() -> None:
    world = World(lambda request: 0.2 if by_hadamard(request) and not dict(request.method.gradient_options) else 0.0)
    diagnosis = found(world, symptoms(world, TWO, TESTED, apart=(0,), blamed=FIRST))
    assert (diagnosis.code, diagnosis.confidence) == ("QD311", "confirmed")
    assert "QD301" in diagnosis.ruled_out


def test_a_gap_that_stays_with_a_wire_of_its_own_is_the_rules() -> None:
    world = World(lambda request: 0.2 if by_hadamard(request) and rx_is_trained(request) else 0.0)
    diagnosis = found(world, symptoms(world, TWO, TESTED, apart=(0,), blamed=FIRST))
    assert (diagnosis.code, diagnosis.confidence) == ("QD301", "confirmed")
    assert "QD311" in diagnosis.ruled_out


def test_around_a_measurement_that_drops_gradients_there_is_no_decomposition() -> None:
    seen = symptoms(World(lambda request: 0.0), TWO, blamed=Blamed("measurement", 0, "expval"))
    assert DROPPED.remedy_for is not None
    assert "outside" in DROPPED.remedy_for(seen)
    operation = replace(seen, blamed=FIRST)
    assert DROPPED.remedy_for(operation) == DROPPED.remedy
    everyone = FoundWrong(seen.question.methods, seen.question.methods[0], "0", Signature.JACOBIAN, 1e-9, "ours", True)
    unanimous = replace(operation, divergence=replace(operation.divergence, judged=everyone))
    assert DROPPED.remedy_for(unanimous) == "the gates of RX written out: every diff_method drops it"

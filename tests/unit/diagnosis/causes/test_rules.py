"""QD3: which experiments tell a differentiation rule that is wrong, missing, or applied where it does not hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from qdiag.diagnosis.causes.rules import DISPLACED
from qdiag.diagnosis.symptoms import Blamed, Symptoms
from qdiag.model.call import Failure
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.node import MeasuredOutcome, Node, Wires
from qdiag.model.parameter import Parameter
from tests.worlds.methods import methods
from tests.worlds.symptoms import PAIR, World, expectation, found, observable_of, of, rotation, symptoms

TWO = of(rotation(), rotation(name="RY", angle=0.7))
FIRST = Blamed("operation", 0, "RX", (0,))


def adjoint(request: Request) -> bool:
    return request.method.diff_method == "adjoint"


def tracked(request: Request, position: int = 0) -> bool:
    parameters = request.circuit.parameters
    return position < len(parameters) and parameters[position].trainable


def at_the_point(request: Request, reach: float) -> bool:
    return abs(float(request.circuit.parameters[0].value) - 0.4) < reach


def measured(request: Request, name: str) -> bool:
    return request.circuit.measurements[0].name == name


# --- QD301: wrong gradient rule for an operation ---------------------------------------------------------------------------


def test_a_gap_that_goes_with_one_operation_is_its_rule() -> None:
    world = World(lambda request: 0.2 if adjoint(request) and tracked(request) else 0.0)
    diagnosis = found(world, symptoms(world, TWO, apart=(0,), blamed=FIRST))
    assert (diagnosis.code, diagnosis.confidence) == ("QD301", "confirmed")


def test_a_gap_that_the_others_have_too_is_not() -> None:
    world = World(lambda request: 0.2 if adjoint(request) else 0.0)
    assert "QD301" in found(world, symptoms(world, TWO, apart=(0,), blamed=FIRST)).ruled_out


# --- QD302: gradient dropped -----------------------------------------------------------------------------------------------


def test_a_gradient_of_zero_that_goes_with_the_parameter_is_dropped() -> None:
    world = World(lambda request: -0.5 if adjoint(request) and tracked(request) else 0.0)
    diagnosis = found(world, symptoms(world, TWO, apart=(0,), lost=(0,), blamed=FIRST))
    assert (diagnosis.code, diagnosis.confidence) == ("QD302", "confirmed")


def test_one_that_is_zero_near_the_point_only_is_not() -> None:
    world = World(lambda request: -0.5 if adjoint(request) and tracked(request) and at_the_point(request, 0.1) else 0.0)
    assert "QD302" in found(world, symptoms(world, TWO, apart=(0,), lost=(0,), blamed=FIRST)).ruled_out


def test_a_coefficient_whose_gradient_is_zero_is_dropped_and_nothing_has_moved() -> None:
    readout = replace(expectation(), data=(replace(observable_of(expectation()), data=rotation().data), None))
    world = World(lambda request: -0.5 if adjoint(request) and tracked(request, 1) and measured(request, "ExpectationMP") else 0.0)
    seen = symptoms(world, of(rotation(), measurement=readout), apart=(1,), lost=(1,))
    assert "QD303" not in {found(world, seen).code, *found(world, seen).ruled_out}
    assert DISPLACED.applies(replace(seen, apart=(0, 1)))


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


# --- QD304: method refuses or breaks on this circuit -----------------------------------------------------------------------


def raising(request: Request) -> Evaluation:
    return Evaluation(request.method, failure=Failure("IndexError", "list index out of range"))


def raised(circuit: Circuit) -> Symptoms:
    seen = symptoms(World(lambda request: 0.0), circuit, verdict=Verdict.ERROR, blamed=FIRST)
    comparison = Comparison(PAIR, Verdict.ERROR, Signature.RAISE, detail="IndexError")
    divergence = replace(seen.divergence, comparison=comparison, raised=((PAIR[0], Failure("IndexError", "")),))
    return replace(seen, divergence=divergence)


def test_an_exception_that_goes_with_one_operation_is_a_refusal_of_it() -> None:
    world = World(lambda request: raising(request) if adjoint(request) and tracked(request) else 0.0)
    diagnosis = found(world, raised(TWO))
    assert (diagnosis.code, diagnosis.confidence) == ("QD304", "confirmed")


def test_an_exception_that_goes_with_the_dtype_is_a_refusal_of_it() -> None:
    number = Parameter(np.array(0.4), "torch", True, foreign="bfloat16")
    world = World(lambda request: raising(request) if adjoint(request) and request.circuit.parameters[0].foreign else 0.0)
    seen = replace(raised(of(replace(rotation(), data=(number,)))), blamed=Blamed("dtype", 0, "bfloat16"))
    diagnosis = found(world, seen)
    assert (diagnosis.code, diagnosis.confidence) == ("QD304", "confirmed")
    assert "raises on bfloat16 parameters" in diagnosis.because


def test_under_jax_in_double_precision_an_exception_that_goes_with_the_dtype_is_a_cause_of_its_own() -> None:
    """Of narrow numbers under JAX with arrays of 64 bits it is QD109; without these, or where an operation is to blame, it is not."""
    narrow = lambda request: any(p.dtype == "float32" for p in request.circuit.parameters)  # noqa: E731 - said where it is asked
    world = World(lambda request: raising(request) if adjoint(request) and narrow(request) else 0.0)
    seen = replace(raised(of(rotation(dtype="float32"))), blamed=Blamed("dtype", 0, "float32"))
    double = replace(seen, question=replace(seen.question, interface="jax", default_dtype="float64"))
    diagnosis = found(world, double)
    assert (diagnosis.code, diagnosis.confidence) == ("QD109", "confirmed")
    assert "tangents in float32" in diagnosis.because
    assert "dtype=float" in diagnosis.remedy
    single = replace(seen, question=replace(seen.question, interface="jax", default_dtype="float32"))
    assert found(world, single).code == "QD304"
    assert found(world, replace(double, blamed=FIRST)).code != "QD109"


def test_one_that_stays_without_it_is_not() -> None:
    world = World(lambda request: raising(request) if adjoint(request) else 0.0)
    assert "QD304" in found(world, raised(TWO)).ruled_out


# --- QD305: second derivative ----------------------------------------------------------------------------------------------


def twice(world: World) -> Symptoms:
    seen = symptoms(world, TWO)
    comparison = Comparison(PAIR, Verdict.ERROR, Signature.SECOND_DERIVATIVE, max_abs=0.5, max_rel=0.5, bound=1e-12)
    divergence = replace(seen.divergence, comparison=comparison, wrong=PAIR[:1])
    return replace(seen, divergence=divergence, question=replace(seen.question, second=True))


def with_second(request: Request, gap: float) -> Evaluation:
    jacobian = (tuple(np.array(0.5) for _ in request.circuit.trainable),)
    hvp = tuple(np.array(0.1 + gap) for _ in request.circuit.trainable) if request.second else None
    return Evaluation(request.method, (np.array(0.3),), jacobian=jacobian, hvp=hvp, norms=(1.0,))


def test_a_gap_that_first_derivatives_do_not_have_is_the_seconds() -> None:
    world = World(lambda request: with_second(request, 0.5 if adjoint(request) else 0.0))
    diagnosis = found(world, twice(world))
    assert (diagnosis.code, diagnosis.confidence) == ("QD305", "confirmed")


def test_a_gap_that_they_have_too_is_not() -> None:
    world = World(lambda request: 0.5 if adjoint(request) else 0.0)
    assert "QD305" in found(world, twice(world)).ruled_out


# --- QD306 and QD309: the point --------------------------------------------------------------------------------------------


def no_number(world: World, **facts: Any) -> Symptoms:
    seen = symptoms(World(lambda request: 0.0), TWO, verdict=Verdict.ERROR, **facts)
    comparison = Comparison(PAIR, Verdict.ERROR, Signature.NAN, max_abs=float("inf"), max_rel=float("inf"))
    return replace(seen, divergence=replace(seen.divergence, comparison=comparison, wrong=PAIR[:1]))


def test_nan_that_is_gone_nearby_is_the_points() -> None:
    world = World(lambda request: float("nan") if adjoint(request) and at_the_point(request, 1e-4) else 0.0)
    diagnosis = found(world, no_number(world))
    assert (diagnosis.code, diagnosis.confidence) == ("QD306", "confirmed")


def test_nan_everywhere_is_not() -> None:
    world = World(lambda request: float("nan") if adjoint(request) else 0.0)
    assert "QD306" in found(world, no_number(world)).ruled_out


def test_a_wrong_number_that_is_gone_nearby_is_a_singular_decomposition() -> None:
    world = World(lambda request: 0.2 if adjoint(request) and at_the_point(request, 1e-4) else 0.0)
    diagnosis = found(world, symptoms(world, TWO, apart=(0,)))
    assert (diagnosis.code, diagnosis.confidence) == ("QD309", "confirmed")


def test_a_wrong_number_that_is_there_nearby_is_not() -> None:
    world = World(lambda request: 0.2 if adjoint(request) else 0.0)
    assert "QD309" in found(world, symptoms(world, TWO, apart=(0,))).ruled_out


# --- QD310: a probability of exactly zero ----------------------------------------------------------------------------------


def test_nan_that_a_turn_before_measuring_takes_away_and_no_point_does_is_a_probability_of_zero() -> None:
    def backprop(request: Request) -> bool:
        return request.method.diff_method == "backprop" and len(request.circuit.operations) == len(TWO.operations)

    world = World(lambda request: float("nan") if backprop(request) else 0.0)
    diagnosis = found(world, replace(no_number(world), divergence=replace(no_number(world).divergence, wrong=PAIR[1:])))
    assert (diagnosis.code, diagnosis.confidence) == ("QD310", "confirmed")
    assert "QD306" in diagnosis.ruled_out


def test_nan_that_is_gone_nearby_is_none_of_a_probability() -> None:
    world = World(lambda request: float("nan") if not adjoint(request) and at_the_point(request, 1e-4) else 0.0)
    diagnosis = found(world, replace(no_number(world), divergence=replace(no_number(world).divergence, wrong=PAIR[1:])))
    assert diagnosis.code == "QD306"
    assert "QD310" in diagnosis.ruled_out


# --- QD307 and QD308: the measurement --------------------------------------------------------------------------------------


def of_wire(name: str) -> Circuit:
    return of(*TWO.operations, measurement=Node(name, (None, None), (("wires", Wires((0,))),), (0,)))


def test_a_gap_that_expectation_values_do_not_have_is_the_measurements() -> None:
    world = World(lambda request: 0.2 if adjoint(request) and measured(request, "PurityMP") else 0.0)
    diagnosis = found(world, symptoms(world, of_wire("PurityMP"), apart=(0, 1)))
    assert (diagnosis.code, diagnosis.confidence) == ("QD307", "confirmed")


def test_a_gap_that_only_statistics_of_outcomes_midway_have_is_theirs_and_no_operations_rule() -> None:
    outcome = Node("ExpectationMP", (MeasuredOutcome((0,), (0.0, 1.0)),), (("wires", Wires((0,))),), (0,))
    asked = of(*TWO.operations, measurement=outcome)

    def of_outcomes(request: Request) -> bool:
        return isinstance(request.circuit.measurements[0].data[0], MeasuredOutcome)

    world = World(lambda request: 0.2 if adjoint(request) and tracked(request) and of_outcomes(request) else 0.0)
    diagnosis = found(world, symptoms(world, asked, apart=(0,), blamed=FIRST))
    assert (diagnosis.code, diagnosis.confidence) == ("QD307", "confirmed")
    assert "midway" in diagnosis.because
    assert "QD301" in diagnosis.ruled_out


def test_postselection_and_what_is_measured_of_it_are_taken_away_together() -> None:
    outcome = Node("ExpectationMP", (MeasuredOutcome((0,), (0.0, 1.0)),), (("wires", Wires((0,))),), (0,))
    midway = Node("MidMeasureMP", (), (("postselect", 1),), (0,))
    asked = of(*TWO.operations, midway, measurement=outcome)

    def uncovered(request: Request) -> bool:
        kept = any(part == ("postselect", 1) for part in request.circuit.operations[-1].metadata or ())
        return kept or isinstance(request.circuit.measurements[0].data[0], MeasuredOutcome)

    world = World(lambda request: 0.2 if adjoint(request) and tracked(request) and uncovered(request) else 0.0)
    diagnosis = found(world, symptoms(world, asked, apart=(0,), blamed=FIRST))
    assert (diagnosis.code, "QD301" in diagnosis.ruled_out) == ("QD307", True)


def test_a_gap_that_expectation_values_have_too_is_not() -> None:
    world = World(lambda request: 0.2 if adjoint(request) else 0.0)
    assert "QD307" in found(world, symptoms(world, of_wire("PurityMP"), apart=(0, 1))).ruled_out


def test_an_entropy_that_is_right_away_from_the_point_and_an_expectation_value_at_it_are_a_degenerate_state() -> None:
    world = World(
        lambda request: 0.2 if adjoint(request) and at_the_point(request, 0.1) and measured(request, "VnEntropyMP") else 0.0
    )
    diagnosis = found(world, symptoms(world, of_wire("VnEntropyMP"), apart=(0,)))
    assert (diagnosis.code, diagnosis.confidence) == ("QD308", "confirmed")


def test_nan_of_an_entropy_is_a_degenerate_state_too() -> None:
    world = World(
        lambda request: float("nan") if adjoint(request) and at_the_point(request, 1e-4) and measured(request, "VnEntropyMP") else 0.0
    )
    seen = no_number(world)
    seen = replace(seen, question=replace(seen.question, circuit=of_wire("VnEntropyMP")))
    diagnosis = found(world, seen)
    assert (diagnosis.code, diagnosis.confidence) == ("QD308", "confirmed")
    assert "QD306" in diagnosis.ruled_out


def test_what_an_expectation_value_shows_as_well_is_the_operations() -> None:
    world = World(lambda request: 0.2 if adjoint(request) and at_the_point(request, 1e-4) else 0.0)
    diagnosis = found(world, symptoms(world, of_wire("VnEntropyMP"), apart=(0,)))
    assert diagnosis.code == "QD309"
    assert "QD308" in diagnosis.ruled_out


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
    world = World(lambda request: 0.2 if by_hadamard(request) and tracked(request) else 0.0)
    diagnosis = found(world, symptoms(world, TWO, TESTED, apart=(0,), blamed=FIRST))
    assert (diagnosis.code, diagnosis.confidence) == ("QD301", "confirmed")
    assert "QD311" in diagnosis.ruled_out

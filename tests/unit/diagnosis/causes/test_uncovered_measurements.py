"""QD307: a gap that goes with what is measured."""

from __future__ import annotations

from qdiag.model.evaluation import Request
from qdiag.model.node import MeasuredOutcome, Node, Wires
from tests.worlds.symptoms import FIRST, TWO, World, adjoint, found, measured, of, of_wire, symptoms, tracked


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


def test_a_variance_of_qutrits_or_modes_becomes_the_expectation_value_of_the_same() -> None:
    observable = Node("GellMann", (), (Wires((0,)), (("index", 3),)), (0,))
    asked = of(*TWO.operations, measurement=Node("VarianceMP", (observable, None), (("wires", None),), (0,)))
    world = World(lambda request: 0.2 if adjoint(request) and tracked(request) and measured(request, "VarianceMP") else 0.0)
    diagnosis = found(world, symptoms(world, asked, apart=(0,), blamed=FIRST))
    assert (diagnosis.code, diagnosis.confidence) == ("QD307", "confirmed")
    assert "expectation values instead of the variances" in [evidence.experiment for evidence in diagnosis.evidence]

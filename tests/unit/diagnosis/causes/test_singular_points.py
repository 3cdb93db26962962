"""QD306, QD308, QD309, QD310: what is gone near the point, and what is not."""

from __future__ import annotations

from dataclasses import replace

from qdiag.model.evaluation import Request
from qdiag.model.node import Node
from tests.worlds.symptoms import PAIR, TWO, World, adjoint, at_the_point, found, measured, no_number, of, of_wire, symptoms


def test_nan_that_is_gone_nearby_is_the_points() -> None:
    world = World(lambda request: float("nan") if adjoint(request) and at_the_point(request, 1e-4) else 0.0)
    diagnosis = found(world, no_number(world))
    assert (diagnosis.code, diagnosis.confidence) == ("QD306", "confirmed")


def test_another_method_is_recommended_where_one_is_right_at_the_point_and_that_one() -> None:
    world = World(lambda request: float("nan") if adjoint(request) and at_the_point(request, 1e-4) else 0.0)
    seen = no_number(world)
    assert found(world, seen).remedy.endswith('off the point by a little, or use diff_method="backprop" on default.qubit')
    nobody = replace(seen, divergence=replace(seen.divergence, wrong=PAIR))
    assert found(world, nobody).remedy.endswith("off the point by a little")
    decomposed = World(lambda request: 0.2 if adjoint(request) and at_the_point(request, 1e-4) else 0.0)
    remedy = found(decomposed, symptoms(decomposed, TWO, apart=(0,))).remedy
    assert remedy == 'start off the point (an initial angle that is not zero), or use diff_method="backprop" on default.qubit'


def test_nan_where_what_is_postselected_never_happens_is_put_down_to_that_and_to_no_formula() -> None:
    midway = Node("MidMeasureMP", (), (("postselect", 1),), (0,))

    def said(never: bool) -> str:
        world = World(
            lambda request: float("nan") if adjoint(request) and at_the_point(request, 1e-4) else 0.0,
            facts={"selects_nothing": lambda circuit, trusted: never},
        )
        seen = no_number(world)
        selected = replace(seen.question, circuit=of(*TWO.operations, midway))
        return found(world, replace(seen, question=selected, evaluator=world)).because

    assert "never happens" in said(True)
    assert "decomposition" in said(False)


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


# --- QD308: a degenerate state -----------------------------------------------------


def test_an_entropy_that_is_right_away_from_the_point_and_an_expectation_value_at_it_are_a_degenerate_state() -> None:
    world = World(lambda request: 0.2 if adjoint(request) and at_the_point(request, 0.1) and measured(request, "VnEntropyMP") else 0.0)
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

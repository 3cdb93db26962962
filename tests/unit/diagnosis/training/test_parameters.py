"""What became of each parameter, and where its way to the loss is broken."""

from __future__ import annotations

from dataclasses import replace

from qdiag.diagnosis.training.parameters import Edge, broken_edge, stories
from qdiag.model.training import ArgumentOrigin, Gradient, Leaf, ParameterStep
from tests.worlds.recorded_trainings import Told, leaf, none, some


def test_a_parameter_is_starved_by_steps_without_a_gradient_and_by_no_single_one() -> None:
    told = Told()
    told.optimiser(leaf(0), leaf(1), leaf(2), leaf(3))
    zero = ParameterStep(2, Gradient.ZERO)
    told.step(none(0), none(1), zero)
    told.step(none(0), some(1), zero, number=1)
    found = {story.leaf.token: (story.starved, story.unreached) for story in stories(told.history().training)}
    assert found == {0: (True, True), 1: (False, False), 2: (True, False), 3: (False, False)}


def test_one_that_was_frozen_at_any_time_has_no_story() -> None:
    told = Told()
    told.optimiser(leaf(0, requires_grad=False), leaf(1))
    told.optimiser(leaf(0), leaf(1))
    assert [story.leaf.token for story in stories(told.history().training)] == [1]


def edge(told: Told, held: Leaf = leaf(0)) -> Edge:  # noqa: B008 - a value
    told.optimiser(held)
    history = told.history()
    (story,) = stories(history.training)
    return broken_edge(history, story)


def test_behind_a_qnode_that_it_goes_into() -> None:
    told = Told()
    told.calls_qnode(circuit=(0,))
    told.root(7)
    assert edge(told) is Edge.OUTPUT


def test_inside_of_a_quantum_function_whose_argument_it_is() -> None:
    told = Told()
    told.calls_qnode(arguments=(ArgumentOrigin("w", True, 0, (0,)),))
    assert edge(told) is Edge.INSIDE


def test_where_another_tensor_of_its_shape_stands_at_every_loss() -> None:
    told = Told()
    told.fact("leaf", leaf(5))
    told.root(5)
    assert edge(told) is Edge.REPLACED
    told.root(6)
    assert edge(told) is Edge.BEFORE


def test_a_copy_in_another_precision_stands_in_its_place_and_other_numbers_do_not() -> None:
    told = Told()
    told.fact("leaf", replace(leaf(5, "", 0.1, 0.2), dtype="float32"))
    told.root(5)
    assert edge(told, leaf(0, "w", 0.1, 0.2)) is Edge.REPLACED
    assert edge(told, leaf(0, "w", 0.1, 0.3)) is Edge.BEFORE
    assert edge(told) is Edge.BEFORE, "of unknown numbers"


def test_nowhere_as_long_as_a_loss_leads_to_it() -> None:
    told = Told()
    told.root(0)
    assert edge(told) is Edge.UNKNOWN

"""QD804, QD801: what is trained goes into a QNode, and from no loss leads a way back to it."""

from __future__ import annotations

from qdiag.diagnosis.training.graphless_output import remarks
from qdiag.model.training import ArgumentOrigin
from tests.worlds.recorded_trainings import LOSS, Told, argument, leaf, none


def training(outputs: bool = False, reached: bool = False, grad_enabled: bool = True, measured: str = "SampleMP") -> Told:
    told = Told()
    told.optimiser(leaf(0, "weights"), leaf(1))
    for number in range(2):
        index = told.calls_qnode(circuit=(0,), outputs=(outputs,), grad_enabled=grad_enabled, measured=measured)
        told.root(1, calls=(index,) if reached else ())
        told.step(none(0), number=number)
    return told


def test_an_output_without_a_graph_is_named_by_what_is_measured() -> None:
    (found,) = remarks(training().history())
    assert found.diagnosis.code == "QD804"
    assert "what circuit gives has no graph (sample): no backward pass reaches it" in found.diagnosis.because
    assert "no gradient ever reaches weights" in found.diagnosis.because


def test_an_output_that_is_taken_out_of_its_graph() -> None:
    (found,) = remarks(training(outputs=True, measured="ExpectationMP").history())
    assert "has a graph, and is taken out of it" in found.diagnosis.because
    assert found.diagnosis.code == "QD801", "the output could be differentiated: it is the script that cuts it off"


def test_is_not_said_of_evaluations_nor_where_a_pass_came_by() -> None:
    assert not list(remarks(training(grad_enabled=False).history()))
    assert not list(remarks(training(reached=True).history()))


def test_a_loss_without_a_graph_that_torch_refuses() -> None:
    told = Told()
    told.calls_qnode(circuit=(0,), outputs=(False,))
    told.root(tracked=False, failure="RuntimeError: element 0 of tensors does not require grad")
    (found,) = remarks(told.history())
    assert found.places[-1] == LOSS


def test_what_pennylanes_optimiser_gives_back_unchanged() -> None:
    told = Told()
    for number in range(2):
        told.calls_qnode(arguments=(ArgumentOrigin("w", True),), outputs=(False,), measured="CountsMP")
        told.pennylane_step(argument("weights", "a", "a"), argument("x", "b", "b", trainable=False), number=number)
    (found,) = remarks(told.history())
    assert found.diagnosis.because == "what circuit gives has no graph (counts): every step gives weights back unchanged"

"""QD804, QD801: what is trained goes into a QNode, and from no loss leads a way back to it."""

from __future__ import annotations

import pytest

from qdiag.diagnosis.training.graphless_output import remarks
from qdiag.model.comparison import Verdict
from qdiag.model.findings import Confidence
from qdiag.model.step_probe import LARGE, SMALL, Moved, Outcome, StepProbe
from qdiag.model.training import ArgumentOrigin
from tests.worlds.recorded_trainings import LOSS, Told, argument, leaf, none, some


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


def test_where_no_backward_pass_is_made_nothing_is_taken_out_of_a_graph() -> None:
    told = Told()
    told.optimiser(leaf(0, "weights"))
    for number in range(2):
        told.calls_qnode(circuit=(0,), outputs=(True,), measured="ExpectationMP")
        told.step(none(0), number=number)
    (found,) = remarks(told.history())
    assert found.diagnosis.because.startswith("no backward pass is ever made: no gradient ever reaches weights")
    assert found.diagnosis.code == "QD801"
    assert "closure" in found.diagnosis.remedy


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


def penalised(slope: float = 0.5, reached: bool = False) -> StepProbe:
    outcomes = tuple(Outcome(by, loss=2.0 + slope * by) for by in (0.0, SMALL, -SMALL, LARGE, -LARGE))
    return StepProbe(1, 1, Moved.OUTPUTS, "circuit", outcomes=(*outcomes, Outcome(loss=2.0, reached=reached)), own=2.0)


def weight_decay() -> Told:
    """Weights that go into a circuit from which nothing leads to the loss, and get a gradient by their own size."""
    told = Told()
    told.optimiser(leaf(0, "weights"))
    for number in range(2):
        told.calls_qnode(circuit=(0,), outputs=(True,), measured="ExpectationMP")
        told.root(0)
        told.step(some(0), number=number)
    return told


def test_weights_whose_only_gradient_comes_past_the_circuit() -> None:
    (found,) = remarks(weight_decay().history(None, [penalised()]))
    assert (found.diagnosis.code, found.diagnosis.confidence, found.calls) == ("QD801", Confidence.LIKELY, (0, 1))
    assert "what gradient weights gets comes by another way" in found.diagnosis.because
    assert "own loss follows what circuit gives (slope 0.5)" in found.diagnosis.because


@pytest.mark.parametrize("probes", [[], [penalised(0.0)], [penalised(reached=True)]], ids=["no copy", "for a log", "it leads there"])
def test_nothing_is_said_of_them_where_no_copy_has_shown_that_the_loss_follows(probes: list[StepProbe]) -> None:
    assert not list(remarks(weight_decay().history(None, probes)))


# --- beside QNodes that learn ------------------------------------------------------------------------------------------------


def attention(*, key_learns: bool = False) -> Told:
    """Two parameters, each in calls of its own, of which the losses lead to the first, and to the second where that learns, too."""
    told = Told()
    told.optimiser(leaf(0, "query"), leaf(1, "key"))
    for number in range(2):
        query, key = (told.calls_qnode(circuit=(token,), outputs=(True,), measured="ExpectationMP") for token in (0, 1))
        told.root(*((0, 1) if key_learns else (0,)), calls=(query, key) if key_learns else (query,))
        told.step(some(0), some(1) if key_learns else none(1), number=number)
    return told


def moved(slope: float) -> StepProbe:
    outcomes = tuple(Outcome(by, loss=2.0 + slope * by) for by in (0.0, SMALL, -SMALL, LARGE, -LARGE))
    return StepProbe(2, 2, Moved.PARAMETER, "", outcomes=outcomes, own=2.0, token=1)


def test_a_qnode_that_is_cut_off_beside_others_is_named_where_the_loss_was_seen_to_follow_it() -> None:
    (found,) = remarks(attention().history(None, [moved(0.5)]))
    assert "at those calls that key goes into: no gradient ever reaches it" in found.diagnosis.because
    assert "loss follows key (slope 0.5" in found.diagnosis.because
    assert (found.diagnosis.code, found.calls) == ("QD801", (1, 3))
    # a key may be kept as it is on purpose
    assert (found.verdict, found.diagnosis.confidence) == (Verdict.REMARK, Confidence.LIKELY)


@pytest.mark.parametrize("probes", [[], [moved(0.0)]], ids=["no copy", "a copy whose loss does not follow it"])
def test_nothing_is_said_of_it_where_no_copy_has_shown_that(probes: list[StepProbe]) -> None:
    assert not list(remarks(attention().history(None, probes)))


def test_nor_where_it_learns() -> None:
    assert not list(remarks(attention(key_learns=True).history(None, [moved(0.5)])))


def test_a_gradient_that_was_given_back_and_became_numbers_leads_nowhere() -> None:
    told = Told()
    told.optimiser(leaf(0, "fast"), leaf(1, "slow"))
    for number in range(2):
        inner, outer = (told.calls_qnode(circuit=(token,), outputs=(True,), measured="ExpectationMP") for token in (1, 0))
        told.root(1, calls=(inner,), accumulates=False)
        told.root(0, calls=(outer,))
        told.step(some(0), none(1), number=number)
    (found,) = remarks(told.history(None, [moved(0.5)]))
    assert "that slow goes into" in found.diagnosis.because
    assert found.calls == (0, 2)

"""QD806: what is said of axes that do not fit, from shapes and one experiment each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Optional

import numpy as np
import pytest

from qdiag.diagnosis.training.axes import LAYER_REMEDY, LOSS_REMEDY, remarks
from qdiag.evaluation import remote
from qdiag.model.call import Argument, Call, Event, SourceLine
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.findings import Confidence
from qdiag.model.loss_axes import LossAxes
from qdiag.model.probe import Probe, ProbedRows, ProbedVectors
from qdiag.model.remarks import Remark
from qdiag.model.training import ArgumentOrigin, CallOrigins, Leaf, Optimiser
from qdiag.trace import call_text
from tests.worlds.evaluators import FakeEvaluator
from tests.worlds.histories import history
from tests.worlds.results import call
from tests.worlds.small_circuits import circuit, gate

LINE = SourceLine("train.py", 60, "train")


class Layers(FakeEvaluator):
    """A TorchLayer that puts the results of a tuple first, or has learned not to."""

    def __init__(self, learned: bool = False) -> None:
        self.learned = learned

    def answer(self, function: Callable[..., Any], *arguments: Any) -> Any:
        assert function is remote.layer_axes
        returns, results, rows = arguments
        return (results, rows, 1) if returns == "tuple" and not self.learned else (rows, results)


def batched(index: int = 0, returns: str = "tuple", layer: str = "TorchLayer", rows: int = 6, results: int = 2) -> Call:
    made = call(replace(circuit(gate("RX", 0.3, wires=(0,))), returns=returns), index)
    return replace(
        made,
        configuration=replace(made.configuration, layer=layer),
        arguments=(Argument("inputs", "torch", "float32", (rows, 3), False),),
        outputs=tuple(np.zeros(rows) for _ in range(results)),
    )


Means = tuple[Optional[float], Optional[float]]


def loss(prediction: tuple[int, ...], difference: tuple[int, ...], means: Means = (None, None), after: int = 1) -> Event:
    return Event("loss axes", after, call_text.text_of(LossAxes("SubBackward0", prediction, difference, LINE, *means)))


def said(*arguments: Any, **facts: Any) -> list[Remark]:
    return list(remarks(history(*arguments, **facts)))


def test_a_layer_that_hands_on_results_before_rows_is_remarked_once_with_all_its_calls() -> None:
    (remark,) = said([batched(0), batched(1)], evaluator=Layers())
    assert (remark.verdict, remark.where, remark.diagnosis.code) == (Verdict.REMARK, Signature.SHAPE, "QD806")
    assert "(2, 6, 1) for a batch of 6 rows" in remark.diagnosis.because
    assert "a list gives (6, 2)" in remark.diagnosis.because
    assert remark.diagnosis.remedy == LAYER_REMEDY
    assert (remark.calls, remark.diagnosis.confidence) == ((0, 1), Confidence.CONFIRMED)


@pytest.mark.parametrize(
    ("given", "layers"),
    [
        (batched(returns="list"), Layers()),
        (batched(layer=""), Layers()),
        (batched(results=1), Layers()),
        (batched(), Layers(learned=True)),
        (replace(batched(), arguments=(Argument("inputs", "torch", "float32", (3,), False),)), Layers()),
        (batched(), FakeEvaluator()),
    ],
    ids=["a list", "no layer", "one result", "a layer that has learned", "one row", "nobody to ask"],
)
def test_a_layer_whose_rows_come_first_is_not(given: Call, layers: FakeEvaluator) -> None:
    assert said([given], evaluator=layers) == []


def test_the_loss_that_broadcasts_a_layers_axes_is_told_with_the_layer() -> None:
    (remark,) = said([batched()], [loss((2, 6, 1), (2, 6, 2))], evaluator=Layers())
    assert "the loss at train.py:60 broadcast that to (2, 6, 2)" in remark.diagnosis.because
    assert remark.places[-1] == LINE


def test_a_vector_for_an_angle_is_remarked_with_operation_and_argument() -> None:
    probe = Probe(1, vectors=ProbedVectors(3, "Rot", ("0",), "params", (2, 3)))
    (remark,) = said([call(circuit(), 0), call(circuit(), 1)], probes=[probe, probe])
    assert remark.verdict is Verdict.REMARK
    assert "3 circuits: Rot on wire 0 was given 3 numbers for one angle" in remark.diagnosis.because
    assert "params, of shape (2, 3)" in remark.diagnosis.because
    assert remark.calls == (0, 1)


def trains(*tokens: int) -> Event:
    optimiser = Optimiser(0, "SGD", LINE, tuple(Leaf(token, (3,), "float64") for token in tokens))
    return Event("optimiser", 0, call_text.text_of(optimiser))


def is_fed(*arguments: ArgumentOrigin, call: int = 0) -> Event:
    return Event("origins", 1, call_text.text_of(CallOrigins(call, True, arguments)), call)


VECTORS = Probe(0, vectors=ProbedVectors(40, "RX", ("0",), "x", (40,)))
POINTS, WEIGHTS = ArgumentOrigin("x", True, 7, (7,)), ArgumentOrigin("w", True, 8, (8,))


@pytest.mark.parametrize(
    ("events", "confidence"),
    [
        ([trains(7), is_fed(POINTS, WEIGHTS)], Confidence.CONFIRMED),
        ([is_fed(POINTS, WEIGHTS)], Confidence.LIKELY),
        ([trains(7), is_fed(POINTS, WEIGHTS, call=1)], Confidence.LIKELY),
        ([trains(8), is_fed(ArgumentOrigin("x", True, None, (5, 8)))], Confidence.CONFIRMED),
    ],
    ids=["an optimiser holds it", "no optimiser", "what it comes from was not seen", "made of what an optimiser holds"],
)
def test_a_vector_is_known_to_be_no_batch_where_an_optimiser_holds_it(events: list[Event], confidence: Confidence) -> None:
    (remark,) = said([call(circuit())], events, probes=[VECTORS])
    assert remark.diagnosis.confidence is confidence
    assert ("If it is trained" in remark.diagnosis.because) is (confidence is Confidence.LIKELY)


def test_points_that_a_loss_is_differentiated_by_and_no_optimiser_holds_are_a_batch() -> None:
    assert said([call(circuit())], [trains(8), is_fed(POINTS, WEIGHTS)], probes=[VECTORS]) == []


@pytest.mark.parametrize(("held", "remarks"), [(8, 0), (7, 1)], ids=["no optimiser held it", "an optimiser held it"])
def test_what_was_data_at_the_calls_that_were_looked_at_is_data_at_the_one_that_was_not(held: int, remarks: int) -> None:
    asked = replace(VECTORS, call=1)
    assert len(said([call(circuit(), 0), call(circuit(), 1)], [trains(held), is_fed(POINTS, WEIGHTS)], probes=[asked])) == remarks


def test_a_loss_over_all_pairs_is_an_error_where_over_rows_it_is_another() -> None:
    (remark,) = said([call(circuit())], [Event("step", 0), loss((8, 1), (8, 8), (0.5, 0.25))])
    assert (remark.verdict, remark.step, remark.places) == (Verdict.ERROR, 1, (LINE,))
    assert remark.diagnosis.remedy == LOSS_REMEDY
    (tried,) = remark.diagnosis.evidence
    assert (tried.before, tried.after, tried.holds) == (0.5, 0.25, True)


@pytest.mark.parametrize(
    ("means", "said_of_them"),
    [
        ((0.5, 0.25), "is 0.5, that of the 8 rows with their own targets 0.25"),
        ((1.187640, 1.187642), "is 1.18764, that of the 8 rows with their own targets 1.187642"),
    ],
)
def test_its_two_means_have_digits_enough_to_differ(means: Means, said_of_them: str) -> None:
    (remark,) = said([call(circuit())], [loss((8, 1), (8, 8), means)])
    assert remark.diagnosis.because.endswith(said_of_them)


@pytest.mark.parametrize("means", [(None, None), (0.5, 0.5)], ids=["not square", "the same mean"])
def test_a_loss_that_would_be_the_same_or_cannot_be_mended_is_a_remark(means: Means) -> None:
    (remark,) = said([call(circuit())], [loss((8, 1), (8, 8), means)])
    assert (remark.verdict, remark.diagnosis.confidence) == (Verdict.REMARK, Confidence.LIKELY)


def test_each_line_is_told_once_and_torchs_own_words_with_it() -> None:
    words = "UserWarning: Using a target size (torch.Size([8])) that is different to the input size (torch.Size([8, 1]))."
    told = [Event("warning", 0, words), loss((8, 1), (8, 8)), loss((8, 1), (8, 8), after=2), Event("warning", 0, "another")]
    (remark,) = said([call(circuit())], told)
    assert remark.warnings == (words,)


def test_what_mixed_rows_do_to_a_loss_is_left_to_their_own_finding() -> None:
    mixed = Probe(0, rows=4, mixing=0.1, batch=ProbedRows("x", (4, 2), 2))
    assert said([call(circuit())], [loss((2,), (4, 2))], probes=[mixed]) == []
    assert len(said([call(circuit())], [loss((2,), (4, 2))], probes=[replace(mixed, mixing=None)])) == 1

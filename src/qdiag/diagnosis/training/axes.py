"""Axes between data, circuit and loss: where one stands for another, every number is right for what is written, not for what is meant.

Three kinds, each from shapes that were recorded and one experiment. A layer whose quantum function returns a tuple hands on its results
before its rows; the same layer with a list does not. A vector was given for an angle, and each of the circuits that ran has trained
numbers of its own. A loss compares each prediction with the targets of all other rows; compared with its own it would be another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Optional

import numpy as np

from qdiag.diagnosis.causes.around_the_qnode import AXES
from qdiag.diagnosis.training.history import History
from qdiag.evaluation import remote
from qdiag.evaluation.answers import answer_of
from qdiag.model.call import Call, Event
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.findings import Confidence, Diagnosis, Evidence, Outcome
from qdiag.model.loss_axes import LossAxes
from qdiag.model.probe import ProbedVectors
from qdiag.model.remarks import Remark
from qdiag.trace import call_parser

LAYER_REMEDY = "return a list of the measurements, not a tuple: return [qml.expval(...), qml.expval(...)]"

VECTOR_REMEDY = "give each angle one number: index the vector, or use qml.AngleEmbedding for a vector over several wires"

LOSS_REMEDY = "bring prediction and target to one shape before they are compared: target.reshape(prediction.shape)"

KNOWN_LAYER_ISSUE = "https://github.com/PennyLaneAI/pennylane/pull/9284"

DIFFERENT = 1e-9
"""Relative: two means of a loss no further apart than this are one, and nothing is lost by its axes."""


def remarks(history: History) -> Iterator[Remark]:
    """What is amiss between the axes of data, circuits and losses.

    Parameters
    ----------
    history
        The training.
    """
    losses = [*_losses(history)]
    layers = [*_layers(history)]
    for layer in layers:
        yield _of_layer(layer, [loss for loss in losses if loss.axes.prediction == layer.shape])
    yield from _vectors(history)
    if not any(probe.batch is not None and probe.mixing for probe in history.recording.probes):
        known = {layer.shape for layer in layers}
        yield from (_of_loss(history, loss) for loss in _first_at_each_line(losses) if loss.axes.prediction not in known)


# --- layers ---------------------------------------------------------------------------------------------------------------


class _Layer(NamedTuple):
    call: Call
    calls: tuple[int, ...]
    rows: int
    shape: tuple[int, ...]
    as_list: tuple[int, ...]


def _layers(history: History) -> Iterator[_Layer]:
    """Layers that hand on results of a batch before its rows, one for each QNode."""
    seen: set[str] = set()
    for index in history.recording.first_of_each_structure():
        call = history.recording.call(index)
        rows = _rows_of_layer(call)
        if not rows or call.configuration.qnode in seen or call.circuit.returns != "tuple" or not call.outputs:
            continue
        widths = {int(np.prod(output.shape[1:])) for output in call.outputs if output.shape[:1] == (rows,)}
        results = len(call.outputs)
        if results < 2 or len(widths) != 1 or any(output.shape[:1] != (rows,) for output in call.outputs):
            continue
        seen.add(call.configuration.qnode)
        shape = answer_of(history.evaluator.call(remote.layer_axes, "tuple", results, rows), (), "the axes of a layer")
        as_list = answer_of(history.evaluator.call(remote.layer_axes, "list", results, rows), (), "the axes of a layer")
        if len(shape) == 3 and shape[:2] == (results, rows) and as_list[:1] == (rows,):
            width = widths.pop()
            yield _Layer(call, _calls_alike(history, call), rows, (results, rows, width), (rows, results * width))


def _rows_of_layer(call: Call) -> int:
    """The rows of the batch that a layer passed to its QNode, 0 where it passed none."""
    given = call.arguments[0].shape if call.configuration.layer and call.arguments else ()
    return given[0] if len(given) == 2 else 0


def _calls_alike(history: History, first: Call) -> tuple[int, ...]:
    """The calls of the same QNode that passed a batch, too."""
    calls = history.recording.calls()
    return tuple(call.index for call in calls if call.configuration == first.configuration and _rows_of_layer(call))


def _of_layer(layer: _Layer, losses: Sequence[_Loss]) -> Remark:
    name = layer.call.configuration.layer
    because = (
        f"{name} handed on {layer.shape} for a batch of {layer.rows} rows, since its quantum function returns a tuple: "
        f"results come before rows; a list gives {layer.as_list} ({KNOWN_LAYER_ISSUE})"
    )
    for loss in losses[:1]:
        because += f"; the loss at {loss.axes.source} broadcast that to {loss.axes.difference} without a word"
    tried = Evidence("a layer whose quantum function returns a list", None, None, Outcome.HEALS, True, str(layer.as_list))
    return Remark(
        Verdict.REMARK,
        Signature.SHAPE,
        AXES.diagnosis(Confidence.CONFIRMED, because, remedy=LAYER_REMEDY, evidence=(tried,)),
        call=layer.call,
        calls=layer.calls,
        step=layer.call.step,
        places=(layer.call.source, layer.call.configuration.source, *(loss.axes.source for loss in losses[:1])),
        qnodes=(layer.call.configuration.qnode,),
    )


# --- vectors for angles ---------------------------------------------------------------------------------------------------


def _vectors(history: History) -> Iterator[Remark]:
    seen: set[str] = set()
    for probe in history.recording.probes:
        call = history.recording.call(probe.call)
        if probe.vectors is None or call.configuration.qnode in seen:
            continue
        trained = _is_trained(history, call, probe.vectors.argument)
        if trained is not False:
            seen.add(call.configuration.qnode)
            yield _of_vectors(history, call, probe.vectors, trained=bool(trained))


def _is_trained(history: History, call: Call, argument: str) -> Optional[bool]:
    """Whether an optimiser holds what an argument comes from; None where none was seen, or not what it comes from.

    What is differentiated by and held by no optimiser is data, as the points at which a differential equation is to hold: each row of
    such a batch has numbers of its own. Where nobody looked at this call, it is data if it was so at every call of the QNode that was.
    """
    held = {leaf.token for seen in history.training.optimisers for leaf in seen.fact.parameters}
    behind = {
        seen.fact.call: {token for one in seen.fact.arguments if one.name == argument for token in one.leaves}
        for seen in history.training.origins
    }
    if call.index not in behind:
        alike = {one.index for one in history.recording.calls() if one.configuration.qnode == call.configuration.qnode}
        others = [tokens for index, tokens in behind.items() if index in alike and tokens]
        return False if held and others and not any(held & tokens for tokens in others) else None
    return bool(held & behind[call.index]) if held and behind[call.index] else None


def _of_vectors(history: History, call: Call, seen: ProbedVectors, *, trained: bool) -> Remark:
    wires = f"wire{'s' * (len(seen.wires) > 1)} {', '.join(seen.wires)}"
    no_batch = "They are no rows" if trained else "If it is trained, they are no rows"
    because = (
        f"each call ran {seen.circuits} circuits: {seen.operation} on {wires} was given {seen.circuits} numbers for one angle, so that "
        f"there are {seen.circuits} results where one is returned. {no_batch} of a batch: numbers of {seen.argument}, of shape "
        f"{seen.shape}, go into one of the circuits only"
    )
    tried = Evidence(f"one number of {seen.argument} moved", None, None, Outcome.MOVES, True, f"one of {seen.circuits} circuits")
    calls = tuple(other.index for other in history.recording.calls() if other.configuration.qnode == call.configuration.qnode)
    return Remark(
        Verdict.REMARK,
        Signature.SHAPE,
        AXES.diagnosis(Confidence.CONFIRMED if trained else Confidence.LIKELY, because, remedy=VECTOR_REMEDY, evidence=(tried,)),
        call=call,
        calls=calls,
        step=call.step,
        places=(call.source, call.configuration.source),
        qnodes=(call.configuration.qnode,),
    )


# --- losses ---------------------------------------------------------------------------------------------------------------


class _Loss(NamedTuple):
    axes: LossAxes
    after: int
    step: int


def _losses(history: History) -> Iterator[_Loss]:
    step = 0
    for event in history.recording.events:
        step += event.kind == "step"
        if event.kind == "loss axes":
            yield _Loss(call_parser.value_from(LossAxes, event.text), event.after, step)


def _first_at_each_line(losses: Sequence[_Loss]) -> list[_Loss]:
    return list({loss.axes.source: loss for loss in reversed(losses)}.values())[::-1]


def _of_loss(history: History, loss: _Loss) -> Remark:
    call = history.recording.call(loss.after - 1) if 0 < loss.after <= len(history.recording) else None
    diagnosis, proven = _diagnosis_of_loss(loss.axes)
    return Remark(
        Verdict.ERROR if proven else Verdict.REMARK,
        Signature.SHAPE,
        diagnosis,
        call=call,
        calls=() if call is None else (call.index,),
        step=loss.step,
        places=(loss.axes.source,),
        qnodes=() if call is None else (call.configuration.qnode,),
        warnings=tuple(event.text for event in history.recording.events if _names_the_sizes(event, loss.axes)),
    )


def _diagnosis_of_loss(axes: LossAxes) -> tuple[Diagnosis, bool]:
    """What is to be said of a loss, and whether the loss with the axes mended is another."""
    elements = int(np.prod(axes.difference))
    because = (
        f"the loss compares predictions of shape {axes.prediction} with targets of other axes: their difference has the shape "
        f"{axes.difference}, {elements} numbers, each prediction with targets that are not its own"
    )
    if axes.over_all is None or axes.over_rows is None:
        return AXES.diagnosis(Confidence.LIKELY, because, remedy=LOSS_REMEDY), False
    kind = "squares" if axes.squared else "absolute values"
    over_all, over_rows = _told_apart(axes.over_all, axes.over_rows)
    because += f"; the mean of their {kind} is {over_all}, that of the {axes.difference[0]} rows with their own targets {over_rows}"
    apart = abs(axes.over_all - axes.over_rows)
    proven = apart > DIFFERENT * max(abs(axes.over_all), abs(axes.over_rows))
    tried = Evidence("each row with its own target", axes.over_all, axes.over_rows, Outcome.MOVES, proven, f"mean of {kind}")
    confidence = Confidence.CONFIRMED if proven else Confidence.LIKELY
    return AXES.diagnosis(confidence, because, remedy=LOSS_REMEDY, evidence=(tried,)), proven


def _told_apart(one: float, other: float) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to see that they differ, if they do."""
    digits = next((digits for digits in range(6, 17) if f"{one:.{digits}g}" != f"{other:.{digits}g}"), 6)
    return f"{one:.{digits}g}", f"{other:.{digits}g}"


def _names_the_sizes(event: Event, axes: LossAxes) -> bool:
    """Whether an event is torch's own warning about a target of another size than this prediction."""
    shown = event.kind in ("shown", "warning", "backward warning")
    return shown and "target size" in event.text and str(list(axes.prediction)) in event.text

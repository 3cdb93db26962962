"""QD805: a layer whose weights get a gradient at every step, and which no optimiser holds: nobody moves them.

A module that stands in a plain list or dictionary of another one is no part of it, and ``model.parameters()`` does not have it. Weights
of layers alone are looked at: what else a loss is differentiated by and nobody steps may be data, as the points of a differential
equation. Whoever steps them by hand moves them, which the circuits show. What stands in the place of other tensors that an optimiser
holds is told of by `other_tensors`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from qdiag.diagnosis.causes.around_the_qnode import OTHER_TENSORS
from qdiag.diagnosis.training import other_tensors
from qdiag.diagnosis.training.history import History
from qdiag.diagnosis.training.parameters import LEAST_STEPS, accumulating_roots, training_calls
from qdiag.diagnosis.training.telling import listed, remark
from qdiag.model.call import Call
from qdiag.model.remarks import Remark
from qdiag.model.training import ArgumentOrigin, CallOrigins

REMEDY = (
    "make the layer an attribute of the module, or one of a torch.nn.ModuleList or ModuleDict, before the optimiser is made; "
    "requires_grad_(False) if it is to stay as it is"
)


class _Layer(NamedTuple):
    """A layer that nobody steps: its weights, by their tokens, and the calls of its QNode."""

    weights: dict[int, str]
    calls: list[int]


def remarks(history: History) -> Iterator[Remark]:
    """One of all layers that have such weights: what hides a layer, as a plain list or dictionary does, hides all that stand in it."""
    training = history.training
    held = {leaf.token for seen in training.optimisers for leaf in seen.fact.parameters}
    if not held or sum(taken for _, taken in training.taken) < LEAST_STEPS:
        return
    reached = [{*root.leaves} - held - other_tensors.told_of(history) for root in accumulating_roots(training)]
    lost: dict[str, dict[int, str]] = {}
    calls: dict[str, list[int]] = {}
    fixed: set[str] = set()
    for seen in training_calls(training):
        call = history.recording.call(seen.fact.call)
        for argument in _weights(call, seen.fact):
            if argument.token is not None and sum(argument.token in leaves for leaves in reached) >= LEAST_STEPS:
                lost.setdefault(call.configuration.qnode, {})[argument.token] = argument.name
                calls.setdefault(call.configuration.qnode, []).append(call.index)
                if not _input_leaves(call, seen.fact) & held:
                    fixed.add(call.configuration.qnode)
    layers: list[_Layer] = []
    for qnode, weights in lost.items():
        indices = sorted({*calls[qnode]})
        if _stay([history.recording.call(index) for index in indices], every=qnode in fixed):
            layers.append(_Layer(weights, indices))
    if layers:
        yield _told(history, layers)


def _weights(call: Call, origins: CallOrigins) -> list[ArgumentOrigin]:
    """The weights that a layer called its QNode with; its first argument is the layer's input."""
    if not call.configuration.layer or not call.arguments:
        return []
    return [one for one in origins.arguments if one.tracked and one.name != call.arguments[0].name]


def _input_leaves(call: Call, origins: CallOrigins) -> set[int]:
    return {token for one in origins.arguments if one.name == call.arguments[0].name for token in one.leaves}


def _stay(calls: Sequence[Call], *, every: bool) -> bool:
    """Whether some trainable number of a circuit is the same from first to last, as none is that is stepped, by whomever.

    ``every`` one has to be where the input may be the same at each call and tracked, since it is no optimiser that moves it.
    """
    first, last = calls[0].circuit, calls[-1].circuit
    if len(calls) < LEAST_STEPS or first.trainable != last.trainable or len(first.parameters) != len(last.parameters):
        return False
    same = [np.array_equal(first.parameters[k].value, last.parameters[k].value) for k in first.trainable]
    return bool(same) and (all(same) if every else any(same))


def _told(history: History, layers: Sequence[_Layer]) -> Remark:
    firsts = [history.recording.call(layer.calls[0]) for layer in layers]
    shapes = [f"{name} of shape {history.training.leaf(token).shape}" for layer in layers for token, name in layer.weights.items()]
    whose = listed([call.configuration.layer for call in firsts]) + (f" at {len(layers)} QNodes" if len(layers) > 1 else "")
    made = [seen.fact.source for seen in history.training.optimisers]
    because = (
        f"no optimiser holds {listed(shapes)} of {whose}, though each loss leads there: "
        "the numbers are the same at the end as at the beginning"
    )
    places = [*(call.source for call in firsts), *(call.configuration.source for call in firsts), *made]
    calls = sorted(index for layer in layers for index in layer.calls)
    return remark(history, OTHER_TENSORS, because, calls=calls, places=places, remedy=REMEDY)

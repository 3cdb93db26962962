"""QD803: QNodes are called with numbers that nothing follows, while an optimiser steps and gives back what it was given.

Where the script steps by hand, PennyLane itself says that it was asked for a gradient by nothing: what it gives back is an empty tuple.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, takewhile

import numpy as np

from qdiag.diagnosis.causes.around_the_qnode import UNTRACKED
from qdiag.diagnosis.training.history import History
from qdiag.diagnosis.training.landscape import angles_of, is_known, slopes_at
from qdiag.diagnosis.training.parameters import LEAST_STEPS, accumulating_roots, is_tracked, training_calls
from qdiag.diagnosis.training.telling import listed, qnodes_of, remark
from qdiag.model.call import Call
from qdiag.model.findings import Evidence, Outcome
from qdiag.model.remarks import Remark
from qdiag.model.training import CallOrigins, SteppedArgument
from qdiag.model.variants import with_trainable

FLAT = 1e-6
"""Derivatives up to this are none."""

_BY_NOTHING = "differentiate a function with no trainable parameters"
"""What PennyLane warns of in `grad` and `jacobian`."""


def remarks(history: History) -> Iterator[Remark]:
    """Of steps that gave everything back as it was, and of losses without a graph, where QNodes were called with plain numbers only."""
    calls = [seen.fact for seen in training_calls(history.training)]
    told: list[Remark] = []
    if calls and not any(is_tracked(call) for call in calls):
        told += _by_pennylane(history, calls)
        told += _by_torch(history, calls)
    yield from told or _by_hand(history, calls)


def _by_hand(history: History, calls: list[CallOrigins]) -> Iterator[Remark]:
    """A gradient of PennyLane's by nothing at all: the calls that it led to, as long as nothing is followed."""
    warned = [event.after for event in history.recording.events if event.kind == "shown" and _BY_NOTHING in event.text]
    if not warned or warned[0] >= len(history.recording):
        return
    since = [call for call in calls if call.call >= warned[0]]
    indices = [call.call for call in takewhile(lambda call: not is_tracked(call), since)]
    if not since and not history.recording.call(warned[0]).circuit.trainable:
        # of a long run not every call is looked at: there is the one that the gradient began with
        indices = [warned[0]]
    if indices:
        because = (
            "PennyLane is asked for a gradient, and nothing that the function gets is marked as trainable: it gives back an empty "
            f"tuple, and {listed(qnodes_of(history, indices))} is called with plain numbers"
        )
        yield remark(history, UNTRACKED, because, calls=indices, places=[history.recording.call(indices[0]).source])


def _by_pennylane(history: History, calls: list[CallOrigins]) -> Iterator[Remark]:
    steps = [seen.fact for seen in history.training.steps if seen.fact.arguments]
    arguments = [argument for step in steps for argument in step.arguments]
    if len(steps) < LEAST_STEPS or any(argument.moved is not False for argument in arguments):
        return
    names = listed([argument.name for argument in steps[0].arguments])
    if any(argument.trainable for argument in arguments):
        because = f"every step gives {names} back unchanged, and no QNode is called with anything that autograd follows"
    else:
        because = f"none of what the optimiser is given ({names}) is marked as trainable: every step gives it back unchanged"
    indices = [call.call for call in calls]
    places = [steps[0].source, *(history.recording.call(index).source for index in indices[:1])]
    slope = max((_slope(history, history.recording.call(indices[0]), argument) for argument in steps[0].arguments), default=0.0)
    proof = (Evidence("the circuit's numbers tracked", 0.0, slope, Outcome.MOVES, True, "largest derivative by them"),)
    if slope > FLAT:
        because += "; the same circuit with tracked numbers has a derivative by them"
    proved = slope > FLAT
    yield remark(history, UNTRACKED, because, calls=indices, places=places, evidence=proof if proved else (), proved=proved)


def _slope(history: History, call: Call, argument: SteppedArgument) -> float:
    """The largest derivative of a call's results by those of its circuit's numbers that an optimiser was given."""
    given = {value for value in argument.values if value != round(value, 2)}
    inside = {
        position: {*map(float, parameter.value.ravel())} & given
        for position, parameter in enumerate(call.circuit.parameters)
        if parameter.value.dtype.kind == "f" and parameter.value.size <= len(given)
    }
    # a number that is no round one comes back by no chance
    if not given or {*chain(*inside.values())} != given or not is_known(call):
        return 0.0
    circuit = with_trainable(call.circuit, [position for position, found in inside.items() if found])
    angles = angles_of(circuit)
    cotangent = tuple(np.ones(output.shape) for output in call.outputs or ())
    slopes = slopes_at(history, call, circuit, angles, [cotangent]) if angles else None
    return 0.0 if slopes is None else float(np.max(np.abs(slopes)))


def _by_torch(history: History, calls: list[CallOrigins]) -> Iterator[Remark]:
    """A loss without any graph: torch refuses to go backward from it."""
    failed = [root for root in accumulating_roots(history.training) if root.failure and not root.tracked]
    if not failed or any(root.tracked for root in accumulating_roots(history.training)):
        return
    indices = [call.call for call in calls]
    because = f"the loss has no graph, since {listed(qnodes_of(history, indices))} is called with numbers that torch does not follow"
    places = [failed[0].source, history.recording.call(indices[0]).source]
    yield remark(history, UNTRACKED, because, calls=indices, places=places)

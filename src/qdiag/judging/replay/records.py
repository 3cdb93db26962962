"""The record in place of a replay: what the script got of a call stands for its own method, where that one is slow.

A script that is trained by parameter-shift pays for it once at each call, and a replay would pay it again. But what the method gave is
in the trace: its results, and what it made of the cotangents that came back, for all parameters or for some. So a slow method is
replayed at the first call of each structure and as often as there is time; elsewhere the others are held against the record. That is
enough where they agree with it. Where anything parts, the method is asked after all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Optional

import numpy as np

from qdiag.judging.comparison.tensor_pairs import Cotangents
from qdiag.judging.parameter_samples import tracked_numbers
from qdiag.judging.replay.call_result import CallResult, Share
from qdiag.judging.replay.desk import Replaying
from qdiag.judging.replay.parts import CLEAN
from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.questions import compare_with_own, request_of, telling_passes
from qdiag.model.call import Backward, Call, Failure
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method
from qdiag.model.numerics.observable_norms import norms_of
from qdiag.model.variants import with_trainable


@dataclass(frozen=True, eq=False)
class Record:
    """What the script got of a call, as an evaluation of its own method.

    Parameters
    ----------
    evaluation
        With a vector-Jacobian product for each cotangent that came back, by the known parameters alone.
    known
        Which of the circuit's trainable parameters these are: their places among them.
    """

    evaluation: Evaluation
    known: tuple[int, ...]

    def of(self, circuit: Circuit) -> Circuit:
        """A circuit that is differentiated by the known parameters alone."""
        return with_trainable(circuit, [circuit.trainable[place] for place in self.known])


def recorded(call: Call, like: Optional[Evaluation] = None) -> Optional[Record]:
    """What the script got of a call.

    Parameters
    ----------
    call
        The call.
    like
        An evaluation of the method at another call of the structure, which tells what no record does: what is measured of its device.

    Returns
    -------
    Optional[Record]
        None where the record is not what another evaluation would give: samples are drawn anew, what was compiled is known by another
        name, gradients have come back through a second pass.
    """
    drawn = bool(call.circuit.shots) or call.method.stochastic or call.configuration.compiled
    if call.failure is not None or call.outputs is None or drawn or call.differentiated_twice:
        return None
    passes = telling_passes(call)
    known = tuple(place for place in range(len(call.circuit.trainable)) if passes and all(_is_own(back, place) for back in passes))
    told = Evaluation(call.method) if like is None else like
    evaluation = Evaluation(
        call.method,
        call.outputs,
        tuple(_of_known(backward.gradients, known) for backward in passes) if known else (),
        norms=norms_of(call.circuit, len(call.outputs)),
        differenced=told.differenced,
        measured=told.measured,
    )
    return Record(evaluation, known)


def without_numbers(own: Evaluation) -> Evaluation:
    """An evaluation that later ones of its method are like, without what is this call's alone."""
    return replace(own, outputs=None, vjps=(), jacobian=None, hvp=None)


def _is_own(backward: Backward, place: int) -> bool:
    """Whether what came back to a parameter was seen, and all of it is this call's own."""
    told = place < min(len(backward.gradients), len(backward.exact))
    return told and backward.exact[place] and backward.gradients[place] is not None


def _of_known(items: Sequence[Optional[np.ndarray]], known: Sequence[int]) -> tuple[np.ndarray, ...]:
    return tuple(item for place in known if (item := items[place]) is not None)


def replay_beside_record(
    call: Call, key: str, record: Record, asked: Sequence[Method], cheaper: Sequence[Method], plan: Plan
) -> Replaying[CallResult]:
    """What methods come to beside what the script got: under the cotangents that came back, and no other.

    Parameters
    ----------
    call, key, record
        The call, `circuit_key` of its circuit, and what is recorded of it.
    asked, cheaper
        The methods that see all of it, on the interface's own route, or on one that costs less.
    plan
        Tolerance, seed and trust.
    """
    cotangents: Cotangents = tuple(backward.cotangents for backward in telling_passes(call)) if record.known else ()
    first = request_of(call, plan, cotangents, jacobian=False)
    wholly = tuple(replace(first, method=method) for method in asked)
    cheaply = tuple(replace(first, method=method, cheaply=True) for method in cheaper)
    answers = (yield (*wholly, *cheaply)) if wholly or cheaply else ()
    answers = tuple(replace(answer, vjps=tuple(_of_known(row, record.known) for row in answer.vjps)) for answer in answers)
    sides, refused = compare_with_own(record.of(call.circuit), record.evaluation, answers, plan, cotangents)
    return CallResult(call.index, key, record.evaluation, cotangents, sides, refused, share=Share.RECORD)


def is_clean(result: CallResult) -> bool:
    """Whether nothing parts from the record."""
    return all(side.comparison.verdict in CLEAN for side in result.sides)


def replay_by_record_alone(
    call: Call, key: str, methods: Sequence[Method], late: Failure, plan: Plan
) -> Replaying[Optional[CallResult]]:
    """What a call comes to whose own method is not in time, nor for a part of it: by the record; None where that tells no gradient.

    No closer look will have an answer of that method, so what parts from the record is shown and is no confirmed error.

    Parameters
    ----------
    call, key, methods, plan
        The call, `circuit_key` of its circuit, the methods beside the user's own, and what the user asked.
    late
        The failure by which the own method ran out of its time.
    """
    record = recorded(call)
    if record is None or not record.known or not methods:
        return None
    result = yield from replay_beside_record(call, key, record, methods, (), plan)
    if not result.sides:
        return None
    few, many = tracked_numbers(record.of(call.circuit)), tracked_numbers(call.circuit)
    return replace(result, late=late, numbers=(few, many) if few < many else (0, 0))

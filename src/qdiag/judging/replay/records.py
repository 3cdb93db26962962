"""The record in place of a replay: what the script got of a call stands for its own method, where that one is slow.

A script that is trained by parameter-shift pays for it once at each call, and a replay would pay it again. But what the method gives is
in the trace: its results, and what it made of the cotangents that came back. So a slow method is replayed at the first call of each
structure and as often as there is time; elsewhere the others are held against the record. That is enough where they agree with it.
Where anything parts, the method is asked after all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

import numpy as np

from qdiag.judging.comparison.tensor_pairs import Cotangents
from qdiag.judging.replay.call_result import CallResult
from qdiag.judging.replay.desk import Replaying
from qdiag.judging.replay.parts import CLEAN
from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.questions import compare_with_own, request_of, telling_passes
from qdiag.model.call import Backward, Call, Failure
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method
from qdiag.model.numerics.observable_norms import norms_of


def recorded_evaluation(call: Call, like: Optional[Evaluation] = None) -> Optional[Evaluation]:
    """What the script got of a call, as an evaluation of its own method.

    Parameters
    ----------
    call
        The call.
    like
        An evaluation of the method at another call of the structure, which tells what no record does: what is measured of its device.

    Returns
    -------
    Optional[Evaluation]
        With a vector-Jacobian product for each cotangent that came back. None where the record is not what another evaluation would
        give: samples are drawn anew, gradients have flowed together with those of other calls, or come back through a second pass.
    """
    drawn = bool(call.circuit.shots) or call.method.stochastic or call.configuration.compiled
    if call.failure is not None or call.outputs is None or drawn:
        return None
    if any(backward.create_graph for backward in call.backwards):
        return None
    products = [_products(backward, len(call.circuit.trainable)) for backward in telling_passes(call)]
    if None in products:
        return None
    known = Evaluation(call.method) if like is None else like
    return Evaluation(
        call.method,
        call.outputs,
        tuple(product for product in products if product is not None),
        norms=norms_of(call.circuit, len(call.outputs)),
        differenced=known.differenced,
        measured=known.measured,
    )


def without_numbers(own: Evaluation) -> Evaluation:
    """An evaluation that later ones of its method are like, without what is this call's alone."""
    return replace(own, outputs=None, vjps=(), jacobian=None, hvp=None)


def _products(backward: Backward, count: int) -> Optional[tuple[np.ndarray, ...]]:
    """What came back to each of so many trainable parameters, where all of it is this call's own."""
    own = [gradient for gradient, exact in zip(backward.gradients, backward.exact) if exact and gradient is not None]
    return tuple(own) if len(own) == count else None


def replay_beside_record(
    call: Call, key: str, recorded: Evaluation, asked: Sequence[Method], cheaper: Sequence[Method], plan: Plan
) -> Replaying[CallResult]:
    """What methods come to beside what the script got: under the cotangents that came back, and no other.

    Parameters
    ----------
    call, key, recorded
        The call, `circuit_key` of its circuit, and its `recorded_evaluation`.
    asked, cheaper
        The methods that see all of it, on the interface's own route, or on one that costs less.
    plan
        Tolerance, seed and trust.
    """
    cotangents: Cotangents = tuple(backward.cotangents for backward in telling_passes(call))
    first = request_of(call, plan, cotangents, jacobian=False)
    wholly = tuple(replace(first, method=method) for method in asked)
    cheaply = tuple(replace(first, method=method, cheaply=True) for method in cheaper)
    answers = (yield (*wholly, *cheaply)) if wholly or cheaply else ()
    sides, refused = compare_with_own(call.circuit, recorded, answers, plan, cotangents)
    return CallResult(call.index, key, recorded, cotangents, sides, refused, recorded=True)


def is_clean(result: CallResult) -> bool:
    """Whether nothing parts from the record."""
    return all(side.comparison.verdict in CLEAN for side in result.sides)


def replay_without_own(call: Call, key: str, methods: Sequence[Method], late: Failure, plan: Plan) -> Replaying[Optional[CallResult]]:
    """What a call comes to whose own method is not in time, nor for a part of it: by the record; None where that does not tell.

    No closer look will have an answer of that method, so what parts from the record is shown and is no confirmed error.

    Parameters
    ----------
    call, key, methods, plan
        The call, `circuit_key` of its circuit, the methods beside the user's own, and what the user asked.
    late
        The failure by which the own method ran out of its time.
    """
    recorded = recorded_evaluation(call)
    if recorded is None or not methods:
        return None
    result = yield from replay_beside_record(call, key, recorded, methods, (), plan)
    return replace(result, late=late)

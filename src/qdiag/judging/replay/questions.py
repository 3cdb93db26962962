"""What is asked of a method at one call, and how what comes back is held against the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

import numpy as np

from qdiag.judging.comparison.compare import compare
from qdiag.judging.comparison.tensor_pairs import Cotangents
from qdiag.judging.replay.call_result import Side, usual_seconds
from qdiag.judging.replay.desk import Replaying
from qdiag.judging.replay.plan import Plan
from qdiag.model.call import Backward, Call, Failure
from qdiag.model.circuit import Circuit, raw_outputs
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method

MOST_PRODUCTS = 256
"""Vector-Jacobian products that a full Jacobian may take where nothing disagrees: more than so many results are seen through a
random cotangent alone."""

MOST_PRODUCTS_CLOSER = 4096
"""The same where a vector-Jacobian product disagrees."""


MOST_SHIFTS = 512
"""Results times trainable numbers up to which methods that cost more with each parameter are asked for a full Jacobian."""


def asked_of(method: Method, first: Request, products: int) -> Request:
    """The question to a method: without a Jacobian where that takes a method too many shifted circuits."""
    numbers = sum(first.circuit.parameters[i].value.size for i in first.circuit.trainable)
    dear = method.per_parameter and products * numbers > MOST_SHIFTS
    return replace(first, method=method, jacobian=first.jacobian and not dear)


def products_of_jacobian(call: Call) -> int:
    """How many vector-Jacobian products a full Jacobian takes: one for each result, two where it is complex."""
    if not call.circuit.trainable:
        return 0
    # a call that raised left no results to count, and its Jacobian is asked for all the same
    return sum(output.size * (2 if output.dtype.kind == "c" else 1) for output in call.outputs or ()) or 1


def request_of(call: Call, plan: Plan, cotangents: Cotangents, *, jacobian: bool) -> Request:
    """What the user's own method is asked at a call."""
    return Request.of(
        call.circuit,
        call.method,
        call.configuration,
        trusted=plan.trusted,
        cotangents=tuple(tuple(c) for c in cotangents),
        jacobian=jacobian,
        second=jacobian and call.differentiated_twice,
        seed=plan.seed,
    )


def compare_with_own(
    circuit: Circuit, own: Evaluation, others: Sequence[Evaluation], plan: Plan, cotangents: Cotangents
) -> tuple[tuple[Side, ...], tuple[tuple[Method, Failure], ...]]:
    """Hold evaluations against the user's own: those that gave numbers, and those that refused.

    A method that refuses to go backward has its outputs compared all the same. One that gives the script's real numbers as complex
    ones, as default.qubit does where an observable has complex coefficients, differs in nothing that the script sees, unless the user
    asks for that method.
    """
    sides: list[Side] = []
    refused: list[tuple[Method, Failure]] = []
    for given in others:
        other = given if plan.methods else _as_real(own, given)
        if other.failure is not None:
            refused.append((other.method, other.failure))
        if other.outputs is not None and own.outputs is not None and own.failure is None:
            usable = other if other.failure is None else replace(other, failure=None, vjps=(), jacobian=None, hvp=None)
            sides.append(_side(given, compare(own, usable, circuit, plan.tolerance, None, cotangents)))
        elif other.failure is None and not (own.failure is not None and own.failure.passing):
            # of what was not in time, or lost its process, nobody knows whether it raises
            sides.append(_side(given, compare(own, other, circuit, plan.tolerance, None, cotangents)))
    return tuple(sides), tuple(refused)


def _as_real(own: Evaluation, other: Evaluation) -> Evaluation:
    """An evaluation whose complex outputs are real where the user's own are and no imaginary part is left out by that."""
    if not own.outputs or len(other.outputs or ()) != len(own.outputs):
        return other
    pairs = [(np.asarray(a), np.asarray(b)) for a, b in zip(own.outputs, other.outputs or ())]
    spare = [a.dtype.kind == "f" and b.dtype.kind == "c" and not b.imag.any() for a, b in pairs]
    return replace(other, outputs=tuple(b.real if less else b for less, (_, b) in zip(spare, pairs))) if any(spare) else other


def _side(found: Evaluation, comparison: Comparison) -> Side:
    return Side(found.method, found, comparison, usual_seconds(found))


def cotangents_of(call: Call, key: str) -> Cotangents:
    """The cotangents that came back to a call, and a random one that sees what the loss ignores.

    The random one depends on the circuit alone, so that repetitions of a circuit ask the same question.
    """
    if call.outputs is None or not call.circuit.trainable:
        return ()
    recorded = [backward.cotangents for backward in telling_passes(call)]
    rng = np.random.default_rng(int(key[:16], 16))
    raw = raw_outputs(call.circuit, len(call.outputs))
    drawn = [None if position in raw else _draw_cotangent(output, rng) for position, output in enumerate(call.outputs)]
    length = np.sqrt(sum(float(np.sum(np.abs(d) ** 2)) for d in drawn if d is not None))
    if not length:
        return tuple(recorded)
    return (*recorded, tuple(None if d is None else np.asarray(d / length) for d in drawn))


def telling_passes(call: Call) -> list[Backward]:
    """The backward passes that a replay is asked to repeat: those that brought something, and nothing but numbers.

    What a loss that is not finite sent back tells methods apart by how they multiply zero and infinity.
    """
    return [
        backward
        for backward in call.backwards
        if any(c is not None for c in backward.cotangents) and all(c is None or bool(np.isfinite(c).all()) for c in backward.cotangents)
    ]


def _draw_cotangent(output: np.ndarray, rng: np.random.Generator) -> Optional[np.ndarray]:
    if output.dtype.kind == "c":
        return rng.standard_normal(output.shape) + 1j * rng.standard_normal(output.shape)
    return np.asarray(rng.standard_normal(output.shape)) if output.dtype.kind == "f" else None


def look_at_jacobians(
    sides: tuple[Side, ...], first: Request, circuit: Circuit, plan: Plan, cotangents: Cotangents
) -> Replaying[tuple[Side, ...]]:
    """The sides, those that disagree in a vector-Jacobian product by their Jacobians where these show it, too."""
    disagreeing = [
        side.method
        for side in sides
        if side.comparison.verdict is Verdict.ERROR and side.comparison.where is Signature.VJP and side.evaluation.jacobian is None
    ]
    if not disagreeing:
        return sides
    own, *others = yield tuple(replace(first, method=method, jacobian=True) for method in (first.method, *disagreeing))
    closer, _ = compare_with_own(circuit, own, others, plan, cotangents)
    better = {side.method: side for side in closer if side.comparison.verdict is Verdict.ERROR}
    return tuple(better.get(side.method, side) for side in sides)

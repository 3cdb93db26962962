"""A closer look at what seems to be an error: is it there twice, and does ill-conditioning explain it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

from qdiag.judging.comparison.compare import compare
from qdiag.judging.comparison.ill_conditioning import Spread, perturbed_circuits, spread_of
from qdiag.judging.replay.call_result import CallResult
from qdiag.judging.replay.desk import Replaying
from qdiag.judging.replay.differences import Difference, doubt_difference, regrade_difference
from qdiag.judging.replay.plan import Plan, preference
from qdiag.judging.replay.questions import cotangents_of, request_of
from qdiag.model.call import Call
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method
from qdiag.trace.keys import circuit_key

POINTS = 4
"""At how many points the reference is evaluated to see how far it moves."""

REFERENCES = 2
"""How many references are tried, since the first may refuse the circuit."""

STEADY = 1e-2
"""What share of a difference a method may move by itself from one evaluation to the next: a rule whose frequencies are found by
iteration has another ninth digit once more, and the difference is there each time."""

EXPLICABLE = (Signature.OUTPUT, Signature.JACOBIAN, Signature.VJP)
"""Where ill-conditioning can show; no rounding makes a NaN, a shape or an exception."""


def look_closer(found: Difference, result: CallResult, call: Call, known: Sequence[Method], plan: Plan) -> Replaying[Difference]:
    """Confirm an error, or turn it into what it is.

    Parameters
    ----------
    found
        The error, as it seems.
    result, call
        The call that shows it.
    known
        Methods of which one may serve as a reference: never one of the pair under judgement.
    plan
        Seed, trust and tolerance.
    """
    where = found.comparison.where
    if where is Signature.RAISE:
        return found
    cotangents = cotangents_of(call, circuit_key(call.circuit))
    request = request_of(call, plan, cotangents, jacobian=where is Signature.JACOBIAN)
    pair = (result.own.method, found.method)
    runs = yield tuple(replace(request, method=method, repetition=repeat) for method in pair for repeat in (0, 1))
    if any(run.failure is not None and run.failure.passing for run in runs):
        return doubt_difference(found, "a second look at it was not answered in time")
    for once, again in (runs[:2], runs[2:]):
        if not _repeats(once, again, call) and not _stands_still(once, again, call, found):
            return doubt_difference(found, f"{once.method} is not deterministic: two evaluations with one seed differ")
    if call.circuit.shots and not all(_repeats(once, again, call, redrawn=False) for once, again in (runs[:2], runs[2:])):
        other = compare(runs[1], replace(runs[3], failure=None), call.circuit, plan.tolerance, None, cotangents)
        return found if other.verdict is Verdict.ERROR else doubt_difference(found, "other samples do not show it")
    chosen = plan.tolerance.absolute is not None or plan.tolerance.relative is not None
    if where not in EXPLICABLE or chosen or call.circuit.shots:
        return found
    spread = yield from _reference_spread(replace(request, default_dtype="float64"), found, pair, known, plan)
    if spread is None:
        return found
    comparison = compare(runs[0], replace(runs[2], failure=None), call.circuit, plan.tolerance, spread, cotangents)
    return regrade_difference(found, call, comparison)


def _repeats(once: Evaluation, again: Evaluation, call: Call, *, redrawn: bool = True) -> bool:
    if (once.failure is None) != (again.failure is None):
        return False
    usable = [replace(e, failure=None) for e in (once, again)]
    # a device that heeds no seed draws other samples: within their error these are the same
    same = (Verdict.AGREE, Verdict.ROUNDING, *((Verdict.INCONCLUSIVE,) if call.circuit.shots and redrawn else ()))
    return compare(usable[0], usable[1], call.circuit).verdict in same


def _stands_still(once: Evaluation, again: Evaluation, call: Call, found: Difference) -> bool:
    """Whether two evaluations of a method without shots are next to each other, beside the difference."""
    if call.circuit.shots or found.comparison.where not in EXPLICABLE or (once.failure is None) != (again.failure is None):
        return False
    own = compare(replace(once, failure=None), replace(again, failure=None), call.circuit)
    return own.where in EXPLICABLE and own.max_abs <= STEADY * found.comparison.max_abs


def _reference_spread(
    request: Request, found: Difference, pair: tuple[Method, Method], known: Sequence[Method], plan: Plan
) -> Replaying[Optional[Spread]]:
    """How far a reference moves when the parameters move by the working precision's eps."""
    for method in _references(request, found, pair, known)[:REFERENCES]:
        for only_trainable in (False, True):
            circuits = perturbed_circuits(request.circuit, found.comparison.eps, POINTS, plan.seed, only_trainable=only_trainable)
            evaluations = yield tuple(replace(request, circuit=c, method=method) for c in circuits)
            usable = [evaluation for evaluation in evaluations if evaluation.failure is None]
            if len(usable) >= 2:
                return spread_of(usable)
    return None


def _references(request: Request, found: Difference, pair: tuple[Method, Method], known: Sequence[Method]) -> list[Method]:
    parties = {(method.device, method.diff_method) for method in pair}
    free = {m for m in known if (m.device, m.diff_method) not in parties and not m.stochastic and m.diff_method != "finite-diff"}
    wide = {replace(m, precision="float64", device_precision="") for m in free}
    references = sorted(wide, key=lambda m: preference(pair[0], m))
    outputs_only = [Method("default.qubit", "none")] if found.comparison.where is Signature.OUTPUT else []
    return [*references[:1], *outputs_only, *references[1:]]

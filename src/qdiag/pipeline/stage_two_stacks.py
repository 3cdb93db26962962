"""Two evaluations of one circuit under one method, each from a stack of its own: the same to rounding, or which of the two is right.

Nothing here has a tolerance of its own: the two are compared as two methods are, what seems to differ is evaluated again, and the
arbiter has its word. Where both sides are as right as it can tell, the difference is rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Optional

from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.arbiter import arbiter
from qdiag.judging.comparison.compare import compare
from qdiag.model.call import Call, Failure
from qdiag.model.comparison import DERIVATIVES, Comparison, Signature, Tolerance, Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.two_stacks import Outcome, TwoStacks, Upheld
from qdiag.model.unanswered import Reason, reason_of
from qdiag.pipeline.stage_context import excuse_as_rounding

Ask = Callable[[Request], Evaluation]
"""Evaluates on one of the stacks."""

_SAYING = (Reason.REFUSES, Reason.FAILED)
"""Failures by which a stack says something of a circuit; any other says that it was not asked."""

_CODEC = "qdiag.bridges.codec."
"""Frames in which a circuit is put together: what raises there has not run."""

_CLEAN = (Verdict.AGREE, Verdict.ROUNDING)


def hold_together(
    call: Call,
    request: Request,
    sides: tuple[Evaluation, Evaluation],
    again: tuple[Optional[Ask], Optional[Ask]],
    evaluator: Evaluator,
    tolerance: Tolerance = Tolerance(),
) -> TwoStacks:
    """Hold what two stacks say of a circuit together.

    Parameters
    ----------
    call, request
        Whose circuit, and what was asked.
    sides
        What the earlier stack gave, and what the other one gives.
    again
        Evaluates it once more on each, None where that stack is not there any more.
    evaluator
        Where the arbiter's reference is worked out.
    tolerance
        The user's own.
    """
    cotangents = request.cotangents
    comparison = compare(*sides, request.circuit, tolerance, None, cotangents)
    found = TwoStacks(call, request.method, comparison, _outcome(sides, comparison, sampled=bool(request.circuit.shots)))
    if found.outcome is not Outcome.CHANGED:
        return found
    for side, ask in zip(sides, again):
        if ask is not None and not _repeats(side, ask(replace(request, repetition=1)), request, tolerance):
            return replace(found, outcome=Outcome.INCONCLUSIVE)
    return _with_the_arbiters_word(found, request, sides, evaluator)


def _outcome(sides: tuple[Evaluation, Evaluation], comparison: Comparison, *, sampled: bool) -> Outcome:
    failures = [side.failure for side in sides]
    if any(failure is not None and not _says_something(failure) for failure in failures):
        return Outcome.NOT_ASKED
    if all(failures):
        # the words of an exception are no numbers
        return Outcome.SAME
    if any(failures):
        return Outcome.RAISES
    if comparison.verdict in _CLEAN:
        return Outcome.SAME
    if comparison.verdict is Verdict.ERROR:
        return Outcome.CHANGED
    return Outcome.SAMPLED if sampled else Outcome.INCONCLUSIVE


def _says_something(failure: Failure) -> bool:
    """Whether a stack says it of the circuit, and not of the way in which another release takes operations apart."""
    return reason_of(failure) in _SAYING and not any(frame.startswith(_CODEC) for frame in failure.frames)


def _repeats(once: Evaluation, again: Evaluation, request: Request, tolerance: Tolerance) -> bool:
    return compare(once, again, request.circuit, tolerance, None, request.cotangents).verdict in _CLEAN


def _with_the_arbiters_word(
    found: TwoStacks, request: Request, sides: tuple[Evaluation, Evaluation], evaluator: Evaluator
) -> TwoStacks:
    arbitration = arbiter.arbitrate(
        request.circuit, found.call.configuration, sides, request.cotangents, evaluator, trusted=request.trusted
    )
    verdicts = [one.verdict for one in arbitration.methods]
    if verdicts == ["right", "right"] and _speaks_of(arbitration, found.comparison.where):
        return replace(found, comparison=excuse_as_rounding(found.comparison, arbitration), outcome=Outcome.SAME)
    said = tuple(one.detail if one.verdict == "wrong" else "" for one in arbitration.methods)
    untold = arbitration.reason if isinstance(arbitration.reason, str) and "wrong" not in verdicts else ""
    return replace(found, upheld=_upheld(verdicts), said=(said[0], said[1]), untold=untold)


def _speaks_of(arbitration: arbiter.Arbitration, where: Signature) -> bool:
    """Whether both sides were held against the reference in the kind of numbers in which they differ."""
    kinds = {Signature.JACOBIAN, Signature.VJP} if where in DERIVATIVES else {Signature.OUTPUT}
    return where in (Signature.OUTPUT, *DERIVATIVES) and all(one.held & kinds for one in arbitration.methods)


def _upheld(verdicts: list[str]) -> Upheld:
    return {
        ("right", "wrong"): Upheld.FIRST,
        ("wrong", "right"): Upheld.SECOND,
        ("wrong", "wrong"): Upheld.NEITHER,
    }.get((verdicts[0], verdicts[1]), Upheld.UNKNOWN)

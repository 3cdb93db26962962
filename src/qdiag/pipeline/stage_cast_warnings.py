"""Torch's warning that complex values are cast to real ones: whether it was harmless where it was shown (QD202), by experiment.

It explains no difference, so it is no finding: what came of it is a note of the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Optional

from qdiag.diagnosis.causes.complex_numbers import HARMLESS_CAST
from qdiag.evaluation import remote
from qdiag.evaluation.answers import answer_of
from qdiag.judging.question import Question, question_of
from qdiag.model.call import Call
from qdiag.model.comparison import Signature
from qdiag.model.evaluation import CASTING, Casts
from qdiag.model.findings import Confidence
from qdiag.model.method import ARBITER, Method
from qdiag.pipeline.stage_context import StageContext, as_replayed
from qdiag.trace.reader import Trace

WARNED = f'torch warned "{CASTING} discards the imaginary part"'


def notes(trace: Trace, methods: Sequence[Method], context: StageContext) -> Iterator[str]:
    """What is to be said of the warning: once for each QNode, and once where a backward pass had not reached any.

    Parameters
    ----------
    trace
        The run.
    methods
        All methods that were replayed.
    context
        What to work with.
    """
    for index in _calls_that_warned(trace):
        # numpy, by which lightning reads coefficients, has the same words for it as torch
        yield (
            f'"{CASTING} discards the imaginary part" was warned of in call {index} itself: '
            "where that part is not 0, the results are wrong; "
            f"it is not the warning of a backward pass that is harmless ({HARMLESS_CAST.code})"
        )
    reached = [event.number for event in trace.events if event.kind == "backward warning" and CASTING in event.text]
    if None in reached:
        yield f"{WARNED} in a backward pass before it reached a QNode call: outside of what qdiag looks at"
    looked_at = set()
    for number in reached:
        if number is None or not 0 <= number < len(trace):
            continue
        call = trace.call(int(number))
        if call.configuration.qnode not in looked_at:
            looked_at.add(call.configuration.qnode)
            yield f"{WARNED} in the backward pass of call {call.index}: {experiment(call, methods, context).words}"


def _calls_that_warned(trace: Trace) -> Iterator[int]:
    """The first call of each QNode that warned while it was being evaluated."""
    seen = set()
    for call in trace.calls_that_warned():
        if call.configuration.qnode not in seen and _shows_warning(call):
            seen.add(call.configuration.qnode)
            yield call.index


def _shows_warning(call: Call) -> bool:
    """Whether the warning was shown while the call was being evaluated."""
    return any(CASTING in warning for warning in call.warnings)


@dataclass(frozen=True)
class Account:
    """What experiments say of the warning in the backward pass of a call.

    Parameters
    ----------
    own
        The casts under the user's method, and whether the script's own call warned; None where they could not be looked at.
    gap
        How far its gradients are from the reference's; None where the reference does not find them right.
    without
        A method that takes no such cast and does not warn.
    """

    own: Optional[Casts]
    gap: Optional[float] = None
    without: Optional[Method] = None

    @property
    def doubt(self) -> str:
        """What speaks against its being harmless, or ""."""
        if self.own is None:
            return "its casts cannot be looked at"
        if self.own.forward:
            return "the call itself warns, too: numbers of the circuit lose their imaginary part"
        if not self.own.backward:
            return "evaluated again, the circuit's backward pass does not warn: the cast lies outside of the circuit"
        if self.own.imaginary == 0:
            return "no imaginary part was seen to be dropped at a cast from real to complex"
        return "" if self.gap is not None else "the reference does not confirm the gradients"

    @property
    def confidence(self) -> Confidence:
        """Likely at most where no method without the cast was there to compare."""
        if self.doubt:
            return Confidence.UNKNOWN
        return Confidence.CONFIRMED if self.without is not None else Confidence.LIKELY

    @property
    def words(self) -> str:
        """The rest of the sentence that begins with the warning."""
        if self.doubt or self.own is None:
            return f"not shown to be harmless; {self.doubt}"
        evidence = [
            "it comes from a cast from real to complex, whose gradient is the real part by definition "
            f"(imaginary part dropped: up to {self.own.imaginary:.2g})",
            f"the gradients agree with the reference (gap {self.gap:.1e})",
            *([f"{self.without} takes no such cast and does not warn"] if self.without is not None else []),
        ]
        return f"harmless ({HARMLESS_CAST.code}, {self.confidence.value}): {'; '.join(evidence)}"


def experiment(call: Call, methods: Sequence[Method], context: StageContext) -> Account:
    """Evaluate the call again: under its own method, by the reference, and under others until one takes no such cast."""
    own = call.method
    question = question_of(call, (own, ARBITER), where=Signature.JACOBIAN, trusted=context.trusted, tolerance=context.tolerance)
    casts = _casts(question, context)
    account = Account(replace(casts, forward=casts.forward or _shows_warning(call)) if casts is not None else None)
    if account.own is None or not account.own.backward or account.own.forward or call.circuit.opaque:
        return account
    judged = context.arbitrate(context.with_few_rows(call), [own])
    if own in judged.right and not judged.reference.gradient_reason:
        account = replace(account, gap=judged.methods[0].gap)
    for method in as_replayed(methods, call):
        other = _casts(replace(question, methods=(method, ARBITER)), context) if method != own else None
        if other is not None and not other.forward and not other.backward and other.imaginary == 0:
            return replace(account, without=method)
    return account


def _casts(question: Question, context: StageContext) -> Optional[Casts]:
    if question.interface != "torch":
        return None
    # a method that refuses the circuit has no casts to show
    found: Optional[Casts] = answer_of(context.workers.call(remote.casts, question.request(0)), None, "casts of complex numbers")
    return found

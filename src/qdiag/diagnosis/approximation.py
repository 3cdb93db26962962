"""Whether two methods differ since their device works out an approximation, as finely as one of its options says.

A bond dimension, a Fock level, a cutoff: each method sends other circuits to the device, and each is cut off otherwise. No method is
wrong for that. It shows by asking the same again with the option relaxed: the gap closes, and stays closed when it is relaxed further.

An option that only steps around a fault, as a number of threads may, closes a gap likewise. What cuts off does it by degrees: at
another value, finer or coarser, the gap is there in another size.

How fine something is, is a whole number that grows, or a threshold that shrinks. A strength (of noise, of a coupling) shrinks as well;
but what it does moves with it, where what a threshold cuts off stays the same over a small stretch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Optional, Union

from qdiag.diagnosis.outcomes import classify
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.comparison.compare import compare
from qdiag.judging.question import AskArbiter, Question, observe
from qdiag.judging.told_options import telling_options
from qdiag.model.comparison import Comparison, Verdict
from qdiag.model.findings import Outcome
from qdiag.model.method import Method

Number = Union[int, float]

FINER = (2, 4, 8, 16, 32, 64)
"""A whole number is relaxed by these factors."""

SHARPER = (1e-2, 1e-4, 1e-6, 1e-9)
"""A threshold is relaxed by these."""

COARSER = 10.0
"""A threshold is raised by this, a whole number is halved."""

DEGREE = 1.2
"""A gap is larger than another by a degree where it is so many times as large: what does not depend on the option stays the same."""

BESIDE = 1 + 1e-3
"""Over such a stretch nothing crosses a threshold, and what a strength does moves by as much."""

SAME = (Verdict.AGREE, Verdict.ROUNDING)


@dataclass(frozen=True)
class Approximation:
    """An option that says how finely a device works, and a value at which the gap is closed.

    Parameters
    ----------
    option, given, enough
        Its name, the value that the script gave, and the one that closes the gap.
    graded
        Whether the gap was seen in another size at another value; else the option may only step around a fault.
    """

    option: str
    given: Number
    enough: Number
    graded: bool = True


def approximation_of(
    question: Question, comparison: Comparison, evaluator: Evaluator, reference: Optional[AskArbiter] = None
) -> Optional[Approximation]:
    """The option by which a difference is one of an approximation; None where there is none.

    Parameters
    ----------
    question, comparison
        Where the difference was seen, and the difference.
    evaluator, reference
        Where evaluations are made, and the arbiter.
    """
    for option, given in _numbers_of(question.methods):
        found = _relaxed(option, given, question, comparison, evaluator, reference)
        if found is not None:
            return found
    return None


def with_option(method: Method, option: str, value: Number) -> Method:
    """The method on a device with another value of one of its options; as it is where it has none."""
    return replace(method, device_options=tuple((name, value if name == option else old) for name, old in method.device_options))


def _with_option(question: Question, option: str, value: Number) -> Question:
    first, second = (with_option(method, option, value) for method in question.methods)
    return replace(question, methods=(first, second))


def _numbers_of(methods: Sequence[Method]) -> list[tuple[str, Number]]:
    """The options of the devices that are positive numbers, each once."""
    found = {
        name: value
        for method in methods
        for name, value in telling_options(method)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
    }
    return list(found.items())


def _relaxed(
    option: str, given: Number, question: Question, comparison: Comparison, evaluator: Evaluator, reference: Optional[AskArbiter]
) -> Optional[Approximation]:
    """The first of the relaxed values that closes the gap, where the next one leaves it closed."""

    def at(value: Number) -> Comparison:
        return observe(_with_option(question, option, value), evaluator, reference).comparison

    if isinstance(given, float) and not _is_threshold(option, given, question, evaluator):
        return None
    values = [given * factor for factor in (FINER if isinstance(given, int) else SHARPER)]
    graded = False
    for value, further in zip(values, values[1:]):
        seen = at(value)
        came = classify(comparison, seen)
        if came is None:
            # what the device cannot be given, or takes too long with
            return None
        if came is Outcome.HEALS:
            stays = classify(comparison, at(further)) in (Outcome.HEALS, None)
            return Approximation(option, given, value, graded or _is_graded(comparison, given, at)) if stays else None
        graded = graded or _has_another_size(comparison, seen)
    return None


def _is_graded(comparison: Comparison, given: Number, at: Callable[[Number], Comparison]) -> bool:
    """Whether the gap has another size where the option is coarser."""
    coarser = given // 2 if isinstance(given, int) else given * COARSER
    return bool(coarser) and _has_another_size(comparison, at(coarser))


def _has_another_size(one: Comparison, other: Comparison) -> bool:
    """Whether both gaps are there, and one is larger by a degree."""
    small, large = sorted((one.max_abs, other.max_abs))
    return one.verdict is other.verdict is Verdict.ERROR and large >= DEGREE * small


def _is_threshold(option: str, given: float, question: Question, evaluator: Evaluator) -> bool:
    """Whether nothing moves with an option that is moved by a little."""
    beside = _with_option(question, option, given * BESIDE)
    sides = [side for side, method in enumerate(question.methods) if option in dict(method.device_options)]
    for side in sides:
        first, second = (evaluator.submit(one.request(side)).result() for one in (question, beside))
        if compare(first, replace(second, method=first.method), question.circuit).verdict not in SAME:
            return False
    return True

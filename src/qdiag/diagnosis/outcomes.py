"""What one changed factor did to a difference: closed it, left it, moved it, or the changed question has no answer."""

from __future__ import annotations

import math
from typing import Optional

from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.findings import Outcome

CLOSED, NEARLY = 1e-4, 100.0
"""A gap ten thousand times smaller, and within a hundred times what rounding explains, is closed: a changed question may well be worse
conditioned than the one before, as close to a singular point."""

SAME_SIZE = 30.0
"""A gap within this factor of the one before is the same gap: neutral changes of a generic point move it by far less."""


def classify(before: Comparison, after: Comparison) -> Optional[Outcome]:
    """What a change did to a difference; None where the changed question has no answer."""
    if _is_of_one_method(before) and _is_of_one_method(after):
        return Outcome.PERSISTS
    if _has_no_answer(before, after):
        return None
    if _is_explained(before, after):
        return Outcome.HEALS
    if before.where in (Signature.SHAPE, Signature.DTYPE) and after.where is before.where:
        # no number says how far apart they are
        return Outcome.PERSISTS
    if before.where is Signature.RAISE:
        return Outcome.PERSISTS if after.where is Signature.RAISE else Outcome.MOVES
    return _by_size(before, after)


def _by_size(before: Comparison, after: Comparison) -> Outcome:
    """What became of a gap that rounding alone does not decide about."""
    if _has_become_ordinary(before, after):
        return Outcome.HEALS
    if _has_outgrown_rounding(before, after):
        return Outcome.MOVES
    if _is_closed(before, after):
        return Outcome.HEALS
    return Outcome.MOVES if _has_another_size(before, after) else Outcome.PERSISTS


def has_grown(before: Comparison, after: Comparison) -> bool:
    """Whether a gap in numbers is larger than before, and rounding explains neither.

    What grows is not gone: a change that was to leave a gap as it is has left it. Next to a zero of what is off, any step away from
    there makes far more of it.
    """
    gaps = gap_of(before), gap_of(after)
    numbers = before.where is not Signature.NAN and all(gap is not None and math.isfinite(gap) for gap in gaps)
    return numbers and before.verdict is after.verdict is Verdict.ERROR and after.max_abs >= before.max_abs


def gap_of(comparison: Comparison) -> Optional[float]:
    """How far the two are apart; None where the difference is not one of numbers."""
    return None if comparison.where in (Signature.RAISE, Signature.SHAPE, Signature.DTYPE) else comparison.max_abs


def _is_of_one_method(comparison: Comparison) -> bool:
    """Whether a method that raises is held against itself, since there is no other that does not."""
    return comparison.where is Signature.RAISE and len(set(comparison.methods)) == 1


def _has_no_answer(before: Comparison, after: Comparison) -> bool:
    """Whether the change made both refuse, or one raise or give no number, or left nothing that could be compared."""
    if after.verdict is Verdict.INCONCLUSIVE:
        return not _is_random(before, after)
    broken = after.where in (Signature.RAISE, Signature.NAN) and after.where is not before.where
    return after.verdict is Verdict.REFUSED or broken


def _is_random(before: Comparison, after: Comparison) -> bool:
    """Whether numbers are compared that are random on both occasions: then it tells something that they still differ."""
    return before.verdict is Verdict.INCONCLUSIVE and min(before.max_abs, after.max_abs) > 0


def _is_explained(before: Comparison, after: Comparison) -> bool:
    """Whether rounding explains what is left of a difference that it did not explain; or nothing is left."""
    return after.verdict is Verdict.AGREE or (before.verdict is Verdict.ERROR and after.verdict is Verdict.ROUNDING)


def _has_become_ordinary(before: Comparison, after: Comparison) -> bool:
    """Whether rounding explains the gap by itself, where before only ill-conditioning explained one of its size."""
    return after.verdict is Verdict.ROUNDING and before.max_rel * after.scale > after.bound


def _has_outgrown_rounding(before: Comparison, after: Comparison) -> bool:
    """Whether a gap that rounding explained is now one that it would not have explained before, either."""
    outgrown = after.max_rel * before.scale > before.bound
    return before.verdict is Verdict.ROUNDING and after.verdict is Verdict.ERROR and outgrown


def _is_closed(before: Comparison, after: Comparison) -> bool:
    """Whether hardly anything is left, although more than rounding explains."""
    return after.max_abs <= CLOSED * min(before.max_abs, 1.0) and after.max_abs <= NEARLY * after.bound


def _has_another_size(before: Comparison, after: Comparison) -> bool:
    """Whether the gap is far larger or far smaller than before; what was no number has no size to compare with."""
    sizes = [gap for gap in (gap_of(before), gap_of(after)) if gap is not None]
    return before.where is not Signature.NAN and len(sizes) == 2 and min(sizes) > 0 and max(sizes) > SAME_SIZE * min(sizes)

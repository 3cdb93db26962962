"""Every way in which a changed factor can leave a difference, one row each."""

from __future__ import annotations

import math
from typing import Any, Optional

import pytest

from qdiag.diagnosis.outcomes import CLOSED, NEARLY, SAME_SIZE, classify, gap_of, has_grown
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.findings import Outcome
from tests.worlds.methods import ADJOINT, BACKPROP

HEALS, PERSISTS, MOVES, NO_ANSWER = Outcome.HEALS, Outcome.PERSISTS, Outcome.MOVES, None

Row = tuple[Comparison, Comparison, Optional[Outcome]]


def error(gap: float = 1e-3, where: Signature = Signature.JACOBIAN, **others: Any) -> Comparison:
    """A difference beyond rounding, on a scale of 1 unless others say so."""
    sizes = {"max_abs": gap, "max_rel": gap, "bound": 1e-12, "scale": 1.0, **others}
    return Comparison((BACKPROP, ADJOINT), Verdict.ERROR, where, **sizes)


def rounding(gap: float, bound: float, **others: Any) -> Comparison:
    sizes = {"max_abs": gap, "max_rel": gap, "bound": bound, "scale": 1.0, **others}
    return Comparison((BACKPROP, ADJOINT), Verdict.ROUNDING, Signature.JACOBIAN, **sizes)


def random(gap: float) -> Comparison:
    sizes: dict[str, Any] = {"max_abs": gap, "max_rel": gap, "bound": 1e-12}
    return Comparison((BACKPROP, ADJOINT), Verdict.INCONCLUSIVE, Signature.OUTPUT, detail="sampled", **sizes)


def raised(*methods: Any) -> Comparison:
    return Comparison(methods or (BACKPROP, ADJOINT), Verdict.ERROR, Signature.RAISE, detail="backprop raises ValueError: no")


AGREE = Comparison((BACKPROP, ADJOINT), Verdict.AGREE)
BOTH_REFUSE = Comparison((BACKPROP, ADJOINT), Verdict.REFUSED, Signature.RAISE, detail="both raise")

TABLE: dict[str, Row] = {
    # no other method ran, so the one that raises stands against itself
    "one method alone still raises": (raised(BACKPROP, BACKPROP), raised(BACKPROP, BACKPROP), PERSISTS),
    "one method alone no longer raises": (raised(BACKPROP, BACKPROP), AGREE, HEALS),
    # no answer
    "both refuse the changed circuit": (error(), BOTH_REFUSE, NO_ANSWER),
    "one raises on it, which neither did": (error(), raised(), NO_ANSWER),
    "nothing is left to compare": (error(), random(0.0), NO_ANSWER),
    "it has become random": (error(), random(1e-3), NO_ANSWER),
    "random numbers coincide": (random(1e-3), random(0.0), NO_ANSWER),
    # what rounding decides
    "the two agree": (error(), AGREE, HEALS),
    "an error is down to rounding": (error(), rounding(1e-15, 1e-12), HEALS),
    "rounding of float32 is gone in float64": (rounding(6e-8, 1e-6), AGREE, HEALS),
    # exceptions
    "one of the two still raises": (raised(), raised(), PERSISTS),
    "where one raised, numbers differ now": (raised(), error(), MOVES),
    "where one raised, both agree now": (raised(), AGREE, HEALS),
    # ill-conditioned points
    "what ill-conditioning explained is now explained by rounding": (rounding(1e-3, 1e-2), rounding(1e-7, 1e-6), HEALS),
    "rounding explains the same gap as before": (rounding(6e-8, 1e-6), rounding(6e-8, 1e-6), PERSISTS),
    "what rounding explained has outgrown it": (rounding(1e-7, 1e-6), error(1e-3), MOVES),
    "the same gap, for which the bound is too narrow now": (rounding(1e-7, 1e-6), error(1e-7), PERSISTS),
    # the size of the gap
    "hardly anything is left": (error(1e-3), error(5e-11), HEALS),
    "hardly anything, and yet far more than rounding explains": (error(1e-3), error(9e-8, bound=1e-12), MOVES),
    "the same gap": (error(1e-3), error(2e-3), PERSISTS),
    "one just within the same size": (error(1e-3), error(1e-3 * SAME_SIZE), PERSISTS),
    "a far larger one": (error(1e-3), error(0.5), MOVES),
    "a far smaller one": (error(0.5), error(1e-3), MOVES),
    "random numbers still differ": (random(0.02), random(0.03), PERSISTS),
    # what has no size
    "another shape still": (error(math.inf, Signature.SHAPE), error(math.inf, Signature.SHAPE), PERSISTS),
    "another shape, where numbers differed": (error(1e-3), error(math.inf, Signature.SHAPE), PERSISTS),
    "NaN still": (error(math.inf, Signature.NAN), error(math.inf, Signature.NAN), PERSISTS),
    "a number where NaN was, and a wrong one": (error(math.inf, Signature.NAN), error(0.5), PERSISTS),
    "NaN where a number was": (error(1e-3), error(math.inf, Signature.NAN), None),
    "numbers that were and are apart by nothing": (error(0.0, Signature.DTYPE), error(0.0, Signature.DTYPE, bound=-1.0), PERSISTS),
}


@pytest.mark.parametrize(("before", "after", "outcome"), TABLE.values(), ids=TABLE)
def test_what_became_of_a_difference(before: Comparison, after: Comparison, outcome: Optional[Outcome]) -> None:
    assert classify(before, after) is outcome


@pytest.mark.parametrize(("factor", "outcome"), [(0.99, HEALS), (1.01, MOVES)])
def test_a_gap_is_closed_from_a_ten_thousandth_of_it_on(factor: float, outcome: Outcome) -> None:
    left = factor * CLOSED * 1e-3
    assert classify(error(1e-3), error(left, bound=left)) is outcome


@pytest.mark.parametrize(("factor", "outcome"), [(0.99, HEALS), (1.01, MOVES)])
def test_and_only_where_rounding_explains_a_hundredth_of_what_is_left(factor: float, outcome: Outcome) -> None:
    left = 1e-8
    assert classify(error(1e-3), error(left, bound=left / (factor * NEARLY))) is outcome


def test_of_a_huge_gap_what_is_left_is_measured_against_one() -> None:
    assert classify(error(1e6), error(1e-3, bound=1e-3)) is MOVES


def test_scales_count_where_one_bound_is_applied_to_another_gap() -> None:
    # on its own scale of 1e3 the gap before, 1e-9 relative, is 1e-6: no more than rounding explains after
    assert classify(rounding(1e-9, 1e-6), rounding(1e-7, 1e-5, scale=1e3)) is MOVES
    assert classify(rounding(1e-7, 1e-6), rounding(1e-7, 1e-5, scale=1e3)) is HEALS


@pytest.mark.parametrize(
    ("where", "gap"),
    [
        (Signature.JACOBIAN, 0.5),
        (Signature.NAN, 0.5),
        (Signature.RAISE, None),
        (Signature.SHAPE, None),
        (Signature.DTYPE, None),
    ],
)
def test_only_numbers_have_a_gap(where: Signature, gap: Optional[float]) -> None:
    assert gap_of(error(0.5, where)) == gap


@pytest.mark.parametrize(
    ("before", "after", "grown"),
    [
        (error(1e-5), error(0.3), True),
        (error(1e-5), error(1e-5), True),
        (error(1e-5), error(9e-6), False),
        (error(1e-5), error(math.inf), False),
        (error(1e-5), raised(), False),
        (error(1e-5), rounding(1e-4, 1e-3), False),
        (error(math.inf, Signature.NAN), error(1.0), False),
    ],
)
def test_a_gap_has_grown_where_more_of_it_is_there_in_numbers(before: Comparison, after: Comparison, grown: bool) -> None:
    assert has_grown(before, after) is grown

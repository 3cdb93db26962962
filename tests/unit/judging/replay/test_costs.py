"""What methods took: sums of all, medians of what saw whole calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qdiag.judging.replay.call_result import CallResult, Side
from qdiag.judging.replay.costs import Costs
from qdiag.model.comparison import Comparison, Verdict
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method
from qdiag.model.result import Cost

OWN, OTHER = Method("a.device", "backprop"), Method("a.device", "adjoint")
ALIKE = Comparison((OWN, OTHER), Verdict.AGREE)


def result(call: int, own: float, other: float) -> CallResult:
    side = Side(OTHER, Evaluation(OTHER, seconds=other, memory=300), ALIKE, seconds=other)
    return CallResult(call, "", Evaluation(OWN, seconds=own, memory=100 * call), (), (side,)).without_arrays()


def told(results: Sequence[CallResult]) -> tuple[Cost, ...]:
    costs = Costs()
    for one in results:
        costs.add(one)
    return costs.all()


def test_a_gradient_takes_what_it_takes_at_the_same_calls_but_for_the_first():
    own, other = told([result(1, 0.5, 2.0), result(2, 0.1, 0.3), result(3, 0.2, 0.6)])
    assert (own.method, own.calls, own.usual, own.times, own.memory) == (OWN, 3, 0.2, 1.0, 200)
    assert (other.method, other.calls, other.usual, round(other.times, 9), other.memory) == (OTHER, 3, 0.6, 3.0, 300)
    assert round(other.seconds, 9) == 2.9


def test_of_a_call_that_was_seen_in_parts_only_the_sum_is_known():
    _, other = told([replace(result(1, 0.1, 0.3), rows=(0, 3)), replace(result(2, 0.1, 0.3), tracked=(1,), numbers=(1, 9))])
    assert (other.calls, round(other.seconds, 9), other.usual, other.times) == (2, 0.6, 0.0, 0.0)


def test_what_a_compiled_method_took_says_nothing_of_a_step():
    compiled = replace(OWN, compiled="jit")
    side = Side(compiled, Evaluation(compiled, seconds=2.0), ALIKE, seconds=2.0)
    whole = result(1, 0.1, 0.3)
    assert [cost.method for cost in told([replace(whole, sides=(*whole.sides, side))])] == [OWN, OTHER]

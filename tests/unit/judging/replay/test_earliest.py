"""Of an error whose method was asked at some calls alone, the first call that shows it is looked for by halves."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from qdiag.judging.replay.earliest import go_back
from qdiag.judging.replay.patience import MOST
from qdiag.judging.replay.plan import Plan
from qdiag.model.comparison import Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method
from tests.worlds.scripted import METHODS, ScriptedEvaluator, answer, at_once, locate, moved, training

CALLS = 40


def seconds(request: Request, took: float) -> Evaluation:
    right = answer(request)
    return Evaluation(right.method, right.outputs, right.vjps, right.jacobian, norms=right.norms, seconds=took)


def number_of(request: Request) -> int:
    return round((float(request.circuit.parameters[0].value) - 0.3) / 0.01)


@pytest.mark.parametrize("first", [1, 2, 13, 26, 39])
def test_an_error_that_stays_is_found_at_its_first_call_though_its_method_is_slow(first: int) -> None:
    def slow_and_wrong(request: Request) -> Evaluation:
        right = seconds(request, 0.9)
        return moved(right, gradient=0.1) if number_of(request) >= first else right

    evaluator = ScriptedEvaluator(METHODS[:2], backprop=at_once, adjoint=slow_and_wrong)
    located = locate(training(CALLS), evaluator, Plan(in_flight=1))
    errors = [d for d in located.divergences if d.verdict is Verdict.ERROR]
    assert [d.call.index for d in errors] == [first]
    assert len({number_of(r) for r in evaluator.requests if r.method == METHODS[1]}) < CALLS


def test_it_is_looked_for_no_longer_than_its_time() -> None:
    def very_slow(request: Request) -> Evaluation:
        right = seconds(request, MOST + 1)
        return moved(right, gradient=0.1) if number_of(request) >= 7 else right

    evaluator = ScriptedEvaluator(backprop=lambda request: seconds(request, 4 * MOST / CALLS), parameter_shift=very_slow)
    located = locate(training(CALLS), evaluator, Plan(in_flight=1, every=CALLS - 1))
    (error,) = [d for d in located.divergences if d.verdict is Verdict.ERROR]
    assert 7 < error.call.index < CALLS - 1


def test_an_error_of_a_method_that_was_asked_everywhere_needs_no_search() -> None:
    def wrong(request: Request) -> Evaluation:
        return moved(answer(request), gradient=0.1 * (number_of(request) >= 13))

    evaluator = ScriptedEvaluator(METHODS[:2], adjoint=wrong)
    located = locate(training(CALLS), evaluator)
    assert [d.call.index for d in located.divergences if d.verdict is Verdict.ERROR] == [13]


class Known:
    """What is known of three calls of one structure, of which the last shows an error; the method was asked at some of them."""

    def __init__(self, asked: set[int]) -> None:
        self.asked = asked

    def first_errors(self) -> Any:
        return [((2, 0), SimpleNamespace(method=METHODS[1]))]

    def get(self, index: int) -> Any:
        return SimpleNamespace(methods=METHODS if index in self.asked else METHODS[:1])

    def errs(self, index: int, method: Method) -> bool:
        return False


@pytest.mark.parametrize(("asked", "looked"), [({0, 1, 2}, False), ({0, 2}, True)])
def test_it_is_said_whether_anything_was_asked_since_only_that_is_looked_at_again(asked: set[int], looked: bool) -> None:
    known: Any = Known(asked)
    assert go_back(known, lambda index: "one", lambda index, method: 0.1, lambda: False) is looked

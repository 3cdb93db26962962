"""What the calls of a structure teach spares the others: methods that refuse, run late, or take long."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from qdiag.judging.replay.plan import Plan
from qdiag.model.call import Failure
from qdiag.model.comparison import Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.unanswered import Reason
from tests.worlds.scripted import (
    METHODS,
    ScriptedEvaluator,
    ScriptedTrace,
    answer,
    at_once,
    call,
    circuit,
    failed,
    locate,
    moved,
    slow,
    training,
)


def test_a_shadow_that_refuses_is_listed_and_asked_once_for_each_structure():
    evaluator = ScriptedEvaluator(adjoint=lambda r: failed(r.method))
    located = locate(training(20), evaluator)
    assert [(m, f.type, f.message) for m, f in located.refused] == [(METHODS[1], "DeviceError", "not supported")]
    assert (located.divergences, located.verdict, evaluator.asked("adjoint")) == ((), Verdict.AGREE, 1)


def test_where_expensive_methods_take_their_time_they_are_asked_at_calls_that_are_spread_over_the_run():
    evaluator = ScriptedEvaluator(backprop=slow, parameter_shift=slow)
    located = locate(training(50), evaluator)
    assert [call for call, c in located.comparisons if c.methods[1] == METHODS[2]] == [0, 49]
    assert dict(located.sampled) == {METHODS[0]: 3, METHODS[2]: 2}


def test_where_one_call_takes_all_their_time_they_are_asked_at_the_first_alone():
    evaluator = ScriptedEvaluator(parameter_shift=lambda request: replace(answer(request), seconds=30.0))
    assert dict(locate(training(50), evaluator).sampled) == {METHODS[2]: 1}


def structures(*gates: int) -> ScriptedTrace:
    """A training whose circuits have so many gates, one after the other, the fourth of them another gate."""
    calls = [call(i, circuit(0.3 + i, gates=count)) for i, count in enumerate(gates)]
    other = replace(calls[3].circuit, operations=(replace(calls[3].circuit.operations[0], name="RZ"), *calls[3].circuit.operations[1:]))
    calls[3] = replace(calls[3], circuit=other)
    return ScriptedTrace(calls)


def test_of_many_structures_expensive_methods_are_asked_at_those_that_hold_something_new_and_at_others_in_time():
    def asked(seconds: float, plan: Optional[Plan] = None) -> list[int]:
        evaluator = ScriptedEvaluator(backprop=at_once, parameter_shift=lambda request: replace(answer(request), seconds=seconds))
        located = locate(structures(2, 3, 4, 5, 6, 7), evaluator, plan)
        return [index for index, c in located.comparisons if c.methods[1] == METHODS[2]]

    assert asked(0.0) == [0, 1, 2, 3, 4, 5]
    assert asked(30.0) == [0, 3]
    assert asked(30.0, Plan(every=1)) == [0, 1, 2, 3, 4, 5]


def test_with_a_step_given_expensive_methods_are_asked_at_every_one_of_its_calls():
    evaluator = ScriptedEvaluator(parameter_shift=slow)
    assert dict(locate(training(50), evaluator, Plan(every=10)).sampled) == {METHODS[2]: 5}


def test_a_slow_method_is_asked_at_calls_that_are_spread_over_the_run_and_that_is_said():
    evaluator = ScriptedEvaluator(METHODS[:2], backprop=slow, adjoint=slow)
    located = locate(training(33), evaluator, Plan(in_flight=1))
    assert [call for call, c in located.comparisons] == [0, 16, 32]
    assert (dict(located.sampled)[METHODS[1]], located.verdict) == (3, Verdict.AGREE)


def test_beside_a_script_that_is_quick_slow_methods_are_asked_at_first_calls_alone():
    evaluator = ScriptedEvaluator(METHODS[:2], backprop=at_once, adjoint=slow)
    assert dict(locate(training(33), evaluator, Plan(in_flight=1)).sampled) == {METHODS[1]: 1}


def test_a_method_is_not_slow_for_what_the_full_jacobian_of_the_first_call_took():
    def slow_at_first(request: Request) -> Evaluation:
        return replace(answer(request), seconds=0.7 if request.jacobian else 0.05)

    assert locate(training(60), ScriptedEvaluator(METHODS[:2], adjoint=slow_at_first)).sampled == ()


def test_with_a_step_given_a_slow_method_is_asked_at_every_call():
    evaluator = ScriptedEvaluator(METHODS[:2], adjoint=slow)
    assert locate(training(12), evaluator, Plan(every=1)).replayed == 12


def test_a_slow_method_that_has_a_cheaper_route_is_screened_by_it_after_the_first_call():
    evaluator = ScriptedEvaluator(backprop=slow, adjoint=slow)
    assert locate(training(4), evaluator, Plan(in_flight=1)).verdict is Verdict.AGREE
    asked = [(request.cheaply, len(request.cotangents)) for request in evaluator.requests if request.method == METHODS[1]]
    assert asked == [(False, 2), (True, 1), (True, 1)]


def test_where_the_cheaper_route_is_not_clean_the_interfaces_own_decides():
    def wrong_by_the_cheaper_route(request: Request) -> Evaluation:
        return moved(slow(request), gradient=0.1 if request.cheaply else 0.0)

    evaluator = ScriptedEvaluator(backprop=slow, adjoint=wrong_by_the_cheaper_route)
    assert locate(training(2), evaluator, Plan(in_flight=1)).verdict is Verdict.AGREE
    assert [request.cheaply for request in evaluator.requests if request.method == METHODS[1]] == [False, True, False]


def test_a_method_that_ran_out_of_its_time_is_not_waited_for_again():
    def late(request: Request) -> Evaluation:
        return Evaluation(request.method, failure=Failure("TimeoutError", "too long", stage="timeout"))

    evaluator = ScriptedEvaluator(adjoint=late)
    located = locate(training(5), evaluator, Plan(in_flight=1))
    assert evaluator.asked("adjoint") == 1
    assert [(one.method, one.reason, one.calls) for one in located.unanswered] == [(METHODS[1], Reason.NOT_IN_TIME, (0,))]

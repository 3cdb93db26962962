"""Where the script's own method is slow, what the script got stands for it; where anything parts from that, it is asked after all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Optional

import numpy as np
import pytest

from qdiag.judging.parameter_samples import SAMPLED, tracked_numbers
from qdiag.judging.replay.located import Located
from qdiag.judging.replay.patience import MOST
from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.records import recorded
from qdiag.judging.replay.replay import Replay
from qdiag.model.call import Backward, Call, Failure
from qdiag.model.comparison import Verdict
from qdiag.model.evaluation import Evaluation, Request
from tests.worlds import long_chains
from tests.worlds.methods import BACKPROP, SHIFT
from tests.worlds.scripted import METHODS, Answer, ScriptedEvaluator, ScriptedTrace, answer, call, circuit, moved

CALLS = 60
OWN = METHODS[0]
NUMBERS, FEWER = 40, 24


def slowly(request: Request) -> Evaluation:
    return replace(answer(request), seconds=MOST / 5)


def training(**changes: Any) -> ScriptedTrace:
    return ScriptedTrace([call(index, circuit(0.3 + 0.01 * index), OWN, **changes) for index in range(CALLS)])


def replayed(
    trace: Optional[ScriptedTrace] = None, evaluator: Optional[ScriptedEvaluator] = None, plan: Optional[Plan] = None
) -> tuple[Located, ScriptedEvaluator]:
    evaluator = evaluator or ScriptedEvaluator(METHODS[:2], backprop=slowly)
    return Replay(trace or training(), evaluator, plan or Plan()).finish(), evaluator


def asked_of_own(evaluator: ScriptedEvaluator) -> int:
    return len({float(r.circuit.parameters[0].value) for r in evaluator.requests if r.method == OWN})


# --- a slow method ----------------------------------------------------------------------------------------------------------


def test_a_slow_own_method_is_replayed_at_a_few_calls_and_the_others_at_all() -> None:
    found, evaluator = replayed()
    assert (found.verdict, found.replayed) == (Verdict.AGREE, CALLS)
    assert 1 < asked_of_own(evaluator) <= 8
    assert dict(found.sampled) == {OWN: asked_of_own(evaluator)}
    assert [note for note in found.notes if "what the script got of it" in note]


def test_a_short_run_of_a_slow_one_is_replayed_at_every_call() -> None:
    evaluator = ScriptedEvaluator(METHODS[:2], backprop=lambda request: replace(answer(request), seconds=MOST / 13))
    trace = training()
    trace.visible = 12
    found, _ = replayed(trace, evaluator)
    assert (asked_of_own(evaluator), found.sampled) == (12, ())


def test_a_quick_one_is_replayed_at_every_call() -> None:
    found, evaluator = replayed(evaluator=ScriptedEvaluator(METHODS[:2]))
    assert (asked_of_own(evaluator), found.sampled, found.notes) == (CALLS, (), ())


def test_so_is_a_slow_one_where_the_user_says_at_which_calls_methods_are_asked() -> None:
    assert asked_of_own(replayed(plan=Plan(every=1))[1]) == CALLS


def test_beside_the_record_methods_get_the_cotangents_that_came_back_and_no_other() -> None:
    _, evaluator = replayed()
    beside = [r for r in evaluator.requests if r.method == METHODS[1] and len(r.cotangents) == 1]
    assert len(beside) == CALLS - asked_of_own(evaluator)
    assert all(float(cotangent) == 1.0 for request in beside for (cotangent,) in request.cotangents if cotangent is not None)


def test_an_evaluation_without_a_backward_pass_has_its_results_compared_alone() -> None:
    found, evaluator = replayed(training(backwards=()))
    assert found.verdict is Verdict.AGREE
    assert sum(1 for r in evaluator.requests if r.method == METHODS[1] and not r.cotangents) == CALLS - asked_of_own(evaluator)


def test_what_parts_from_the_record_is_asked_of_the_method_itself() -> None:
    angle = 0.3 + 0.01 * 41

    def wrong_at_one(request: Request) -> Evaluation:
        return moved(answer(request), gradient=0.1 * (abs(float(request.circuit.parameters[0].value) - angle) < 1e-6))

    found, evaluator = replayed(evaluator=ScriptedEvaluator(METHODS[:2], backprop=slowly, adjoint=wrong_at_one))
    (error,) = [d for d in found.divergences if d.verdict is Verdict.ERROR]
    assert (error.call.index, error.calls, error.comparison.methods) == (41, (41,), METHODS[:2])
    assert any(r.method == OWN and float(r.circuit.parameters[0].value) == angle for r in evaluator.requests)


def test_a_record_that_is_not_what_the_method_gives_is_told() -> None:
    trace = training()
    trace.calls[41] = replace(trace.calls[41], outputs=(np.asarray(0.123),))
    found, _ = replayed(trace)
    assert [one.call for one in found.unfaithful] == [41]


def test_a_method_whose_first_replay_is_not_what_the_script_saw_has_no_record_to_stand_for_it() -> None:
    trace = training()
    trace.calls[:] = [replace(one, outputs=(np.asarray(0.123),)) for one in trace.calls]
    assert asked_of_own(replayed(trace)[1]) == CALLS


# --- a slow method of which the record does not tell all ---------------------------------------------------------------------


def chains(known: int = 0) -> ScriptedTrace:
    """Calls of forty numbers, of so many of which it is known what came back."""
    calls = []
    for index in range(FEWER):
        made = long_chains.chain(NUMBERS, index)
        configuration = replace(made.configuration, requested=SHIFT.diff_method, resolved=SHIFT.diff_method)
        backward = replace(made.backwards[0], exact=(*(True,) * known, *(False,) * (NUMBERS - known)))
        calls.append(replace(made, configuration=configuration, backwards=(backward,)))
    return ScriptedTrace(calls)


def slow_by_numbers(request: Request) -> Evaluation:
    """As parameter-shift is: four seconds for all numbers, and less for fewer."""
    return replace(long_chains.answer(request), seconds=4.0 * tracked_numbers(request.circuit) / NUMBERS)


def replayed_chains(trace: ScriptedTrace, **answers: Answer) -> tuple[Located, long_chains.ChainEvaluator]:
    evaluator = long_chains.ChainEvaluator((BACKPROP, SHIFT), **{"parameter_shift": slow_by_numbers, **answers})
    return Replay(trace, evaluator, Plan(in_flight=1)).finish(), evaluator


def test_it_is_asked_about_all_numbers_at_a_few_calls_about_some_at_more_and_the_results_are_compared_at_all() -> None:
    found, evaluator = replayed_chains(chains())
    assert (found.verdict, found.replayed) == (Verdict.AGREE, FEWER)
    asked = Counter(evaluator.numbers_asked("parameter-shift"))
    assert 1 < asked[NUMBERS] <= 2 + MOST / 4
    assert asked[NUMBERS] < asked[SAMPLED] <= 2 + MOST / 4 * NUMBERS / SAMPLED
    assert asked.total() < FEWER
    assert dict(found.sampled) == {SHIFT: asked.total()}
    assert {*found.parameters} == {(SHIFT, SAMPLED, NUMBERS), (BACKPROP, SAMPLED, NUMBERS)}


def test_an_error_in_all_numbers_is_found_at_every_call_at_which_it_is_asked() -> None:
    def wrong(request: Request) -> Evaluation:
        return moved(long_chains.answer(request), gradient=0.1)

    found, _ = replayed_chains(chains(), backprop=wrong)
    (error,) = [d for d in found.divergences if d.verdict is Verdict.ERROR]
    assert error.call.index == 0
    assert len(error.calls) > 5


def test_numbers_of_which_it_is_known_what_came_back_are_compared_at_every_call() -> None:
    angle = chains().calls[-2].circuit.parameters[0].value

    def wrong_late(request: Request) -> Evaluation:
        right = long_chains.answer(request)
        if not np.allclose(request.circuit.parameters[0].value, angle):
            return right
        return replace(right, vjps=tuple((row[0] + 0.1, *row[1:]) if len(row) == NUMBERS else row for row in right.vjps))

    found, _ = replayed_chains(chains(known=4), backprop=wrong_late)
    assert [d.call.index for d in found.divergences if d.verdict is Verdict.ERROR] == [FEWER - 2]
    assert replayed_chains(chains(known=0), backprop=wrong_late)[0].verdict is Verdict.AGREE


# --- what a record tells ----------------------------------------------------------------------------------------------------


def test_a_record_has_the_results_and_a_product_for_each_cotangent_that_came_back() -> None:
    one = call(0, circuit(0.3), OWN)
    record = recorded(one)
    assert record is not None
    told = record.evaluation
    assert (told.outputs, told.norms, told.seconds, record.known) == (one.outputs, (1.0,), 0.0, (0,))
    assert [float(gradient) for product in told.vjps for gradient in product] == [pytest.approx(-np.sin(0.3))]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda one: replace(one, backwards=(replace(one.backwards[0], exact=(False,)),)),
        lambda one: replace(one, backwards=(replace(one.backwards[0], gradients=(None,)),)),
        lambda one: replace(one, backwards=(Backward((np.asarray(1.0),)),)),
        lambda one: replace(one, backwards=()),
    ],
    ids=["shared", "unseen", "nothing came", "no pass"],
)
def test_where_no_gradient_is_the_calls_own_it_has_the_results_alone(spoil: Callable[[Call], Call]) -> None:
    record = recorded(spoil(call(0, circuit(0.3), OWN)))
    assert record is not None
    assert (record.known, record.evaluation.vjps) == ((), ())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda one: replace(one, backwards=(replace(one.backwards[0], create_graph=True),)),
        lambda one: replace(one, circuit=replace(one.circuit, shots=(100,))),
        lambda one: replace(one, configuration=replace(one.configuration, resolved="spsa")),
        lambda one: replace(one, configuration=replace(one.configuration, compiled="jit")),
        lambda one: replace(one, failure=Failure("ValueError", "no")),
        lambda one: replace(one, outputs=None),
    ],
    ids=["twice", "shots", "random", "compiled", "raised", "no results"],
)
def test_it_tells_nothing_where_another_evaluation_would_give_something_else(spoil: Callable[[Call], Call]) -> None:
    assert recorded(spoil(call(0, circuit(0.3), OWN))) is None


# --- a method that is not in time -------------------------------------------------------------------------------------------


def late(request: Request) -> Evaluation:
    return Evaluation(request.method, failure=Failure("TimeoutError", "it took longer than 60 s", stage="timeout"))


@pytest.mark.parametrize(("off", "verdict"), [(0.0, Verdict.AGREE), (0.1, Verdict.INCONCLUSIVE)])
def test_a_method_that_is_not_in_time_is_known_by_its_record_which_confirms_no_error(off: float, verdict: Verdict) -> None:
    evaluator = ScriptedEvaluator(METHODS[:2], backprop=late, adjoint=lambda r: moved(answer(r), gradient=off))
    found, _ = replayed(evaluator=evaluator)
    assert (found.verdict, found.replayed) == (verdict, CALLS)
    assert asked_of_own(evaluator) == 1

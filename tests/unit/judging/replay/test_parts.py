"""Circuits differentiated by many numbers: by all of them under cheap methods, by some of each kind under dear ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from qdiag.judging.parameter_samples import FEW, SAMPLED, sampled_parameters, tracked_numbers
from qdiag.judging.replay.located import Located
from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.replay import Replay
from qdiag.model.call import Call, Failure
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.element import trainable_names
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.unanswered import Reason
from qdiag.trace.keys import circuit_key
from tests.worlds.long_chains import ChainEvaluator, answer, chain, expanded, template
from tests.worlds.methods import ADJOINT, SHIFT, methods
from tests.worlds.scripted import ScriptedTrace, failed

NUMBERS = 2 * SAMPLED + 18


def located(evaluator: ChainEvaluator, numbers: int = NUMBERS, calls: int = 2) -> Located:
    return Replay(ScriptedTrace([chain(numbers, index) for index in range(calls)]), evaluator, Plan()).finish()


def wrong_by(name: str) -> Callable[[Request], Evaluation]:
    """A derivative that is off by one parameter, wherever it is differentiated by."""

    def evaluate(request: Request) -> Evaluation:
        right, names = answer(request), trainable_names(request.circuit)
        slips = [1e-3 if one == name else 0.0 for one in names]
        weights = [float(c[0]) for c in request.cotangents if c[0] is not None]
        vjps = tuple(tuple(np.asarray(g + weight * slip) for g, slip in zip(row, slips)) for row, weight in zip(right.vjps, weights))
        jacobian = right.jacobian and (tuple(np.asarray(g + slip) for g, slip in zip(right.jacobian[0], slips)),)
        return replace(right, vjps=vjps, jacobian=jacobian)

    return evaluate


def test_cheap_methods_see_every_parameter_and_dear_ones_a_few() -> None:
    evaluator = ChainEvaluator()
    found = located(evaluator)
    assert (found.verdict, found.divergences, found.unfaithful) == (Verdict.AGREE, (), ())
    assert {*evaluator.numbers_asked("adjoint")} == {NUMBERS}
    assert {*evaluator.numbers_asked("parameter-shift")} == {SAMPLED}
    assert found.parameters == ((SHIFT, SAMPLED, NUMBERS),)


def test_a_circuit_of_few_numbers_is_never_cut() -> None:
    evaluator = ChainEvaluator()
    assert located(evaluator, 2 * SAMPLED).parameters == ()
    assert {*evaluator.numbers_asked("parameter-shift")} == {2 * SAMPLED}


def slow(request: Request) -> Evaluation:
    """Right, and so late that shifting many numbers would take long."""
    return replace(answer(request), seconds=0.5)


@pytest.mark.parametrize(("numbers", "seen"), [(NUMBERS, FEW), (2 * FEW + 1, FEW), (2 * FEW, 2 * FEW)])
def test_of_a_circuit_whose_gradient_takes_long_fewer_are_seen(numbers: int, seen: int) -> None:
    evaluator = ChainEvaluator(backprop=slow)
    assert located(evaluator, numbers, calls=1).verdict is Verdict.AGREE
    assert {*evaluator.numbers_asked("parameter-shift")} == {seen}


def test_all_of_them_where_the_user_has_said_at_which_calls() -> None:
    evaluator = ChainEvaluator(backprop=slow)
    Replay(ScriptedTrace([chain(2 * SAMPLED)]), evaluator, Plan(every=1)).finish()
    assert {*evaluator.numbers_asked("parameter-shift")} == {2 * SAMPLED}


@pytest.mark.parametrize("name", ["RY#0", "RX#0"])
def test_a_dear_method_is_seen_wrong_in_what_holds_for_a_kind_of_operation(name: str) -> None:
    (one,) = located(ChainEvaluator(parameter_shift=wrong_by(name))).divergences
    assert (one.verdict, one.comparison.methods[1], one.signature) == (Verdict.ERROR, SHIFT, Signature.JACOBIAN)
    assert one.comparison.element is not None
    assert one.comparison.element.by == name
    assert len(one.call.circuit.trainable) == NUMBERS


def test_a_cheap_method_is_seen_wrong_in_any_parameter_and_the_dear_ones_are_asked_about_it() -> None:
    call = chain(NUMBERS)
    unseen = next(
        name
        for position, name in enumerate(trainable_names(call.circuit))
        if position not in sampled_parameters(call.circuit, circuit_key(call.circuit))
    )
    evaluator = ChainEvaluator(adjoint=wrong_by(unseen))
    (one,) = [d for d in located(evaluator, calls=1).divergences if d.verdict is Verdict.ERROR]
    assert one.comparison.methods[1] == ADJOINT
    asked = [request for request in evaluator.requests if request.method == SHIFT]
    assert all(unseen in trainable_names(request.circuit) for request in asked)


def test_two_methods_that_are_wrong_alike_in_a_parameter_are_one_divergence() -> None:
    found = located(ChainEvaluator(adjoint=wrong_by("RX#0"), parameter_shift=wrong_by("RX#0")))
    assert len([d for d in found.divergences if d.verdict is Verdict.ERROR]) == 1


def test_where_results_are_others_when_less_is_tracked_every_method_is_asked_about_the_whole() -> None:
    def tracked_differently(request: Request) -> Evaluation:
        right = answer(request)
        assert right.outputs is not None
        return replace(right, outputs=(right.outputs[0] + 0.1 * (len(request.circuit.trainable) < NUMBERS),))

    evaluator = ChainEvaluator(backprop=tracked_differently, adjoint=tracked_differently, parameter_shift=tracked_differently)
    found = located(evaluator)
    assert (found.verdict, found.parameters) == (Verdict.AGREE, ())
    assert NUMBERS in evaluator.numbers_asked("parameter-shift")


def test_where_the_scripts_own_method_raises_dear_methods_are_asked_all_the_same() -> None:
    call = replace(chain(NUMBERS), outputs=None, backwards=(), failure=Failure("DeviceError", "no"))
    evaluator = ChainEvaluator(backprop=lambda request: failed(request.method), adjoint=lambda request: failed(request.method))
    (one,) = Replay(ScriptedTrace([call]), evaluator, Plan()).finish().divergences
    assert (one.signature, one.comparison.methods[1]) == (Signature.RAISE, SHIFT)
    assert {*evaluator.numbers_asked("parameter-shift")} == {SAMPLED}


# --- where the script's own method is too slow for all of them --------------------------------------------------------------


def shifted(numbers: int, index: int = 0) -> Call:
    """A call whose own method takes parameters one by one."""
    made = chain(numbers, index)
    return replace(made, configuration=replace(made.configuration, requested="parameter-shift", resolved="parameter-shift"))


def in_time_for(most: int) -> Callable[[Request], Evaluation]:
    """The right answer by so many numbers at most, and none in time by more."""
    late = Failure("TimeoutError", "the evaluation took longer than 60 s", stage="timeout")
    return lambda r: answer(r) if tracked_numbers(r.circuit) <= most else Evaluation(r.method, failure=late)


def found_of(evaluator: ChainEvaluator, numbers: int = NUMBERS, calls: int = 3) -> Located:
    return Replay(ScriptedTrace([shifted(numbers, index) for index in range(calls)]), evaluator, Plan(in_flight=1)).finish()


def test_a_method_of_the_script_that_is_not_in_time_is_asked_about_a_few_parameters_as_all_others_are() -> None:
    evaluator = ChainEvaluator(parameter_shift=in_time_for(SAMPLED))
    found = found_of(evaluator)
    assert (found.verdict, found.replayed, found.divergences, found.unanswered) == (Verdict.AGREE, 3, (), ())
    assert {(method.diff_method, *some) for method, *some in found.parameters} == {
        (name, SAMPLED, NUMBERS) for name in ("parameter-shift", *{r.method.diff_method for r in evaluator.requests})
    }


def test_it_is_waited_for_once() -> None:
    evaluator = ChainEvaluator(parameter_shift=in_time_for(SAMPLED))
    found_of(evaluator)
    assert evaluator.numbers_asked("parameter-shift").count(NUMBERS) == 1


def test_an_error_shows_in_the_few_parameters() -> None:
    def wrong(request: Request) -> Evaluation:
        given = in_time_for(SAMPLED)(request)
        return given if given.failure is not None else wrong_by("RX#0")(request)

    (one,) = [d for d in found_of(ChainEvaluator(parameter_shift=wrong)).divergences if d.verdict is Verdict.ERROR]
    assert one.comparison.methods[0] == SHIFT
    assert one.comparison.element is not None
    assert one.comparison.element.by == "RX#0"


@pytest.mark.parametrize("numbers", [NUMBERS, 2 * SAMPLED - 1])
def test_one_that_is_in_time_for_none_is_known_by_its_record_and_not_waited_for_again(numbers: int) -> None:
    evaluator = ChainEvaluator(parameter_shift=in_time_for(0))
    found = found_of(evaluator, numbers)
    assert (found.verdict, found.replayed, found.divergences, found.unanswered) == (Verdict.AGREE, 3, (), ())
    assert len(evaluator.numbers_asked("parameter-shift")) <= 2


@pytest.mark.parametrize("numbers", [NUMBERS, 2 * SAMPLED - 1])
def test_and_where_its_record_does_not_tell_nothing_is_compared(numbers: int) -> None:
    evaluator = ChainEvaluator(parameter_shift=in_time_for(0))
    calls = [shifted(numbers, index) for index in range(3)]
    unseen = [replace(one, backwards=tuple(replace(back, exact=()) for back in one.backwards)) for one in calls]
    found = Replay(ScriptedTrace(unseen), evaluator, Plan(in_flight=1)).finish()
    assert (found.verdict, found.replayed, found.divergences) == (Verdict.INCONCLUSIVE, 0, ())
    assert [(one.method, one.reason, one.calls) for one in found.unanswered] == [(SHIFT, Reason.NOT_IN_TIME, (0, 1, 2))]
    assert len(evaluator.requests) <= 2 * len(evaluator.methods)


# --- templates, whose arrays are one parameter each -------------------------------------------------------------------------


def of_templates(evaluator: ChainEvaluator, own: str = "backprop", calls: int = 2, dtype: str = "float64") -> Located:
    made = [template(NUMBERS, index, dtype) for index in range(calls)]
    ran = [replace(call, configuration=replace(call.configuration, requested=own, resolved=own)) for call in made]
    return Replay(ScriptedTrace(ran), evaluator, Plan(in_flight=1)).finish()


def test_dear_methods_see_a_few_numbers_of_a_templates_array() -> None:
    evaluator = ChainEvaluator()
    found = of_templates(evaluator)
    assert (found.verdict, found.divergences, found.unfaithful, found.unanswered) == (Verdict.AGREE, (), (), ())
    assert {*evaluator.numbers_asked("adjoint")} == {NUMBERS}
    assert {*evaluator.numbers_asked("parameter-shift")} == {SAMPLED}
    assert found.parameters == ((SHIFT, SAMPLED, NUMBERS),)


def test_a_dear_method_that_is_wrong_in_them_is_asked_about_the_array_and_is_wrong_there() -> None:
    def wrong(request: Request) -> Evaluation:
        right = answer(request)
        slip = 1e-3
        vjps = tuple(tuple(np.asarray(g + slip) for g in row) for row in right.vjps)
        jacobian = right.jacobian and tuple(tuple(np.asarray(g + slip) for g in row) for row in right.jacobian)
        return replace(right, vjps=vjps, jacobian=jacobian)

    (one,) = [d for d in of_templates(ChainEvaluator(parameter_shift=wrong)).divergences if d.verdict is Verdict.ERROR]
    assert (one.comparison.methods[1], [node.name for node in one.call.circuit.operations]) == (SHIFT, ["Layers"])
    assert one.comparison.element is not None
    assert one.comparison.element.by == "Layers#0"


def test_rounding_in_them_names_no_number_that_the_circuit_has_not() -> None:
    def rounded(request: Request) -> Evaluation:
        right = answer(request)
        return replace(right, vjps=tuple(tuple(np.asarray(g + 1e-8) for g in row) for row in right.vjps))

    found = of_templates(ChainEvaluator(methods("default.qubit/parameter-shift"), parameter_shift=rounded), dtype="float32")
    (one,) = found.divergences
    assert (one.verdict, one.comparison.element) == (Verdict.ROUNDING, None)


def test_a_method_that_refuses_the_parts_is_asked_about_the_array() -> None:
    def refusing(request: Request) -> Evaluation:
        return answer(request) if expanded(request.circuit) is not None else failed(request.method)

    evaluator = ChainEvaluator(parameter_shift=refusing)
    assert of_templates(evaluator).verdict is Verdict.AGREE
    assert NUMBERS in evaluator.numbers_asked("parameter-shift")


def test_a_method_that_is_late_about_a_few_numbers_is_not_asked_about_the_array() -> None:
    evaluator = ChainEvaluator(parameter_shift=in_time_for(0))
    found = of_templates(evaluator)
    assert {*evaluator.numbers_asked("parameter-shift")} == {SAMPLED}
    assert [(one.method, one.reason) for one in found.unanswered] == [(SHIFT, Reason.NOT_IN_TIME)]


def test_a_method_of_the_script_that_is_not_in_time_for_the_array_is_asked_about_a_few_numbers_of_it() -> None:
    evaluator = ChainEvaluator(parameter_shift=in_time_for(SAMPLED))
    found = of_templates(evaluator, own="parameter-shift")
    assert (found.verdict, found.replayed, found.divergences, found.unanswered) == (Verdict.AGREE, 2, (), ())
    assert evaluator.numbers_asked("parameter-shift").count(NUMBERS) == 1

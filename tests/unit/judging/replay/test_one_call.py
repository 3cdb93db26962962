"""One call under several methods: what is asked, what is compared, and whether the replay is what the script saw."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.judging.replay.call_result import CallResult
from qdiag.judging.replay.fidelity import unfaithfulness
from qdiag.judging.replay.one_call import replay_call
from qdiag.judging.replay.parts import Parts
from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.questions import MOST_PRODUCTS, MOST_PRODUCTS_CLOSER, compare_with_own, cotangents_of, request_of
from qdiag.model.call import Backward, Call, Failure
from qdiag.model.comparison import Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.measured import Measured
from qdiag.model.method import Method, parse
from qdiag.model.node import Node
from qdiag.trace.keys import circuit_key
from tests.worlds.methods import ADJOINT, BACKPROP, DIFFERENCES, SHIFT
from tests.worlds.scripted import answer, call, circuit, failed, moved

Answers = dict[Method, Callable[[Request], Evaluation]]
PLAN = Plan()


def replayed(
    made: Call,
    others: tuple[Method, ...] = (ADJOINT, SHIFT),
    *,
    thorough: bool = True,
    plan: Plan = PLAN,
    **by: Callable[[Request], Evaluation],
) -> tuple[CallResult, list[tuple[Request, ...]]]:
    """What one call comes to, and what was asked for, round by round; answers are right but for those given by name."""
    answers = {name.replace("_", "-"): given for name, given in by.items()}
    rounds: list[tuple[Request, ...]] = []
    judging = replay_call(made, circuit_key(made.circuit), others, plan, Parts(), thorough=thorough)
    requests = next(judging)
    while True:
        rounds.append(requests)
        try:
            requests = judging.send(tuple(answers.get(r.method.diff_method, answer)(r) for r in requests))
        except StopIteration as stop:
            return stop.value, rounds


def silent(request: Request) -> Evaluation:
    """The recorded output, and nothing to compare beside it."""
    return Evaluation(request.method, (np.array(math.cos(0.3)),))


CALL = call(0, circuit(0.3))


# --- what is asked ------------------------------------------------------------------------------------------------------------


def test_all_methods_are_asked_the_same_question_the_own_one_first() -> None:
    _, ((own, *others),) = replayed(CALL)
    assert [request.method for request in (own, *others)] == [BACKPROP, ADJOINT, SHIFT]
    for request in others:
        assert replace(request, method=own.method).cotangents is own.cotangents
        assert (request.jacobian, request.seed, request.interface) == (own.jacobian, own.seed, own.interface)


def test_of_a_quantum_function_that_raised_there_is_no_circuit_to_ask_other_methods_about() -> None:
    raised = replace(CALL, outputs=None, backwards=(), failure=Failure("KeyError", "2", stage="build"))
    result, ((own,),) = replayed(raised)
    assert own.method == BACKPROP
    assert (result.sides, result.refused, result.failure) == ((), (), raised.failure)


def test_of_a_call_that_raised_the_own_method_gets_no_wire_that_the_scripts_device_did_not_have() -> None:
    _, ((own, *others), *_) = replayed(replace(CALL, outputs=None, backwards=(), failure=Failure("WireError", "no free wire")))
    assert (own.as_wired, {request.as_wired for request in others}) == (True, {False})
    _, ((own, *_),) = replayed(CALL)
    assert not own.as_wired


@pytest.mark.parametrize("thorough", [True, False])
def test_the_full_jacobian_is_formed_where_one_looks_thoroughly(thorough: bool) -> None:
    _, (first, *_) = replayed(CALL, thorough=thorough)
    assert {request.jacobian for request in first} == {thorough}


@pytest.mark.parametrize(("size", "formed"), [(MOST_PRODUCTS, True), (MOST_PRODUCTS + 1, False)])
def test_a_jacobian_of_too_many_results_is_not_formed(size: int, formed: bool) -> None:
    wide = replace(CALL, outputs=(np.zeros(size),), backwards=())
    _, (first, *_) = replayed(wide, (), thorough=True, backprop=silent)
    assert first[0].jacobian is formed


def test_a_complex_result_takes_two_products() -> None:
    wide = replace(CALL, outputs=(np.zeros(MOST_PRODUCTS // 2 + 1, complex),), backwards=())
    _, (first, *_) = replayed(wide, (), thorough=True, backprop=silent)
    assert not first[0].jacobian


def test_nothing_trainable_is_nothing_to_differentiate() -> None:
    made = replace(CALL.circuit, operations=(Node("RY", (replace(CALL.circuit.parameters[0], trainable=False),), None, (0,)),))
    _, (first, *_) = replayed(replace(CALL, circuit=made))
    assert (first[0].jacobian, first[0].cotangents) == (False, ())


def test_what_the_script_differentiates_twice_is_differentiated_twice_where_one_looks_thoroughly() -> None:
    twice = replace(CALL, backwards=(replace(CALL.backwards[0], create_graph=True),))
    for thorough in (True, False):
        _, (first, *_) = replayed(twice, thorough=thorough)
        assert first[0].second is thorough


def test_seed_and_trust_are_the_plans() -> None:
    request = request_of(CALL, Plan(seed=7, trusted=True), (), jacobian=False)
    assert (request.seed, request.trusted) == (7, True)


@pytest.mark.parametrize(
    "odd", [replace(CALL, circuit=circuit(np.nan)), replace(CALL, circuit=replace(CALL.circuit, measurements=(Node("SampleMP"),)))]
)
def test_numbers_that_are_none_and_raw_samples_are_nothing_to_compare(odd: Call) -> None:
    result, rounds = replayed(odd, backprop=lambda request: Evaluation(request.method, (np.array(np.nan),)))
    assert [request.method for request in rounds[0]] == [BACKPROP]
    assert result.sides == ()


# --- cotangents -------------------------------------------------------------------------------------------------------------------


def test_the_recorded_cotangents_come_first_and_then_a_random_one_of_length_one() -> None:
    given_back = tuple(Backward((np.array(float(k)),), (None,), (False,)) for k in (2, 3))
    found = cotangents_of(replace(CALL, backwards=given_back), circuit_key(CALL.circuit))
    assert [float(c[0]) for c in found[:2] if c[0] is not None] == [2.0, 3.0]
    assert found[2][0] is not None
    assert abs(float(found[2][0])) == pytest.approx(1)


def test_a_pass_that_brought_nothing_is_no_cotangent() -> None:
    empty = replace(CALL, backwards=(Backward((None,), (None,), (False,)),))
    assert len(cotangents_of(empty, circuit_key(CALL.circuit))) == 1


@pytest.mark.parametrize("number", [float("inf"), float("nan")])
def test_what_a_loss_that_is_not_finite_sent_back_is_not_held_against_the_replay(number: float) -> None:
    sent = (Backward((np.asarray(number),), (np.asarray(number),), (True,)), Backward((np.asarray(2.0),), (np.asarray(0.5),), (True,)))
    own = Evaluation(BACKPROP, CALL.outputs, ((np.asarray(0.5),), (np.asarray(0.1),)))
    assert unfaithfulness(replace(CALL, backwards=sent), own) is None


@pytest.mark.parametrize("number", [float("inf"), float("nan")])
def test_what_a_loss_that_is_not_finite_sent_back_compares_nothing(number: float) -> None:
    sent = Backward((np.asarray(number),))
    (drawn,) = cotangents_of(replace(CALL, backwards=(sent,)), circuit_key(CALL.circuit))
    assert drawn[0] is not None
    assert np.isfinite(drawn[0]).all()


@given(st.integers(1, 5), st.booleans())
def test_the_random_cotangent_has_the_shape_and_kind_of_the_outputs_and_length_one(size: int, is_complex: bool) -> None:
    outputs = (np.zeros(size, complex if is_complex else float), np.zeros((2, size)), np.zeros(3, int))
    (found,) = cotangents_of(replace(CALL, outputs=outputs, backwards=()), "0123456789abcdef" * 4)
    assert found[2] is None
    for cotangent, output in zip(found[:2], outputs):
        assert cotangent is not None
        assert (cotangent.shape, cotangent.dtype) == (output.shape, output.dtype)
    assert sum(np.sum(np.abs(c) ** 2) for c in found if c is not None) == pytest.approx(1)


def test_it_depends_on_the_circuit_alone() -> None:
    wide = replace(CALL, outputs=(np.zeros(5),), backwards=())
    keys = ("ab" * 32, "ab" * 32, "cd" * 32)
    one, same, other = (str(cotangents_of(replace(wide, index=i), key)) for i, key in enumerate(keys))
    assert one == same != other


def test_raw_samples_have_no_cotangent() -> None:
    sampled = replace(CALL, circuit=replace(CALL.circuit, measurements=(Node("SampleMP"),)), backwards=())
    assert cotangents_of(sampled, "ab" * 32) == ()


@pytest.mark.parametrize("made", [replace(CALL, outputs=None), replace(CALL, outputs=(), backwards=())])
def test_without_outputs_there_is_none(made: Call) -> None:
    assert cotangents_of(made, "ab" * 32) == ()


# --- what is compared -----------------------------------------------------------------------------------------------------------------


def test_methods_that_give_numbers_are_sides_and_those_that_refuse_are_named_with_their_failure() -> None:
    result, _ = replayed(CALL, adjoint=lambda request: failed(request.method, message="no such gate"))
    assert [side.method for side in result.sides] == [SHIFT]
    assert [(method, failure.message) for method, failure in result.refused] == [(ADJOINT, "no such gate")]
    assert result.methods == (BACKPROP, SHIFT, ADJOINT)


def test_a_method_that_breaks_down_on_the_way_back_has_its_outputs_compared() -> None:
    def half(request: Request) -> Evaluation:
        return replace(moved(answer(request), output=0.1), failure=Failure("ValueError", "no gradient", stage="backward"))

    result, _ = replayed(CALL, adjoint=half)
    side = next(side for side in result.sides if side.method == ADJOINT)
    assert (side.comparison.verdict, side.comparison.where) == (Verdict.ERROR, "output")
    assert [method for method, _ in result.refused] == [ADJOINT]


def test_where_the_own_method_fails_what_others_give_is_held_against_its_failure() -> None:
    result, _ = replayed(CALL, backprop=lambda request: failed(request.method))
    assert {side.comparison.where for side in result.sides} == {"raise"}


def test_a_product_that_is_off_is_looked_at_closer_with_the_full_jacobian() -> None:
    result, rounds = replayed(CALL, thorough=False, adjoint=lambda request: moved(answer(request), gradient=0.1))
    assert len(rounds) == 2
    assert [(request.method, request.jacobian) for request in rounds[1]] == [(BACKPROP, True), (ADJOINT, True)]
    side = next(side for side in result.sides if side.method == ADJOINT)
    assert side.comparison.where == "jacobian"


def test_a_closer_look_that_shows_nothing_leaves_what_was_seen() -> None:
    def without_jacobian(request: Request) -> Evaluation:
        return answer(request) if request.jacobian else moved(answer(request), gradient=0.1)

    result, _ = replayed(CALL, thorough=False, adjoint=without_jacobian)
    side = next(side for side in result.sides if side.method == ADJOINT)
    assert (side.comparison.verdict, side.comparison.where) == (Verdict.ERROR, "vjp")


def test_where_a_closer_look_takes_too_many_products_there_is_none() -> None:
    size = MOST_PRODUCTS_CLOSER + 1

    def wide(request: Request) -> Evaluation:
        off = 0.1 if request.method == ADJOINT else 0.0
        return Evaluation(request.method, (np.zeros(size),), tuple((np.array(0.5 + off),) for _ in request.cotangents), norms=(1.0,))

    made = replace(CALL, outputs=(np.zeros(size),), backwards=())
    result, rounds = replayed(made, (ADJOINT,), thorough=False, backprop=wide, adjoint=wide)
    assert len(rounds) == 1
    assert result.sides[0].comparison.where == "vjp"


def test_a_sampled_call_without_partners_is_held_against_itself_with_another_seed() -> None:
    made = call(0, circuit(0.3, shots=(100,)))
    result, rounds = replayed(made, (), plan=Plan(seed=5))
    assert [request.seed for request in rounds[1]] == [6]
    assert [side.method for side in result.sides] == [BACKPROP]
    assert len(replayed(made, (ADJOINT,))[1]) == 1


def test_so_it_is_beside_a_partner_that_breaks_down_on_its_way_back() -> None:
    made = call(0, circuit(0.3, shots=(100,)))

    def broken(request: Request) -> Evaluation:
        return replace(silent(request), failure=Failure("GeneratorUndefinedError", "no generator", stage="backward"))

    result, rounds = replayed(made, (ADJOINT,), plan=Plan(seed=5), adjoint=broken)
    assert [request.seed for request in rounds[-1]] == [6]
    assert BACKPROP in [side.method for side in result.sides]


def test_what_a_transform_makes_of_several_circuits_is_not_compared() -> None:
    noted = replace(CALL, circuit=replace(CALL.circuit, notes=("batch transform",)), outputs=(np.zeros(3),))
    result, _ = replayed(noted, (ADJOINT,), backprop=silent, adjoint=silent)
    assert (result.made_over, result.sides, result.unfaithful) == (True, (), None)
    same = replace(noted, outputs=CALL.outputs)
    assert not replayed(same)[0].made_over


def test_what_a_transform_makes_of_another_kind_is_not_even_evaluated() -> None:
    remade = replace(CALL, configuration=replace(CALL.configuration, transforms=("metric_tensor",)))
    with pytest.raises(StopIteration) as ended:
        next(replay_call(remade, "key", (ADJOINT,), PLAN, Parts(), thorough=True))
    result = ended.value.value
    assert (result.made_over, result.own.method) == (True, BACKPROP)


def test_a_judgement_without_its_arrays_keeps_what_was_found() -> None:
    result, _ = replayed(CALL, adjoint=lambda request: moved(answer(request), gradient=0.1), parameter_shift=lambda r: failed(r.method))
    bare = result.without_arrays()
    assert bare.own.outputs is None
    assert bare.cotangents == ()
    assert [side.comparison for side in bare.sides] == [side.comparison for side in result.sides]
    assert all(side.evaluation.outputs is None and side.evaluation.seconds == 0.1 for side in bare.sides)
    assert (bare.methods, bare.refused) == (result.methods, result.refused)


def test_the_users_own_exception_stands_before_those_of_others() -> None:
    failure = Failure("ValueError", "the user's")
    result, _ = replayed(replace(CALL, failure=failure), adjoint=lambda request: failed(request.method))
    assert [method for method, _ in result.raised] == [BACKPROP, ADJOINT]
    assert result.raised[0][1] is failure


def test_compared_without_any_other_is_nothing() -> None:
    assert compare_with_own(CALL.circuit, Evaluation(BACKPROP), (), PLAN, ()) == ((), ())


# --- faithful or not ------------------------------------------------------------------------------------------------------------------


def own(made: Call = CALL, output: float = 0.0, gradient: float = 0.0) -> Evaluation:
    return moved(answer(request_of(made, PLAN, tuple(b.cotangents for b in made.backwards), jacobian=False)), output, gradient)


def test_a_replay_that_gives_the_record_bit_for_bit_is_faithful() -> None:
    assert unfaithfulness(CALL, own()) is None


def test_samples_are_never_the_same_twice() -> None:
    assert unfaithfulness(CALL, replace(own(output=0.1), measured=Measured(samples=100))) is None


def test_a_call_that_is_not_replayed_at_all_is_not_unfaithful() -> None:
    words = "the jax interface is recorded but not replayed"
    within = ("qdiag.bridges.interfaces.choice:interface_for:30",)
    refused = Evaluation(BACKPROP, failure=Failure("MethodError", words, within, refusal=True))
    assert unfaithfulness(CALL, refused) is None


@pytest.mark.parametrize("stage", ["timeout", "worker"])
def test_a_replay_that_was_not_made_in_time_or_was_lost_is_not_unfaithful(stage: str) -> None:
    late = Evaluation(CALL.method, failure=Failure("TimeoutError", "the budget was spent", stage=stage))
    assert unfaithfulness(CALL, late) is None


@pytest.mark.parametrize(
    ("output", "gradient", "explained", "what"),
    [
        (1e-15, 0.0, True, "output is off by 1e-15"),
        (0.1, 0.0, False, "output is off by 0.1"),
        (0.0, 0.25, False, "d loss / d RY#0 is off by 0.25"),
    ],
)
def test_one_that_is_off_says_by_how_much_and_whether_rounding_explains_it(
    output: float, gradient: float, explained: bool, what: str
) -> None:
    found = unfaithfulness(CALL, own(output=output, gradient=gradient))
    assert found is not None
    assert (found.call, found.explained) == (0, explained)
    assert found.what.startswith(what)


def test_one_that_is_off_by_an_ulp_in_its_gradient_names_the_gradient() -> None:
    found = unfaithfulness(CALL, own(gradient=1e-15))
    assert found is not None
    assert found.what.startswith("d loss / d RY#0 is off by")


@pytest.mark.parametrize("differenced", [True, False])
def test_what_silent_differences_make_of_rounding_is_explained_where_there_are_any(differenced: bool) -> None:
    under_shift = replace(own(gradient=1e-9), method=SHIFT, differenced=differenced)
    found = unfaithfulness(CALL, under_shift)
    assert found is not None
    assert found.explained is differenced


def test_a_gradient_that_is_not_the_calls_own_is_not_held_against_it() -> None:
    shared = replace(CALL, backwards=(replace(CALL.backwards[0], exact=(False,)),))
    assert unfaithfulness(shared, own(gradient=0.25)) is None
    unseen = replace(CALL, backwards=(replace(CALL.backwards[0], gradients=(None,)),))
    assert unfaithfulness(unseen, own(gradient=0.25)) is None


def test_after_a_pass_that_is_differentiated_itself_gradients_are_no_products() -> None:
    passes = (replace(CALL.backwards[0], create_graph=True), CALL.backwards[0])
    made = replace(CALL, backwards=passes)
    off = own(made)
    second = replace(off, vjps=(off.vjps[0], (np.asarray(off.vjps[1][0] + 0.25),)))
    assert unfaithfulness(made, second) is None
    first = replace(off, vjps=((np.asarray(off.vjps[0][0] + 0.25),), off.vjps[1]))
    assert unfaithfulness(made, first) is not None


@pytest.mark.parametrize(
    ("made", "replayed_as", "explained"),
    [
        (replace(CALL, failure=Failure("ValueError", "no")), own(), True),
        (CALL, failed(BACKPROP), False),
    ],
    ids=["raised then and not now", "raises now and not then"],
)
def test_an_exception_on_one_side_alone_is_a_difference(made: Call, replayed_as: Evaluation, explained: bool) -> None:
    found = unfaithfulness(made, replayed_as)
    assert found is not None
    assert found.explained is explained
    assert "raise" in found.what


def test_the_same_exception_on_both_sides_is_none() -> None:
    raised = replace(CALL, outputs=None, failure=Failure("ValueError", "no"))
    assert unfaithfulness(raised, failed(BACKPROP)) is None


def test_samples_are_never_the_same_and_drawn_gradients_are_not_either() -> None:
    assert unfaithfulness(call(0, circuit(0.3, shots=(100,))), own(output=0.1)) is None
    drawn = call(0, circuit(0.3), parse("default.qubit/spsa"))
    assert unfaithfulness(drawn, own(drawn, gradient=0.3)) is None
    assert unfaithfulness(drawn, own(drawn, output=0.1)) is not None


def test_finite_differences_blow_up_the_rounding_of_their_outputs() -> None:
    """In single precision two runs are 1e-7 apart, and the quotient divides that by a step of 1e-7."""
    made = call(0, circuit(0.3, "float32"), DIFFERENCES)
    found = unfaithfulness(made, own(made, gradient=0.25))
    assert found is not None
    assert found.explained
    exact = call(0, circuit(0.3, "float32"), SHIFT)
    found = unfaithfulness(exact, own(exact, gradient=0.25))
    assert found is not None
    assert not found.explained


# --- calls that were compiled -----------------------------------------------------------------------------------------------

COMPILED = replace(BACKPROP, compiled="jit")


def compiled_call(**changes: Any) -> Call:
    made = replace(CALL, configuration=replace(CALL.configuration, compiled="jit"))
    return replace(made, **changes)


def by_compiling(plain: Callable[[Request], Evaluation], compiled: Callable[[Request], Evaluation]) -> Callable[[Request], Evaluation]:
    return lambda request: compiled(request) if request.method.compiled else plain(request)


def refuse(request: Request) -> Evaluation:
    return failed(request.method, refusal=False, message="tuple index out of range")


RAISED: dict[str, Any] = {"failure": Failure("IndexError", "tuple index out of range"), "outputs": None, "backwards": ()}


def test_a_compiled_call_that_is_right_without_compiling_is_not_compiled() -> None:
    result, rounds = replayed(compiled_call(), (ADJOINT,))
    assert result.own.method == BACKPROP
    assert not any(request.method.compiled for asked in rounds for request in asked)


def test_one_that_raised_is_compiled_where_it_does_not_raise_otherwise_and_stands_beside_itself() -> None:
    result, _ = replayed(compiled_call(**RAISED), (ADJOINT,), backprop=by_compiling(answer, refuse))
    assert result.own.method == COMPILED
    assert [side.method for side in result.sides if side.evaluation.failure is None] == [BACKPROP, ADJOINT]


def test_one_that_raises_either_way_is_that_of_its_method() -> None:
    result, _ = replayed(compiled_call(**RAISED), (ADJOINT,), backprop=by_compiling(refuse, refuse))
    assert result.own.method == BACKPROP


def test_one_that_raises_in_no_replay_is_not_compilings() -> None:
    result, _ = replayed(compiled_call(**RAISED), (ADJOINT,))
    assert result.own.method == BACKPROP


def test_other_numbers_are_compilings_where_it_gives_what_the_script_got() -> None:
    off = compiled_call(outputs=(np.asarray(math.cos(0.3) + 0.1),), backwards=())
    result, _ = replayed(off, (ADJOINT,), backprop=by_compiling(answer, lambda request: moved(answer(request), output=0.1)))
    assert (result.own.method, result.unfaithful) == (COMPILED, None)
    (plain, other) = result.sides
    assert (plain.method, plain.comparison.verdict, other.method) == (BACKPROP, Verdict.ERROR, ADJOINT)


def test_other_numbers_that_compiling_does_not_give_either_stay_unfaithful() -> None:
    result, _ = replayed(compiled_call(outputs=(np.asarray(math.cos(0.3) + 0.1),), backwards=()), (ADJOINT,))
    assert result.own.method == BACKPROP
    assert result.unfaithful is not None


def test_what_was_compiled_already_is_not_compiled_again() -> None:
    off = compiled_call(outputs=(np.asarray(math.cos(0.3) + 0.1),), backwards=())
    wrong = by_compiling(answer, lambda request: moved(answer(request), output=0.1))
    result, rounds = replayed(off, (ADJOINT, COMPILED), backprop=wrong)
    assert sum(1 for asked in rounds for request in asked if request.method.compiled) == 1
    assert [side.method for side in result.sides] == [BACKPROP, ADJOINT]


@pytest.mark.parametrize("stage", ["timeout", "worker"])
def test_beside_what_was_not_in_time_or_was_lost_nothing_is_an_error(stage: str) -> None:
    gone = Evaluation(BACKPROP, failure=Failure("ProcessExpired", "gone", stage=stage))
    request = Request(CALL.circuit, ADJOINT)
    assert compare_with_own(CALL.circuit, gone, [answer(request)], PLAN, ()) == ((), ())

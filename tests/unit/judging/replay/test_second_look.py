"""A closer look at an error: whether it is there twice, and whether the reference itself moves as far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from qdiag.judging.replay.call_result import CallResult
from qdiag.judging.replay.differences import Difference, differences
from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.questions import compare_with_own
from qdiag.judging.replay.second_look import POINTS, look_closer
from qdiag.model.call import Call, Failure
from qdiag.model.comparison import Comparison, Signature, Tolerance, Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method, parse
from qdiag.trace.keys import circuit_key
from tests.worlds.methods import ADJOINT, BACKPROP, DIFFERENCES, SHIFT
from tests.worlds.scripted import answer, call, circuit, failed, moved

Answer = Callable[[Request], Evaluation]
ONE = ((np.asarray(1.0),),)
KNOWN = (BACKPROP, ADJOINT, SHIFT)
PLAN = Plan()


def look(
    made: Call,
    own: Answer,
    other: Answer,
    *,
    known: tuple[Method, ...] = KNOWN,
    plan: Plan = PLAN,
    reference: Answer = answer,
) -> tuple[Difference, list[tuple[Request, ...]]]:
    """What becomes of the difference between backprop and adjoint, and what was asked for on the way."""
    asked = Request(made.circuit, BACKPROP, cotangents=ONE, jacobian=True)
    mine, theirs = own(asked), other(replace(asked, method=ADJOINT))
    sides, _ = compare_with_own(made.circuit, mine, [theirs], plan, ONE)
    result = CallResult(made.index, circuit_key(made.circuit), mine, ONE, sides)
    (found,) = differences(result, made)
    answers = {BACKPROP: own, ADJOINT: other}
    looking = look_closer(found, result, made, known, plan)
    rounds: list[tuple[Request, ...]] = []
    try:
        requests = next(looking)
        while True:
            rounds.append(requests)
            requests = looking.send(tuple(answers.get(r.method, reference)(r) for r in requests))
    except StopIteration as stop:
        return stop.value, rounds


def off(output: float = 0.0, gradient: float = 0.0) -> Answer:
    return lambda request: moved(answer(request), output, gradient)


CALL = call(0, circuit(0.3))
SINGLE = call(0, circuit(0.3, "float32"))


# --- is it there twice? -------------------------------------------------------------------------------------------------


def test_an_error_that_is_there_twice_at_a_point_where_the_reference_stands_still_is_one() -> None:
    found, _ = look(CALL, answer, off(gradient=0.1))
    assert (found.comparison.verdict, found.comparison.where) == (Verdict.ERROR, "jacobian")


def test_both_are_evaluated_twice_as_questions_that_no_cache_answers() -> None:
    _, (first, *_) = look(CALL, answer, off(gradient=0.1))
    assert [(r.method, r.repetition) for r in first] == [(BACKPROP, 0), (BACKPROP, 1), (ADJOINT, 0), (ADJOINT, 1)]
    assert all(request.jacobian for request in first)


@pytest.mark.parametrize("unsteady", [BACKPROP, ADJOINT])
def test_a_method_that_gives_something_else_each_time_makes_no_error(unsteady: Method) -> None:
    def each_time(request: Request) -> Evaluation:
        return moved(answer(request), gradient=0.1 * (1 + request.repetition))

    sides = {BACKPROP: answer, ADJOINT: off(gradient=-0.5)}
    sides[unsteady] = each_time
    found, rounds = look(CALL, sides[BACKPROP], sides[ADJOINT])
    assert found.comparison.verdict is Verdict.INCONCLUSIVE
    assert found.comparison.detail.startswith(f"{unsteady} is not deterministic")
    assert len(rounds) == 1


@pytest.mark.parametrize(("moves", "verdict"), [(1e-9, Verdict.ERROR), (1e-2, Verdict.INCONCLUSIVE)])
def test_a_method_that_is_wrong_by_far_more_than_it_moves_is_wrong_each_time(moves: float, verdict: Verdict) -> None:
    def nearly_the_same(request: Request) -> Evaluation:
        return moved(answer(request), gradient=0.1 + moves * request.repetition)

    found, _ = look(CALL, answer, nearly_the_same)
    assert found.comparison.verdict is verdict


def test_a_method_that_fails_only_sometimes_is_not_deterministic_either() -> None:
    def sometimes(request: Request) -> Evaluation:
        wrong = moved(answer(request), gradient=0.1)
        return replace(wrong, failure=Failure("ValueError", "no")) if request.repetition else wrong

    found, _ = look(CALL, answer, sometimes)
    assert found.comparison.verdict is Verdict.INCONCLUSIVE


def test_an_exception_needs_no_second_look() -> None:
    failure = Failure("ValueError", "no")
    raised = Difference((), 0, ADJOINT, Comparison((BACKPROP, ADJOINT), Verdict.ERROR, Signature.RAISE, failures=(failure, None)))
    result = CallResult(0, "00" * 32, failed(BACKPROP), ())
    with pytest.raises(StopIteration) as stop:
        next(look_closer(raised, result, CALL, KNOWN, Plan()))
    assert stop.value.value is raised


# --- does the point explain it? ---------------------------------------------------------------------------------------------


def steep(request: Request) -> Evaluation:
    """A reference that moves by a tenth when the angle moves by eps of single precision."""
    angle = float(request.circuit.parameters[0].value)
    return moved(answer(request), output=0.1 * np.sign(angle - 0.3), gradient=0.1 * np.sign(angle - 0.3))


@pytest.mark.parametrize("wrong", [off(output=0.05), off(gradient=0.05)])
def test_where_the_reference_moves_as_far_it_is_rounding(wrong: Answer) -> None:
    found, _ = look(SINGLE, answer, wrong, reference=steep)
    assert found.comparison.verdict is Verdict.ROUNDING
    # and no error any longer by its key either
    assert found.key[2] == "rounding"


def test_where_the_error_is_larger_than_that_it_stays_one() -> None:
    found, _ = look(SINGLE, answer, off(gradient=0.9), reference=steep)
    assert found.comparison.verdict is Verdict.ERROR


def test_the_reference_is_asked_in_double_precision_at_several_points() -> None:
    _, (_, points) = look(SINGLE, answer, off(gradient=0.1))
    assert len(points) == POINTS
    assert {request.method for request in points} == {replace(SHIFT, precision="float64")}
    assert {request.circuit.parameters[0].value.dtype.name for request in points} == {"float64"}
    assert {request.default_dtype for request in points} == {"float64"}


def test_never_one_of_the_two_that_are_judged_and_never_an_inexact_one() -> None:
    known = (*KNOWN, DIFFERENCES, parse("default.qubit/spsa"), parse("default.qubit[complex64]/backprop"))
    _, (_, *rounds) = look(SINGLE, answer, off(gradient=0.1), known=known, reference=lambda r: failed(r.method))
    assert {request.method.diff_method for requests in rounds for request in requests} == {"parameter-shift"}


def test_an_output_has_the_plain_circuit_for_a_reference_as_well() -> None:
    _, (_, *rounds) = look(SINGLE, answer, off(output=0.1), known=(BACKPROP, ADJOINT))
    assert [request.method for request in rounds[0]] == [parse("default.qubit/none")] * POINTS


def test_a_reference_that_refuses_is_asked_with_the_data_left_where_it_is_and_then_the_next_one() -> None:
    hadamard = parse("default.qubit/hadamard")

    def refusing(request: Request) -> Evaluation:
        return answer(request) if request.method.diff_method == "parameter-shift" else failed(request.method)

    found, (_, *rounds) = look(SINGLE, answer, off(gradient=0.1), known=(*KNOWN, hadamard), reference=refusing)
    asked = [requests[0].method.diff_method for requests in rounds]
    assert asked == ["hadamard", "hadamard", "parameter-shift"]
    assert found.comparison.verdict is Verdict.ERROR


def test_without_a_reference_the_error_stands() -> None:
    found, rounds = look(SINGLE, answer, off(gradient=0.1), known=(BACKPROP, ADJOINT))
    assert found.comparison.verdict is Verdict.ERROR
    assert len(rounds) == 1


def test_the_users_own_tolerance_is_not_argued_with() -> None:
    found, rounds = look(SINGLE, answer, off(gradient=0.1), reference=steep, plan=Plan(tolerance=Tolerance(absolute=1e-3)))
    assert found.comparison.verdict is Verdict.ERROR
    assert len(rounds) == 1


def test_no_rounding_makes_a_number_vanish() -> None:
    found, rounds = look(SINGLE, answer, off(gradient=np.nan), reference=steep)
    assert (found.comparison.verdict, found.comparison.where) == (Verdict.ERROR, "nan")
    assert len(rounds) == 1


def drawn(mean: float, spread: float) -> Answer:
    """Samples of a device that heeds no seed: another number at each repetition, about a mean of its own."""
    return lambda request: moved(answer(request), 0.0, mean + spread * (1 - 2 * request.repetition))


SAMPLED = call(0, circuit(0.7, shots=(10_000,)))


def test_samples_that_are_drawn_anew_are_the_same_within_their_error() -> None:
    found, _ = look(SAMPLED, drawn(0.0, 0.01), drawn(0.9, 0.01))
    assert found.comparison.verdict is Verdict.ERROR


def test_what_other_samples_do_not_show_is_left_open() -> None:
    found, _ = look(SAMPLED, drawn(0.0, 0.0), drawn(0.45, 0.45))
    assert found.comparison.verdict is Verdict.INCONCLUSIVE

"""From judged calls to divergences: methods that say the same are one party, each kind of difference is reported once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qdiag.judging.replay.call_result import CallResult
from qdiag.judging.replay.differences import Difference, differences, divergences, doubt_difference, regrade_difference
from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.questions import compare_with_own
from qdiag.model.call import Call, Failure
from qdiag.model.comparison import Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method, parse
from qdiag.model.result import Unfaithful
from tests.worlds.methods import ADJOINT, BACKPROP, DIFFERENCES, HADAMARD, LIGHTNING, SHIFT
from tests.worlds.scripted import answer, call, circuit, moved

COTANGENTS = ((np.asarray(1.0),),)


def given(method: Method, made: Call, output: float = 0.0, gradient: float = 0.0) -> Evaluation:
    """What a method gives: the right answer, moved."""
    return moved(answer(Request(made.circuit, method, cotangents=COTANGENTS, jacobian=True)), output, gradient)


def judged(made: Call, *others: tuple[Method, float, float], own: Method = BACKPROP, **changes: object) -> CallResult:
    """A call at which each of these methods is off by so much in output and gradient."""
    mine = given(own, made)
    sides, refused = compare_with_own(made.circuit, mine, [given(m, made, o, g) for m, o, g in others], Plan(), COTANGENTS)
    result = CallResult(made.index, "key", mine, COTANGENTS, sides, refused)
    return replace(result, **changes)  # type: ignore[arg-type]


CALL = call(0, circuit(0.3))
SINGLE = call(0, circuit(0.3, "float32"))


# --- what one call shows --------------------------------------------------------------------------------------------------------


def test_methods_that_agree_show_nothing() -> None:
    assert differences(judged(CALL, (ADJOINT, 0, 0), (SHIFT, 0, 0)), CALL) == ()


@pytest.mark.parametrize(
    ("output", "asked", "differ"),
    [(0.3 + 0j, (), 0), (0.3 + 1e-3j, (), 1), (0.3 + 0j, (ADJOINT,), 1)],
    ids=["complex without need", "complex in earnest", "asked for"],
)
def test_real_numbers_as_complex_ones_are_no_difference_to_a_script_that_does_not_use_the_method(
    output: complex, asked: tuple[Method, ...], differ: int
) -> None:
    own = Evaluation(BACKPROP, (np.asarray(0.3),))
    sides, _ = compare_with_own(CALL.circuit, own, [Evaluation(ADJOINT, (np.asarray(output),))], Plan(methods=asked), ())
    assert len(differences(CallResult(0, "key", own, (), sides, ()), CALL)) == differ
    turned, _ = compare_with_own(CALL.circuit, Evaluation(ADJOINT, (np.asarray(output),)), [own], Plan(), ())
    assert [side.comparison.verdict for side in turned] == [Verdict.ERROR], "the script's own complex numbers are told of"


def test_methods_that_are_off_alike_are_one_party_that_its_best_member_speaks_for() -> None:
    (found,) = differences(judged(CALL, (SHIFT, 0, 0.1), (ADJOINT, 0, 0.1), (HADAMARD, 0, 0.1)), CALL)
    assert found.method == ADJOINT
    assert found.members == (SHIFT, ADJOINT, HADAMARD)
    assert found.comparison.methods == (BACKPROP, ADJOINT)
    assert found.comparison.verdict is Verdict.ERROR


def test_methods_that_are_off_otherwise_are_several_parties() -> None:
    found = differences(judged(CALL, (SHIFT, 0, 0.1), (ADJOINT, 0, 0.2), (HADAMARD, 0, 0.1)), CALL)
    assert [difference.members for difference in found] == [(SHIFT, HADAMARD), (ADJOINT,)]


def test_methods_that_are_off_elsewhere_are_several_parties() -> None:
    found = differences(judged(CALL, (SHIFT, 0.1, 0), (ADJOINT, 0, 0.1)), CALL)
    assert {difference.comparison.where for difference in found} == {"output", "jacobian"}


def test_all_that_is_rounding_is_one_difference() -> None:
    (found,) = differences(judged(SINGLE, (SHIFT, 1e-7, 0), (ADJOINT, 0, 1e-7), (HADAMARD, 2e-7, 0)), SINGLE)
    assert found.comparison.verdict is Verdict.ROUNDING
    assert set(found.members) == {SHIFT, ADJOINT, HADAMARD}


def test_errors_come_first() -> None:
    found = differences(judged(SINGLE, (SHIFT, 1e-7, 0), (ADJOINT, 0, 0.1)), SINGLE)
    assert [difference.comparison.verdict for difference in found] == [Verdict.ERROR, Verdict.ROUNDING]


def test_a_call_that_raised_is_one_difference_with_a_method_that_worked() -> None:
    failure = Failure("ValueError", "no")
    made = replace(CALL, failure=failure)
    (found,) = differences(judged(made, (DIFFERENCES, 0, 0), (ADJOINT, 0, 0.3), failure=failure), made)
    assert (found.comparison.where, found.comparison.methods) == ("raise", (BACKPROP, ADJOINT))
    assert found.comparison.failures == (failure, None)
    assert found.comparison.detail == "default.qubit/backprop raises ValueError: no"


def test_a_call_that_raised_where_no_other_works_stands_alone() -> None:
    failure = Failure("ValueError", "no")
    made = replace(CALL, failure=failure)
    (found,) = differences(judged(made, failure=failure), made)
    assert found.comparison.methods == (BACKPROP, BACKPROP)


def test_what_raised_in_the_script_alone_is_told_apart_from_what_raises_each_time() -> None:
    failure, made = Failure("MemoryError", "busy"), replace(CALL, failure=Failure("MemoryError", "busy"))
    not_again = Unfaithful(0, "the call raised MemoryError, its replay does not", True)
    (each_time,) = differences(judged(made, (ADJOINT, 0, 0), failure=failure), made)
    (once,) = differences(judged(made, (ADJOINT, 0, 0), failure=failure, unfaithful=not_again), made)
    assert (each_time.unrepeated, once.unrepeated) == (False, True)
    both = divergences([replace(once, call=0), replace(each_time, call=3)], lambda index: replace(made, index=index), lambda index: ())
    assert [(one.call.index, one.unrepeated) for one in both] == [(0, True), (3, False)]


def test_what_is_seen_in_a_replay_that_is_not_what_the_script_saw_is_doubted() -> None:
    off = Unfaithful(0, "output is off by 1", False)
    (found,) = differences(judged(CALL, (ADJOINT, 0, 0.1), unfaithful=off), CALL)
    assert found.comparison.verdict is Verdict.INCONCLUSIVE
    assert found.comparison.detail == "the replay is not what the script saw: output is off by 1"
    explained = replace(off, explained=True)
    (found,) = differences(judged(CALL, (ADJOINT, 0, 0.1), unfaithful=explained), CALL)
    assert found.comparison.verdict is Verdict.ERROR


# --- the same difference again ----------------------------------------------------------------------------------------------------


def seen(index: int, gradient: float, method: Method = ADJOINT, made: Call = CALL) -> Difference:
    (found,) = differences(judged(replace(made, index=index), (method, 0, gradient)), made)
    return found


def test_at_another_call_it_is_the_same_however_large_it_is() -> None:
    assert seen(0, 0.1).key == seen(5, 0.7).key


@pytest.mark.parametrize(
    "other",
    [
        seen(0, 0.1, SHIFT),
        seen(0, 0.1, LIGHTNING),
        seen(0, 0.1, made=replace(CALL, configuration=replace(CALL.configuration, qnode="other"))),
        doubt_difference(seen(0, 0.1), "not deterministic"),
        seen(0, 1e-7, made=SINGLE),
    ],
    ids=["another method", "another device", "another QNode", "doubted", "rounding"],
)
def test_another_pair_another_qnode_or_another_verdict_is_another_difference(other: Difference) -> None:
    assert other.key != seen(0, 0.1).key


def test_other_options_of_a_method_are_no_other_difference() -> None:
    stepped = replace(DIFFERENCES, gradient_options=(("h", 1e-3),))
    assert seen(0, 0.1, DIFFERENCES).key == seen(0, 0.1, stepped).key


def test_rounding_is_one_thing_wherever_it_shows_and_under_whichever_method() -> None:
    assert seen(0, 1e-7, ADJOINT, SINGLE).key == seen(1, 2e-7, SHIFT, SINGLE).key


def test_another_grade_of_the_same_pair_is_another_key() -> None:
    found = seen(0, 0.1)
    milder = replace(found.comparison, verdict=Verdict.ROUNDING)
    after = regrade_difference(found, CALL, milder)
    assert (after.comparison, after.method, after.members) == (milder, found.method, found.members)
    assert after.key != found.key
    assert regrade_difference(found, CALL, found.comparison).key == found.key


def test_doubt_takes_the_place_of_an_error_and_says_why() -> None:
    after = doubt_difference(seen(0, 0.1), "not deterministic")
    assert (after.comparison.verdict, after.comparison.detail) == (Verdict.INCONCLUSIVE, "not deterministic")
    assert after.key == doubt_difference(seen(3, 0.2, SHIFT), "for another reason").key
    assert after.key == doubt_difference(seen(0, 1e-7, made=SINGLE), "a rounding in doubt").key


# --- all calls together -------------------------------------------------------------------------------------------------------------


def made_of(*found: Difference) -> tuple[tuple[int, Verdict, tuple[int, ...]], ...]:
    raised = ((ADJOINT, Failure("DeviceError", "no")),)
    whole = divergences(found, lambda index: replace(CALL, index=index), lambda index: raised)
    assert all(divergence.raised == raised for divergence in whole)
    return tuple((divergence.call.index, divergence.verdict, divergence.calls) for divergence in whole)


def test_each_kind_is_reported_at_its_first_call_with_all_calls_that_show_it() -> None:
    assert made_of(seen(2, 0.2), seen(4, 0.1), seen(9, 0.3)) == ((2, Verdict.ERROR, (2, 4, 9)),)


def test_errors_come_before_earlier_doubts_and_roundings() -> None:
    rounding, doubt, error = seen(0, 1e-7, made=SINGLE), doubt_difference(seen(1, 0.1), "why"), seen(5, 0.1)
    assert [verdict for _, verdict, _ in made_of(rounding, doubt, error)] == [Verdict.ERROR, Verdict.ROUNDING, Verdict.INCONCLUSIVE]


def test_a_call_that_shows_it_twice_counts_once() -> None:
    one = seen(0, 1e-7, SHIFT, SINGLE)
    assert made_of(one, seen(0, 2e-7, ADJOINT, SINGLE)) == ((0, Verdict.ROUNDING, (0,)),)


def test_the_worst_call_of_the_pair_is_kept_beside_the_first() -> None:
    (found,) = divergences([seen(0, 0.1), seen(1, 0.5), seen(2, 0.2)], lambda index: CALL, lambda index: ())
    assert found.worst is not None
    assert found.worst_call == 1
    assert found.worst.max_abs == pytest.approx(0.5)
    assert found.comparison.max_abs == pytest.approx(0.1)


def test_the_worst_is_that_of_the_pair_which_is_reported() -> None:
    """Rounding of several methods is one divergence; the figures beside it are those of one pair."""
    found = divergences(
        [seen(0, 1e-7, ADJOINT, SINGLE), seen(1, 4e-7, SHIFT, SINGLE), seen(2, 2e-7, ADJOINT, SINGLE)], lambda i: SINGLE, lambda i: ()
    )
    assert found[0].worst is not None
    assert (found[0].worst_call, found[0].worst.methods) == (2, (BACKPROP, ADJOINT))


def test_nothing_is_no_divergence() -> None:
    assert made_of() == ()


def test_the_signature_is_where_the_first_shows() -> None:
    (found,) = divergences([seen(0, 0.1, parse("default.qubit/hadamard"))], lambda index: CALL, lambda index: ())
    assert found.signature == "jacobian"

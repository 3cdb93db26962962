"""Two stacks held together: rounding is no change, a change is one only if it stays, and the arbiter says who is right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qdiag.model.call import LOST, Failure
from qdiag.model.comparison import Signature, Tolerance, Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.two_stacks import Outcome, TwoStacks, Upheld
from qdiag.pipeline.stage_two_stacks import hold_together
from tests.worlds.locks import Stack, asked, raising
from tests.worlds.scripted import answer, call, circuit, failed, moved


def held(first: Evaluation, second: Evaluation, *, stack: Stack | None = None, angle: float = 0.3, **rest) -> TwoStacks:
    made = call(0, circuit(angle, **rest))
    return hold_together(made, asked(made), (first, second), (None, lambda request: second), stack or Stack())


def right(angle: float = 0.3) -> Evaluation:
    return answer(asked(call(0, circuit(angle))))


def test_what_is_the_same_to_rounding_is_the_same() -> None:
    found = held(right(), moved(right(), output=1e-16, gradient=2e-16))
    assert (found.outcome, found.upheld) == (Outcome.SAME, Upheld.UNKNOWN)


@pytest.mark.parametrize(
    ("first", "second", "upheld"),
    [
        ({}, {"gradient": 0.2}, Upheld.FIRST),
        ({"gradient": 0.2}, {}, Upheld.SECOND),
        ({"gradient": 0.2}, {"gradient": 0.4}, Upheld.NEITHER),
        ({"output": 0.2}, {}, Upheld.SECOND),
    ],
)
def test_the_arbiter_says_which_side_is_right(first: dict, second: dict, upheld: Upheld) -> None:
    found = held(moved(right(), **first), moved(right(), **second))
    assert (found.outcome, found.upheld) == (Outcome.CHANGED, upheld)
    assert found.comparison.where is (Signature.OUTPUT if "output" in first else Signature.VJP)
    assert [bool(words) for words in found.said] == [bool(first), bool(second)]


def test_where_the_arbiter_cannot_say_the_change_stays_one() -> None:
    found = held(right(), moved(right(), gradient=0.2), stack=Stack(blind=True))
    assert (found.outcome, found.upheld) == (Outcome.CHANGED, Upheld.UNKNOWN)
    assert "not at hand" in found.untold


def test_what_does_not_come_out_the_same_again_is_no_change() -> None:
    made = call(0, circuit(0.3))
    sides = (right(), moved(right(), gradient=0.2))
    found = hold_together(made, asked(made), sides, (None, lambda request: right()), Stack())
    assert found.outcome is Outcome.INCONCLUSIVE


def test_it_is_asked_again_as_a_repetition_which_no_memory_answers() -> None:
    made, seen = call(0, circuit(0.3)), []
    off = moved(right(), gradient=0.2)

    def ask(request: Request) -> Evaluation:
        seen.append(request.repetition)
        return off

    hold_together(made, asked(made), (right(), off), (ask, ask), Stack())
    assert seen[0] == 1


def test_two_sides_that_the_arbiter_finds_right_differ_by_rounding() -> None:
    # each is within the bound of the truth, and the two are further apart than one bound
    bound = held(right(), moved(right(), gradient=0.2)).comparison.bound
    found = held(moved(right(), gradient=-0.7 * bound), moved(right(), gradient=0.7 * bound))
    assert (found.outcome, found.comparison.verdict) == (Outcome.SAME, Verdict.ROUNDING)


def test_the_users_own_tolerance_counts() -> None:
    made = call(0, circuit(0.3))
    sides = (right(), moved(right(), gradient=1e-6))
    assert hold_together(made, asked(made), sides, (None, None), Stack()).outcome is Outcome.CHANGED
    found = hold_together(made, asked(made), sides, (None, None), Stack(), Tolerance(absolute=1e-3))
    assert found.outcome is Outcome.SAME


def test_an_exception_on_one_side_is_told_from_a_changed_number() -> None:
    own = asked(call(0, circuit(0.3)))
    assert held(right(), raising(own)).outcome is Outcome.RAISES
    assert held(raising(own), raising(own)).outcome is Outcome.SAME


@pytest.mark.parametrize(
    "failure",
    [
        Failure(LOST, "the process was lost", stage="worker"),
        Failure("TimeoutError", "it took too long", stage="timeout"),
        Failure("IndexError", "tuple index out of range", ("qdiag.bridges.codec.flattening:unflatten:1", "pennylane.pow:pow:9")),
        Failure("MethodError", "there is no device", ("qdiag.bridges.running.devices:require:40",), "build", refusal=True),
    ],
)
def test_a_stack_that_was_not_asked_says_nothing(failure: Failure) -> None:
    found = held(right(), replace(failed(right().method), failure=failure))
    assert found.outcome is Outcome.NOT_ASKED


def test_samples_that_are_within_their_error_are_the_same_as_far_as_one_can_tell() -> None:
    found = held(right(), moved(right(), output=0.01, gradient=0.01), shots=(1000,))
    assert found.outcome is Outcome.SAMPLED
    assert held(right(), moved(right(), output=0.9), shots=(1000,)).outcome is Outcome.CHANGED


def test_a_number_that_is_none_is_a_change() -> None:
    lost = replace(right(), vjps=((np.asarray(np.nan),),))
    found = held(right(), lost)
    assert (found.outcome, found.comparison.where, found.upheld) == (Outcome.CHANGED, Signature.NAN, Upheld.FIRST)

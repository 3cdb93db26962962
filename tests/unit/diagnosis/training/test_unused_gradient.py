"""QD808: each way of not using a gradient, and what looks like one and is meant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Optional

import pytest

from qdiag.diagnosis.training.unused_gradient import remarks
from qdiag.model.remarks import Remark
from qdiag.model.training import ArgumentOrigin, Clip, ParameterStep
from tests.worlds.recorded_trainings import LOSS, Told, argument, leaf, none, some


def said(told: Told) -> list[str]:
    found = list(remarks(told.history()))
    assert {remark.diagnosis.code for remark in found} <= {"QD808"}
    return [remark.diagnosis.because for remark in found]


def stepped(*kinds: Callable[[int], ParameterStep], steps: int = 4) -> Told:
    """A training of so many steps, each parameter always of its kind; a kind is asked with the number of the step."""
    told = Told()
    told.optimiser(*(leaf(token, f"w{token}") for token in range(len(kinds))))
    for number in range(steps):
        told.root(*range(len(kinds)), calls=(told.calls_qnode(circuit=(0,)),), digest=str(number))
        told.step(*(kind(number) for kind in kinds), number=number)
    return told


def stale(first: Optional[bool], later: bool) -> Callable[[int], ParameterStep]:
    return lambda number: some(0, stale=None if number == 0 else (first if number == 1 else later))


def test_gradients_that_nobody_clears() -> None:
    assert said(stepped(stale(True, True))) == [
        "the gradients that Adam uses are never set to zero: each backward pass adds to those of all passes before it"
    ]


@pytest.mark.parametrize("kind", [stale(True, False), stale(False, False), stale(None, False)])
def test_gradients_that_are_cleared_once_in_a_while(kind: Callable[[int], ParameterStep]) -> None:
    assert said(stepped(kind)) == []


def by_hand(stale: int, cleared: int = 0, held: bool = False) -> Told:
    """A training without an optimiser that uses a gradient: so many passes found it there still, or cleared."""
    told = Told()
    if held:
        told.optimiser(leaf(0, "w0"))
    for number in range(stale + cleared + 1):
        call = told.calls_qnode(circuit=(0,), arguments=(ArgumentOrigin("weights", True, 0),))
        found = {"stale": (0,)} if 0 < number <= stale else {"cleared": (0,)} if number else {}
        told.root(0, calls=(call,), digest=str(number), **found)
    return told


def test_a_gradient_that_is_used_by_hand_and_never_cleared() -> None:
    assert said(by_hand(stale=3)) == [
        "the gradient of weights is used for a step and never set to zero: each backward pass adds to those of all before it"
    ]


@pytest.mark.parametrize(
    "told", [by_hand(stale=2), by_hand(stale=3, cleared=1), by_hand(stale=0, cleared=4), by_hand(stale=3, held=True)]
)
def test_a_gradient_that_is_cleared_by_hand_or_by_an_optimiser(told: Told) -> None:
    assert said(told) == []


def test_gradients_that_are_cleared_before_they_are_used() -> None:
    told = stepped(lambda number: none(0, brought=True), lambda number: none(1))
    assert said(told) == ["backward passes bring a gradient to w0, and it is gone when Adam steps"]


def test_gradients_that_are_cleared_between_the_passes_of_a_step() -> None:
    (because,) = said(stepped(lambda number: some(0, lost=3), lambda number: some(1, lost=2)))
    assert because == "each step of Adam uses what the last backward pass left: the gradient of the 2 passes before it was cleared"
    assert said(stepped(lambda number: some(0, lost=number % 2))) == []
    assert said(stepped(lambda number: some(0, lost=3), steps=2)) == []


def test_a_learning_rate_of_zero_throughout_and_not_at_the_beginning() -> None:
    assert said(stepped(lambda number: some(0, rate=0.0, moved=False))) == ["the learning rate of Adam is 0 at all steps"]
    assert said(stepped(lambda number: some(0, rate=0.1 * number, moved=number > 0))) == []


def test_one_group_that_rests_is_meant() -> None:
    assert said(stepped(lambda number: some(0, rate=0.0, moved=False), lambda number: some(1))) == []


def test_steps_that_are_too_small_to_change_anything() -> None:
    (because,) = said(stepped(lambda number: some(0, rate=1e-20, moved=False)))
    assert because == "no step of Adam changes a single bit: its learning rate is 1e-20, the largest gradient 0.5"


def test_a_gradient_that_vanishes_is_not_the_steps_fault() -> None:
    assert said(stepped(lambda number: some(0, size=2.7e-17, moved=False))) == []


def clipped(limit: float, before: Optional[float]) -> list[str]:
    told = stepped(lambda number: some(0, moved=False))
    for _ in range(3):
        told.fact("clip", Clip(limit, before, False, LOSS))
    return said(told)


def test_clipping_that_leaves_nothing_says_so_and_not_that_nothing_moves() -> None:
    assert clipped(1e-9, 0.5) == ["clipping leaves nothing of the gradients: they are cut from 0.5 to 1e-09"]


@pytest.mark.parametrize(("limit", "before"), [(1.0, 0.5), (1e-3, 0.5), (1e-9, 0.0), (1e-9, None), (1e-9, float("inf"))])
def test_clipping_that_leaves_something_is_no_reason(limit: float, before: Optional[float]) -> None:
    assert not any("clipping" in because for because in clipped(limit, before))


def unstepped(*digests: str, steps: int = 0) -> list[Remark]:
    told = Told()
    told.optimiser(leaf(0))
    for digest in digests:
        told.root(0, calls=(told.calls_qnode(circuit=(0,)),), digest=digest)
    for number in range(steps):
        told.step(some(0), number=number)
    return list(remarks(told.history()))


def test_an_optimiser_that_never_steps() -> None:
    (found,) = unstepped("a", "a", "a")
    assert found.diagnosis.because == "backward passes bring gradients to what Adam holds, and it never takes a step"


def test_is_none_where_somebody_else_moves_the_parameters_or_there_was_no_time() -> None:
    assert unstepped("a", "b", "c") == []
    assert unstepped("a", "a") == []
    assert unstepped("", "", "") == []
    assert unstepped("a", "a", "a", steps=1) == []


def pennylane(*given_and_returned: str, trainable: bool = True) -> list[str]:
    told = Told()
    for number, digests in enumerate(given_and_returned):
        told.pennylane_step(argument("weights", digests[0], digests[1], trainable), number=number)
    return said(told)


def test_what_a_step_gives_back_and_nobody_uses() -> None:
    (because,) = pennylane("ab", "ab", "ac")
    assert because == "each step is given the same weights as the one before: what optimizer.step returns is not used"


def test_what_is_used_or_was_not_moved_or_is_begun_again_once() -> None:
    assert pennylane("ab", "bc", "cd") == []
    assert pennylane("aa", "aa", "aa") == []
    assert pennylane("ab", "ab", "bc") == []
    assert pennylane("ab", "ab") == []
    assert pennylane("ab", "ab", "ab", trainable=False) == []


def others(*, tracked: bool, trainable: bool = False, returned: str = "a") -> list[str]:
    """Steps that are given what autograd does not know, with a gradient from elsewhere."""
    told = Told()
    for number in range(3):
        told.calls_qnode(arguments=(ArgumentOrigin("x", tracked),), outputs=(tracked,))
        told.pennylane_step(argument("param", "a", returned, trainable), number=number)
    return said(told)


def test_pennylanes_optimisers_leave_alone_what_is_not_theirs() -> None:
    (because,) = others(tracked=True)
    assert because.startswith("every step gives param back unchanged, whatever its gradient")


def test_what_nothing_follows_what_moves_and_what_is_theirs_is_told_elsewhere_or_nothing() -> None:
    assert others(tracked=False) == []
    assert others(tracked=True, returned="b") == []
    assert others(tracked=True, trainable=True) == []

"""Who steps by hand and never sets a gradient to zero is seen by the pass that adds to it; what looks alike and is meant is not."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from qdiag.recording.left_gradients import LeftGradients, Used  # noqa: E402
from qdiag.recording.tokens import Tokens  # noqa: E402

STALE, CLEARED, NEITHER = Used(stale=(0,)), Used(cleared=(0,)), Used()


def leaf(*values: float) -> Any:
    return torch.tensor(values or (0.3, -0.2), dtype=torch.float64, requires_grad=True)


def passes(after: Callable[[Any, int], None], *, weights: Any = None, count: int = 3, apart: int = 1) -> list[Used]:
    """What is seen at the begin of each pass after the first, where this is done after each of them."""
    left, weights, seen = LeftGradients(Tokens()), leaf() if weights is None else weights, []
    for number in range(count):
        seen.append(left.pass_begins(number * apart, (weights,)))
        (weights * torch.arange(1.0, weights.numel() + 1)).sin().sum().backward()
        left.pass_ends()
        after(weights, number)
    return seen[1:]


def step(weights: Any, rate: float = 0.1) -> None:
    with torch.no_grad():
        weights -= rate * weights.grad


def test_a_gradient_that_is_used_and_left_there() -> None:
    assert passes(lambda weights, number: step(weights)) == [STALE, STALE]
    assert passes(lambda weights, number: step(weights), weights=leaf(0.4)) == [STALE, STALE]


def test_a_step_behind_torchs_back_is_one_all_the_same() -> None:
    def by_data(weights: Any, number: int) -> None:
        weights.data -= 0.1 * weights.grad

    assert passes(by_data) == [STALE, STALE]


def test_a_parameter_of_a_module_is_known_again() -> None:
    parameter = torch.nn.Parameter(leaf().detach())
    assert passes(lambda weights, number: step(weights), weights=parameter) == [STALE, STALE]


@pytest.mark.parametrize("clear", [lambda weights: weights.grad.zero_(), lambda weights: setattr(weights, "grad", None)])
def test_a_gradient_that_is_used_and_cleared(clear: Callable[[Any], Any]) -> None:
    assert passes(lambda weights, number: (step(weights), clear(weights))) == [CLEARED, CLEARED]  # type: ignore[arg-type, return-value]


def test_momentum_that_is_kept_in_the_gradient_is_meant() -> None:
    def heavy_ball(weights: Any, number: int) -> None:
        step(weights)
        weights.grad.data.mul_(0.9)

    assert passes(heavy_ball) == [CLEARED, CLEARED]


def test_passes_that_are_added_up_before_a_step_move_nothing() -> None:
    assert passes(lambda weights, number: None) == [NEITHER, NEITHER]


def test_numbers_that_are_moved_otherwise_do_not_use_the_gradient() -> None:
    def drawn(weights: Any, number: int) -> None:
        with torch.no_grad():
            weights.copy_(torch.tensor([0.7, 0.9]) * (number + 1))

    assert passes(drawn) == [NEITHER, NEITHER]
    assert passes(lambda weights, number: step(weights, -0.1)) == [NEITHER, NEITHER]


def test_a_minimiser_that_asks_for_gradients_uses_them_wherever_it_goes() -> None:
    left, weights, seen = LeftGradients(Tokens()), leaf(), []
    for number, place in enumerate(([0.1, 0.2], [0.9, 0.4], [0.9, 0.4], [0.3, -0.7])):
        with torch.no_grad():
            weights.copy_(torch.tensor(place))
        if number == 3:
            weights.grad = None
        seen.append(left.pass_begins(number, (weights,), asked=True))
        weights.sin().sum().backward()
        left.pass_ends()
    assert seen == [NEITHER, STALE, NEITHER, CLEARED]


def test_what_happened_in_passes_that_were_left_out_is_not_known() -> None:
    assert passes(lambda weights, number: step(weights), apart=2) == [NEITHER, NEITHER]


def test_the_passes_of_another_loss_lie_between() -> None:
    left, one, other, seen = LeftGradients(Tokens()), leaf(), leaf(), []
    for number in range(4):
        weights = (one, other)[number % 2]
        seen.append(left.pass_begins(number, (weights,)))
        weights.sin().sum().backward()
        left.pass_ends()
        step(weights)
    assert [len(used.stale) for used in seen] == [0, 0, 1, 1]


def test_large_leaves_and_those_that_nothing_is_wanted_of_are_left_alone() -> None:
    large, frozen = torch.zeros(2000, requires_grad=True), torch.zeros(2)
    left = LeftGradients(Tokens())
    assert left.pass_begins(0, (large, frozen)) == NEITHER
    left.pass_ends()
    assert left.pass_begins(1, (large, frozen)) == NEITHER


def test_leaves_are_let_go_when_a_pass_ends() -> None:
    left, weights = LeftGradients(Tokens()), leaf()
    left.pass_begins(0, (weights,))
    weights.sum().backward()
    left.pass_ends()
    gone = weakref.ref(weights)
    del weights
    gc.collect()
    assert gone() is None

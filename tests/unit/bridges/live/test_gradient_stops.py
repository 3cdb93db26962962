"""Where a loss leaves the graph of some parameters, by the way or on purpose. Each example has a process of its own."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.unit.bridges.live.test_loss_graph import HERE as _ELSEWHERE
from tests.unit.bridges.live.test_loss_graph import apart
from tests.worlds.older_stacks import needs_function_modes

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(sys.platform != "linux", reason="there are no copies elsewhere"),
    needs_function_modes,
]

torch = pytest.importorskip("torch")

from qdiag.bridges.live import gradient_stops  # noqa: E402

assert __file__ != _ELSEWHERE


class Double(torch.autograd.Function):  # type: ignore[misc, name-defined, unused-ignore]
    """A function with a backward of its own, which may be right or not."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return 2 * x

    @staticmethod
    def backward(ctx: Any, given: Any) -> Any:
        return given


class Tripled(torch.autograd.Function):  # type: ignore[misc, name-defined, unused-ignore]
    """A function whose own backward is right."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return 3 * x

    @staticmethod
    def backward(ctx: Any, given: Any) -> Any:
        return 3 * given


class Estimated(Double):
    """Its backward goes by chance."""

    @staticmethod
    def backward(ctx: Any, given: Any) -> Any:
        return 4 * torch.rand_like(given) * given


class Reversed(Double):
    """Hands its numbers on, and turns the gradient round."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x.clone()


class Rounded(Double):
    """Goes in steps, and lets the gradient through."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return torch.round(x)


class Sampled(Double):
    """Goes by chance."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x + torch.rand_like(x)


def without_a_graph(work: Callable[[], Any]) -> Any:
    with torch.no_grad():
        return work()


def log_prob(mean: Any, drawn: Any) -> Any:
    return -((drawn - mean) ** 2).sum()


def normal(mean: Any) -> Any:
    return torch.distributions.Normal(mean, 1.0)


def slope_of(value: Any, by: Any, graph: bool = False) -> Any:
    return torch.autograd.grad(value, by, create_graph=graph)[0]


def seen(loss: Callable[[Any, Any], Any], inside: bool = False) -> str:
    """What was seen while a loss was made of a parameter and of data: where it was left, or what was meant."""

    def work() -> object:
        w = torch.tensor([0.3, -0.7], requires_grad=True)
        x = torch.tensor([0.1, 0.2], requires_grad=True)
        old = (w * 3).sum()
        stops = gradient_stops.Stops([w], lambda: inside)
        made = loss(w, x) if loss is not before else old
        meant = stops.purpose().rpartition(": ")[2] if stops.purpose() else ""
        return [left.operation for left in stops.before(made)], meant, stops.leads_back(made), stops.is_old(made)

    return apart(work)


def before(w: Any, x: Any) -> Any:
    """Stands for a loss that was made before."""


@pytest.mark.parametrize(
    ("loss", "left"),
    [
        (lambda w, x: (w * x).sum(), []),
        (lambda w, x: (w * torch.tensor((w * x).tolist())).sum(), ["tolist"]),
        (lambda w, x: (w * torch.tensor(w[0])).sum(), ["tensor"]),
        (lambda w, x: (w * torch.tensor(x.tolist())).sum(), []),
        (lambda w, x: (w * torch.tensor([w[0], w[1]], requires_grad=True)).sum(), ["tensor"]),
        (lambda w, x: (w * torch.as_tensor(w)).sum(), []),
        (lambda w, x: w.sum() + slope_of((w * x).sum(), x).norm(), ["torch.autograd.grad"]),
        (lambda w, x: w.sum() + slope_of((w * x).sum(), x, graph=True).norm(), []),
        (lambda w, x: Double.apply(w).sum(), ["backward of Double"]),
        (lambda w, x: w.sum() + Double.apply(x).sum(), []),
        (lambda w, x: Tripled.apply(w).sum(), []),
        (lambda w, x: (w.sum(), Double.apply(w))[0], []),
        (lambda w, x: [(w * x).tolist() for _ in range(20)] and (w * torch.tensor(w[0])).sum(), ["tolist", "tensor"]),
        (lambda w, x: w.sum() + log_prob(w, x) + slope_of((w * x).sum(), x).norm(), ["torch.autograd.grad"]),
        (lambda w, x: w.sum() + x.detach().sum() + x.data.sum() + without_a_graph(lambda: x * 2).sum(), []),
    ],
)
@pytest.mark.filterwarnings("ignore:To copy construct", "ignore:Converting a tensor")
def test_where_the_graph_is_left_by_the_way(loss: Any, left: list[str]) -> None:
    assert seen(loss) == repr((left, "", True, False))


class OfC:
    """A class's method that is none of Python's, as torch's own ``apply`` from 2.14 on."""

    def __init__(self, method: Any) -> None:
        self._method = method

    def __get__(self, instance: object, kind: type) -> Any:
        return functools.partial(self._method.__get__(None, kind))


def test_functions_are_watched_whatever_kind_of_method_applies_them() -> None:
    def work() -> object:
        torch.autograd.Function.apply = OfC(inspect.getattr_static(torch.autograd.Function, "apply"))
        w = torch.tensor([0.3, -0.7], requires_grad=True)
        stops = gradient_stops.Stops([w], lambda: False)
        return [[left.operation for left in stops.before(kind.apply(w).sum())] for kind in (Double, Tripled)]

    assert apart(work) == repr([["backward of Double"], []])


@pytest.mark.parametrize(
    ("loss", "meant"),
    [
        (lambda w, x: w.sum() + (w * x).detach().sum(), "detach"),
        (lambda w, x: w.sum() + w.data.sum(), ".data"),
        (lambda w, x: w.sum() + without_a_graph(lambda: w * x).sum(), "a block without a graph"),
        (lambda w, x: ((w - slope_of((w**2).sum(), w)) ** 2).sum(), "methods of first order do"),
        (lambda w, x: Reversed.apply(w).sum(), "another backward on purpose"),
        (lambda w, x: Rounded.apply(w * 1.0).sum(), "another backward on purpose"),
        (lambda w, x: Sampled.apply(w).sum(), "another backward on purpose"),
        (lambda w, x: Estimated.apply(w).sum(), "another backward on purpose"),
        (lambda w, x: log_prob(w, torch.tensor(w.tolist())), "as policy gradients do"),
        (lambda w, x: normal(w).log_prob(torch.tensor(w.tolist())).sum(), "as policy gradients do"),
    ],
)
def test_what_is_taken_out_on_purpose_is_no_fault(loss: Any, meant: str) -> None:
    assert meant in seen(loss)
    assert seen(loss).endswith(", True, False)")


def test_what_a_qnode_does_inside_is_its_own_affair() -> None:
    assert seen(lambda w, x: w.sum() + (w * x).detach().sum(), inside=True) == repr(([], "", True, False))


def test_a_loss_that_does_not_lead_there_and_one_that_was_made_before() -> None:
    assert seen(lambda w, x: x.sum()) == repr(([], "", False, False))
    assert seen(before) == repr(([], "", True, True))


@pytest.mark.parametrize(
    ("loss", "felt"),
    [
        (lambda w, x: w.sum() + torch.tensor((w * x).tolist()).sum(), True),
        (lambda w, x: w.sum() + torch.tensor([w[0], w[1]]).sum(), True),
        (lambda w, x: w.sum() + slope_of((w * x).sum(), x).sum(), True),
        (lambda w, x: torch.tensor([w[0], w[1]], requires_grad=True).sum(), True),
        (lambda w, x: (w.sum(), (w * x).tolist())[0], False),
        (lambda w, x: w.sum() + torch.tensor(x.tolist()).sum(), False),
        (lambda w, x: w.sum() + len((w * x).tolist()), False),
    ],
)
@pytest.mark.filterwarnings("ignore:Converting a tensor")
def test_a_loss_feels_what_is_moved_as_it_leaves_the_graph_where_it_is_made_of_it(loss: Any, felt: bool) -> None:
    def work() -> object:
        w = torch.tensor([0.3, -0.7], requires_grad=True)
        x = torch.tensor([0.1, 0.2], requires_grad=True)
        plain = loss(w, x).item()
        gradient_stops.Stops([w], lambda: False, stirred=1)
        return abs(loss(w, x).item() - plain) > 1e-5

    assert apart(work) == repr(felt)


def test_only_one_place_is_moved_each_time_it_is_passed() -> None:
    def work() -> object:
        w = torch.tensor([0.25, 4.0], requires_grad=True)
        gradient_stops.Stops([w], lambda: False, stirred=2)
        first = [w.tolist() for _ in range(2)]
        second = [w.tolist() for _ in range(2)]
        return all(value == [0.25, 4.0] for value in first), [max(abs(n - m) for n, m in zip(v, [0.25, 4.0])) > 1e-4 for v in second]

    assert apart(work) == repr((True, [True, True]))


def test_looking_at_a_function_draws_no_random_number() -> None:
    def work() -> object:
        torch.manual_seed(1)
        expected = [torch.rand(2).tolist(), torch.rand(2).tolist()]
        torch.manual_seed(1)
        w = torch.zeros(2, requires_grad=True)
        gradient_stops.Stops([w], lambda: False)
        return [Sampled.apply(w).tolist(), torch.rand(2).tolist()] == expected

    assert apart(work) == "True"


@pytest.mark.parametrize(("old", "new", "added"), [(None, None, None), (None, 2.0, 2.0), (0.5, 2.0, 1.5), (0.5, None, None)])
def test_what_a_pass_adds_to_a_gradient(old: Any, new: Any, added: Any) -> None:
    found = gradient_stops.grown(None if old is None else np.array(old), None if new is None else np.array(new))
    assert found == added

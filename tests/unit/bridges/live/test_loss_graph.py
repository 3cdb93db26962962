"""Where the way back from a loss to a QNode's outputs ends. Each example has a process of its own: looking changes the frameworks."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qdiag.bridges.live import loss_graph
from tests.worlds.older_stacks import needs_function_modes

pytestmark = [pytest.mark.stack, pytest.mark.skipif(sys.platform != "linux", reason="there are no copies elsewhere")]

torch = pytest.importorskip("torch")
autograd = pytest.importorskip("autograd")

HERE = __file__


def apart(work: Callable[[], object]) -> str:
    """What work in a forked process comes to, as text."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            torch.set_num_threads(1)
            os.write(write, repr(work()).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        text = pipe.read().decode()
    os.waitpid(child, 0)
    return text


def told(found: loss_graph.Tracked) -> tuple[object, ...]:
    """Whether it was reached, and names, whether nothing leads back, and the innermost line of this file."""
    own = [next((line for path, line, _ in stop.frames if path == HERE), 0) for stop in found.stops]
    return found.reached, [(stop.operation, stop.cut, line - loss_line) for stop, line in zip(found.stops, own)]


loss_line = sys._getframe().f_lineno + 4


def in_torch(loss: Callable[[Any], Any]) -> str:
    def work() -> object:
        output = torch.tensor([0.3, -0.9], requires_grad=True) * 1.0
        watch = loss_graph.Watch(True)
        watch.outputs.append(output)
        return told(watch.ask(loss(output)))

    return apart(work)


def in_autograd(loss: Callable[[Any], Any]) -> str:
    def work() -> object:
        found = []

        def cost(x: Any) -> Any:
            output = autograd.numpy.multiply(x, 1.0)
            watch = loss_graph.Watch(False)
            watch.outputs.append(output)
            end = loss(output)
            found.append(told(watch.ask(getattr(end, "_node", None))))
            return end

        autograd.core.make_vjp(cost, np.array([0.3, -0.9]))
        return found[0]

    return apart(work)


def names(text: str) -> list[tuple[str, bool]]:
    return [(operation, cut) for operation, cut, _ in eval(text)[1]]


@pytest.mark.parametrize(
    ("loss", "reached", "stops"),
    [
        (lambda x: ((x - 1) ** 2).mean(), True, []),
        (lambda x: ((torch.sign(x) - 1) ** 2).mean(), True, [("SignBackward0", False)]),
        (lambda x: torch.sigmoid(1e3 * x + 1e5).sum(), True, [("SigmoidBackward0", False)]),
        (lambda x: (x * 0.0).sum() + torch.ones(1, requires_grad=True).sum(), True, [("MulBackward0", False)]),
        (lambda x: torch.relu(x - 5).sum(), True, [("ReluBackward0", False)]),
        (lambda x: torch.argmax(x) * torch.ones(1, requires_grad=True).sum(), False, [("argmax", True)]),
        (lambda x: (x.detach() * torch.ones(1, requires_grad=True)).sum(), False, [("detach", True)]),
        (lambda x: x[0].item() * torch.ones(1, requires_grad=True).sum(), False, [("item", True)]),
        (lambda x: torch.ones(1, requires_grad=True).sum(), False, []),
        (lambda x: torch.ones(1).sum(), False, []),
    ],
)
@needs_function_modes
def test_torch(loss: Callable[[Any], Any], reached: bool, stops: list[tuple[str, bool]]) -> None:
    text = in_torch(loss)
    assert (eval(text)[0], names(text)) == (reached, stops)


@needs_function_modes
def test_what_torch_computes_without_a_graph_on_purpose_is_none_of_it() -> None:
    def loss(x: Any) -> Any:
        with torch.no_grad():
            right = (x > 0).sum()
        assert right == 1
        return (x**2).sum()

    assert names(in_torch(loss)) == []


@pytest.mark.parametrize(
    ("loss", "reached", "stops"),
    [
        (lambda x: autograd.numpy.mean((x - 1) ** 2), True, []),
        (lambda x: autograd.numpy.mean((autograd.numpy.sign(x) - 1) ** 2), False, [("sign", True)]),
        (lambda x: autograd.numpy.sum(x * np.zeros(2)), True, [("multiply", False)]),
        (lambda x: autograd.numpy.sum(autograd.numpy.clip(x, 5.0, 6.0)), True, [("clip", False)]),
        (lambda x: autograd.numpy.argmax(x) * 1.0, False, [("argmax", True)]),
        (lambda x: autograd.numpy.sum(x) / x.size * len(x.shape), True, []),
    ],
)
def test_autograd(loss: Callable[[Any], Any], reached: bool, stops: list[tuple[str, bool]]) -> None:
    text = in_autograd(loss)
    assert (eval(text)[0], names(text)) == (reached, stops)


@needs_function_modes
def test_the_line_is_that_of_the_operation() -> None:
    def loss(x: Any) -> Any:
        y = torch.sign(x)
        return y.mean()

    first = loss.__code__.co_firstlineno
    assert eval(in_torch(loss))[1] == [("SignBackward0", False, first + 1 - loss_line)]

    def cost(x: Any) -> Any:
        y = autograd.numpy.sign(x)
        return autograd.numpy.mean(y)

    first = cost.__code__.co_firstlineno
    assert eval(in_autograd(cost))[1] == [("sign", True, first + 1 - loss_line)]


def test_a_move_stays_in_the_graph() -> None:
    x = torch.tensor([0.3, -0.9], requires_grad=True)
    output = x * 1.0
    loss_graph.move(output, np.array([0.5, 0.0]))
    assert output.tolist() == pytest.approx([0.8, -0.9])
    (output**2).sum().backward()
    assert x.grad is not None
    vjp, end = autograd.core.make_vjp(moved_and_squared, np.array([0.3, -0.9]))
    assert end == pytest.approx(0.8**2 + 0.9**2)
    assert list(vjp(1.0)) != [0.0, 0.0]
    plain = np.array([0.3, -0.9])
    loss_graph.move(plain, np.array([0.5, 0.0]))
    assert list(plain) == [0.8, -0.9]


def moved_and_squared(x: Any) -> Any:
    output = autograd.numpy.multiply(x, 1.0)
    loss_graph.move(output, np.array([0.5, 0.0]))
    return autograd.numpy.sum(output**2)


def test_integers_are_not_moved() -> None:
    assert [loss_graph.is_movable(value) for value in (np.array(1.0), np.array(1), torch.tensor(1.0), torch.tensor(1))] == [
        True,
        False,
        True,
        False,
    ]

"""What live numbers are held in, and which of them something differentiates by."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.stack

torch = pytest.importorskip("torch")
autograd = pytest.importorskip("autograd")
pytest.importorskip("pennylane")

import pennylane as qml  # noqa: E402
from pennylane import numpy as pnp  # noqa: E402

from qdiag.bridges.codec import containers  # noqa: E402


@pytest.mark.parametrize(
    ("value", "container"),
    [
        (torch.tensor(1.0), "torch"),
        (torch.nn.Parameter(torch.tensor(1.0)), "torch"),
        (pnp.array(1.0), "autograd"),
        (np.asarray(1.0), "numpy"),
        (np.float32(1.0), "numpy-scalar"),
        (1.0, "python"),
        (True, "python"),
        ("text", "python"),
        (None, "python"),
        (qml.RX, "python"),
        (qml.RX(0.3, wires=0), "python"),
        (qml.Hamiltonian([1.0], [qml.PauliZ(0)]), "python"),
        (qml.wires.Wires([0]), "python"),
    ],
)
def test_what_a_value_is_in(value: Any, container: str) -> None:
    assert containers.container_of(value) == container


@pytest.mark.parametrize(
    ("number", "tracked"),
    [
        (torch.tensor(1.0, requires_grad=True), True),
        (torch.tensor(1.0), False),
        (pnp.array(1.0, requires_grad=True), True),
        (pnp.array(1.0, requires_grad=False), False),
        (types.SimpleNamespace(_node=object()), True),
        (1.0, False),
    ],
)
def test_what_an_interface_tracks(number: Any, tracked: bool) -> None:
    assert containers.is_trainable(number) is tracked


def test_an_array_that_is_only_marked_is_tracked_by_nothing() -> None:
    assert containers.is_tracked(torch.tensor(1.0, requires_grad=True))
    assert not containers.is_tracked(pnp.array(1.0, requires_grad=True))
    assert containers.is_tracked(types.SimpleNamespace(_node=object()))


def test_a_tuple_or_dictionary_that_autograd_holds_in_one_box_is_opened() -> None:
    seen: list[tuple[Any, bool]] = []

    def loss(given: Any) -> Any:
        seen.append(containers.opened(given))
        return given[0] if isinstance(seen[-1][0], tuple) else given["a"]

    autograd.grad(loss)((0.3,))
    autograd.grad(loss)({"a": 0.3})
    assert seen == [((0.3,), True), ({"a": 0.3}, True)]
    assert containers.opened([1.0]) == ([1.0], False)
    assert autograd.grad(lambda x: (seen.append(containers.opened(x)), x)[1])(0.3) == 1.0
    assert seen[-1][1] is False

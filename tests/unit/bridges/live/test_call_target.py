"""One call of what a user holds in hand: forwards and backwards, and everything of the user's as it was found."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.stack

torch = pytest.importorskip("torch")
call_target = pytest.importorskip("qdiag.bridges.live.call_target")

import pennylane as qml  # noqa: E402
from pennylane import numpy as pnp  # noqa: E402

from tests.worlds.older_stacks import AUTO, needs_leaf_hooks  # noqa: E402


def qnode_of(interface: str = AUTO) -> Any:
    def circuit(x: Any) -> Any:
        qml.RX(x, wires=0)
        return qml.expval(qml.PauliZ(0))

    return qml.QNode(circuit, qml.device("default.qubit", wires=1), interface=interface)


class Net(torch.nn.Module):  # type: ignore[misc, name-defined]
    """A module with a parameter, a running mean, and something that it remembers."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(0.5))
        self.norm = torch.nn.BatchNorm1d(1)
        self.seen = 0

    def forward(self, x: Any) -> Any:
        self.seen += 1
        return self.norm(x * self.weight)


class TestACall:
    @needs_leaf_hooks
    def test_goes_backward_and_writes_no_gradient(self) -> None:
        weight = torch.tensor(0.3, requires_grad=True)
        arrived: list[float] = []
        weight.register_hook(lambda gradient: arrived.append(float(gradient)))
        call_target.call_forward_and_backward(lambda x: torch.sin(x), (weight,), {}, 7)
        assert len(arrived) == 1
        assert weight.grad is None

    def test_goes_backward_through_autograd(self) -> None:
        arrived: list[float] = []

        def function(x: Any) -> Any:
            output = x * 2
            original = output._node.vjp

            def vjp(gradient: Any) -> Any:
                arrived.append(float(gradient))
                return original(gradient)

            output._node.vjp = vjp
            return output

        call_target.call_forward_and_backward(function, (pnp.array(0.3, requires_grad=True),), {}, 7)
        assert arrived == [pytest.approx(np.random.default_rng(7).standard_normal())]

    @needs_leaf_hooks
    def test_reaches_the_parameters_of_a_module(self) -> None:
        net = Net()
        arrived: list[Any] = []
        net.weight.register_hook(arrived.append)
        call_target.call_forward_and_backward(net, (torch.ones(3, 1) * torch.arange(3.0).reshape(3, 1),), {}, 7)
        assert len(arrived) == 1
        assert net.weight.grad is None

    @needs_leaf_hooks
    def test_sends_the_same_cotangent_each_time(self) -> None:
        arrived: list[float] = []
        for _ in range(2):
            weight = torch.tensor(0.3, requires_grad=True)
            weight.register_hook(lambda gradient: arrived.append(float(gradient)))
            call_target.call_forward_and_backward(torch.sin, (weight,), {}, 7)
        assert arrived[0] == arrived[1]

    @pytest.mark.parametrize("value", [1.0, np.ones(2), torch.ones(2), pnp.array(1.0, requires_grad=False)])
    def test_without_anything_tracked_is_forwards_alone(self, value: Any) -> None:
        given: list[Any] = []
        call_target.call_forward_and_backward(given.append, (value,), {}, 7)
        assert len(given) == 1

    @needs_leaf_hooks
    def test_of_a_qnode_gives_a_gradient(self) -> None:
        weight = torch.tensor(0.3, requires_grad=True)
        arrived: list[float] = []
        weight.register_hook(lambda gradient: arrived.append(float(gradient)))
        call_target.call_forward_and_backward(qnode_of(), (weight,), {}, 7)
        cotangent = np.random.default_rng(7).standard_normal()
        assert arrived == [pytest.approx(-np.sin(0.3) * cotangent, rel=1e-5)]


def streams() -> tuple[Any, ...]:
    return random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist()


class TestTheUsersThings:
    def test_random_streams_are_where_they_were(self) -> None:
        # making a device draws from numpy's stream
        qnode = qnode_of()
        before = streams()
        with call_target.restore_afterwards(qnode):
            random.random()
            np.random.random()
            torch.rand(3)
            assert streams() != before
        assert streams() == before

    def test_a_module_has_the_buffers_and_attributes_that_it_had(self) -> None:
        net = Net()
        mean, names = net.norm.running_mean, set(vars(net))
        with call_target.restore_afterwards(net):
            net(torch.arange(4.0).reshape(4, 1))
            net.remembered = "something"
            assert not torch.equal(net.norm.running_mean, torch.zeros(1))
        assert net.seen == 0
        assert set(vars(net)) == names
        assert net.norm.running_mean is mean
        assert torch.equal(mean, torch.zeros(1))

    def test_a_qnode_that_was_met_has_the_attributes_that_it_had(self) -> None:
        qnode = qnode_of()
        qnode(0.1)
        tape = qnode.__dict__["_tape"]
        with call_target.restore_afterwards(qnode) as meet:
            meet(qnode)
            meet(qnode)
            qnode(0.2)
            qnode.remembered = "something"
        assert qnode.__dict__["_tape"] is tape
        assert not hasattr(qnode, "remembered")

    def test_it_is_all_put_back_after_an_exception(self) -> None:
        net = Net()

        def fail() -> None:
            net.seen = 9
            raise ValueError("the user's")

        with pytest.raises(ValueError, match="the user's"), call_target.restore_afterwards(net):
            fail()
        assert net.seen == 0


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (Net(), "Net"),
        (qnode_of, "qnode_of"),
        (TestACall.test_goes_backward_through_autograd, "TestACall.test_goes_backward_through_autograd"),
    ],
)
def test_it_is_called_as_its_author_calls_it(target: Any, name: str) -> None:
    assert call_target.name_of(target) == name


def test_a_qnode_is_called_after_its_function() -> None:
    assert call_target.name_of(qnode_of()) == "qnode_of.circuit"


def test_arguments_that_do_not_fit_are_pythons_own_error() -> None:
    with pytest.raises(TypeError, match="missing a required argument: 'x'"):
        call_target.check_arguments(qnode_of(), (), {})
    call_target.check_arguments(qnode_of(), (0.1,), {"shots": 10})
    call_target.check_arguments(lambda: None, (1, 2, 3), {})

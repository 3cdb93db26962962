"""What a probe differentiates: a weighted sum of all outputs, by the graphs that replays use."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import pennylane as qml  # noqa: E402
from pennylane import numpy as pnp  # noqa: E402

from qdiag.bridges.interfaces.choice import graph_for  # noqa: E402
from qdiag.bridges.live.probe_subject import Subject, real_elements, subject_of  # noqa: E402
from qdiag.model.parameter import Parameter  # noqa: E402

pytestmark = pytest.mark.stack


def subject(function: Any, *arguments: Any, interface: str = "torch") -> Subject:
    qnode = qml.QNode(function, qml.device("default.qubit", wires=2), interface=interface, diff_method="backprop")
    qnode(*arguments)
    return subject_of(qnode, arguments, {})


def state(x: Any, y: Any) -> Any:
    qml.RX(x, wires=0)
    qml.RY(y, wires=1)
    return qml.state()


BOTH = (torch.tensor(0.3, dtype=torch.float64, requires_grad=True), torch.tensor(0.5, dtype=torch.float64, requires_grad=True))


def test_cotangents_weigh_outputs_as_the_sum_does() -> None:
    found = subject(state, *BOTH)
    (weights,) = found.cotangents(found.plain)
    product = np.conj(weights) * found.plain[0]
    assert float(found.weigh(found.plain)) == pytest.approx(float(np.sum(product.real)))


@pytest.mark.parametrize("interface", ["torch", "autograd"])
def test_the_graphs_product_is_the_slope_of_the_weighted_sum(interface: str) -> None:
    arguments = BOTH if interface == "torch" else tuple(pnp.array(x.item(), requires_grad=True) for x in BOTH)
    found = subject(state, *arguments, interface=interface)
    graph = graph_for(interface)(
        lambda numbers: found.evaluate(found.qnode, numbers), [Parameter(leaf.array, interface, True) for leaf in found.leaves]
    )
    slopes = graph.vjp(found.cotangents(graph.outputs))
    for position, slope in enumerate(slopes):
        ahead, behind = (found.weigh(found.outputs(found.along(position, step))) for step in (1e-5, -1e-5))
        assert float(slope * found.directions[position]) == pytest.approx(float(ahead - behind) / 2e-5, abs=1e-9)


def test_a_graph_knows_which_numbers_lead_back() -> None:
    parts: dict[str, Any] = {}

    def function(numbers: Any) -> Any:
        parts["x"], parts["cut"] = numbers[0] * 2, numbers[1].detach()
        return (parts["x"] + numbers[1],)

    tracked = [Parameter(np.array(value), "torch", True) for value in (0.25, 0.5)]
    graph = graph_for("torch")(function, tracked)
    assert graph.leads_back([parts["x"], parts["cut"]]) == (True, False)
    assert graph.leads_back([parts["cut"], np.array(0.5)]) == (False, False)
    assert [float(slope) for slope in graph.vjp((np.array(1.0),))] == [2.0, 1.0]


def test_each_evaluation_starts_from_the_same_random_numbers() -> None:
    def random(x: Any) -> Any:
        qml.RX(x * torch.rand(1)[0] + np.random.rand(), wires=0)
        return qml.expval(qml.PauliZ(0))

    found = subject(random, BOTH[0])
    assert real_elements(found.outputs(found.here)).tolist() == real_elements(found.plain).tolist()


def test_arguments_of_one_framework_are_differentiated_together() -> None:
    found = subject(state, BOTH[0], pnp.array(0.5, requires_grad=True))
    assert (found.interface, found.tracked) == ("torch", (0,))


# --- whether it gives the same again ---------------------------------------------------------------------------------------------

MODERN = hasattr(getattr(qml, "devices", None), "ExecutionConfig")

needs_devices = pytest.mark.skipif(not MODERN, reason="devices are made otherwise in this PennyLane")


def sampling(draw: Any) -> Any:
    """A device that samples although nobody asked it to."""

    class Sampling(qml.devices.DefaultQubit):  # type: ignore[misc,name-defined]
        def execute(self, circuits: Any, execution_config: Any = None) -> Any:
            return tuple(draw(result) for result in super().execute(circuits, execution_config))

    return Sampling(wires=2)


def expectation(x: Any) -> Any:
    qml.RX(x, wires=0)
    return qml.expval(qml.PauliZ(0))


def is_steady(function: Any, device: Any) -> bool:
    qnode = qml.QNode(function, device, interface="torch", diff_method="parameter-shift")
    return subject_of(qnode, (BOTH[0],), {}).is_steady(3)


@needs_devices
def test_what_samples_by_the_scripts_stream_or_by_its_own_gives_nothing_twice() -> None:
    for stream in (np.random, np.random.default_rng(3)):
        device = sampling(lambda result, stream=stream: stream.binomial(1000, (1 + float(result)) / 2) / 500 - 1)
        assert not is_steady(expectation, device)
    assert is_steady(expectation, sampling(lambda result: result))


def test_a_circuit_that_is_drawn_at_random_is_no_sampling() -> None:
    def noisy(x: Any) -> Any:
        qml.RX(x + np.random.normal(), wires=0)
        return qml.expval(qml.PauliZ(0))

    assert is_steady(noisy, qml.device("default.qubit", wires=2))


@needs_devices
def test_a_device_that_samples_is_probed_and_nothing_is_made_of_it() -> None:
    from qdiag.bridges.live.qnode_probe import probes

    drawn = np.random.default_rng(3)
    device = sampling(lambda result: 2 * drawn.binomial(10, (1 + float(result)) / 2) / 10 - 1)
    qnode = qml.QNode(expectation, device, interface="torch", diff_method="parameter-shift")
    (*_, last) = probes(qnode, (BOTH[0],), {}, layer="", call=0)
    assert not last.repeatable


@needs_devices
def test_a_device_that_samples_by_the_scripts_stream_is_seen_in_single_precision_too() -> None:
    device = sampling(lambda result: np.random.binomial(1000, (1 + float(result)) / 2) / 500 - 1)
    qnode = qml.QNode(expectation, device, interface="torch", diff_method="parameter-shift")
    assert not subject_of(qnode, (torch.tensor(0.3, requires_grad=True),), {}).is_steady(3)


@needs_devices
def test_last_digits_of_single_precision_that_change_are_no_samples() -> None:
    from qdiag.bridges.live.qnode_probe import probes

    turns = iter(range(10**6))
    device = sampling(lambda result: np.float64(np.float32(result)) + 6e-8 * (next(turns) % 2))
    qnode = qml.QNode(expectation, device, interface="torch", diff_method="parameter-shift")
    (*_, last) = probes(qnode, (BOTH[0],), {}, layer="", call=0)
    assert last.repeatable
    assert last.device.narrow


# --- what the script got ---------------------------------------------------------------------------------------------------------


def probed(function: Any, *, off: float = 0.0) -> Any:
    """The last probe of a QNode that was called once, and whose results are told otherwise by as much."""
    from qdiag.bridges.live.qnode_probe import probes

    qnode = qml.QNode(function, qml.device("default.qubit", wires=1), interface="torch", diff_method="backprop")
    returned = [np.asarray(qnode(BOTH[0]).detach()) + off]
    (*_, last) = probes(qnode, (BOTH[0],), {}, layer="", call=0, returned=returned)
    return last


def test_results_are_held_against_those_that_the_script_got() -> None:
    assert probed(expectation).again == 0
    assert probed(expectation, off=0.25).again == pytest.approx(0.25)


def test_results_of_another_circuit_than_the_script_ran_are_held_against_nothing() -> None:
    def drawn(x: Any) -> Any:
        qml.RX(x + np.random.normal(), wires=0)
        return qml.expval(qml.PauliZ(0))

    assert probed(drawn).again is None


def test_outputs_of_other_methods_are_held_against_the_qnodes_own() -> None:
    others = {method.diff_method: method.apart for method in probed(expectation).methods[1:]}
    assert others["adjoint"] == pytest.approx(0, abs=1e-14)
    assert others["parameter-shift"] == pytest.approx(0, abs=1e-14)

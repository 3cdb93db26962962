"""Checks of live QNodes and modules: healthy ones are true, wrong ones are found, and all that is the user's stays as it was."""

from __future__ import annotations

import random
import re
import sys
import warnings
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest

pytest.importorskip("torch")

import pennylane as qml
import torch
from pennylane import numpy as pnp

import qdiag
from qdiag.errors import UsageError
from qdiag.model.comparison import Signature, Verdict
from qdiag.recording import hook_points
from tests.worlds.methods import methods

pytestmark = pytest.mark.stack
needs_sums = pytest.mark.skipif(not hasattr(qml.ops, "Sum"), reason="this PennyLane has no sums of operators")


def tensor(*values: float, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.tensor(values[0] if len(values) == 1 else values, dtype=dtype, requires_grad=True)


def rotation(interface: str = "autograd", method: str = "best") -> qml.QNode:
    @qml.qnode(qml.device("default.qubit", wires=1), interface=interface, diff_method=method)
    def circuit(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.PauliZ(0))

    return circuit


def readout() -> qml.QNode:
    """The coefficients of an observable are trainable: adjoint gives their gradients to the wrong parameters."""

    @qml.qnode(qml.device("default.qubit", wires=2), interface="torch", diff_method="adjoint")
    def circuit(weights, coefficients):
        qml.RX(weights[0], wires=0)
        qml.RY(weights[1], wires=1)
        qml.CNOT(wires=[0, 1])
        return qml.expval(qml.dot(coefficients, [qml.PauliZ(0), qml.PauliX(1)]))

    return circuit


def layer() -> torch.nn.Module:
    @qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
    def circuit(inputs, weights):
        qml.AngleEmbedding(inputs, wires=[0, 1])
        qml.BasicEntanglerLayers(weights, wires=[0, 1])
        return [qml.expval(qml.PauliZ(wire)) for wire in range(2)]

    return qml.qnn.TorchLayer(circuit, {"weights": (1, 2)})


class Net(torch.nn.Module):
    """Dense, batch normalisation, dropout, a quantum layer, and a counter."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = torch.nn.Linear(3, 2)
        self.norm = torch.nn.BatchNorm1d(2)
        self.drop = torch.nn.Dropout(0.5)
        self.quantum = layer()
        self.calls = 0

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return self.quantum(self.drop(self.norm(self.dense(batch))))


@pytest.mark.parametrize(
    ("interface", "argument"), [("torch", tensor(0.3)), ("autograd", pnp.array(0.3, requires_grad=True))], ids=["torch", "autograd"]
)
def test_what_the_own_method_raises_on_the_way_back_is_a_finding(interface: str, argument: Any) -> None:
    @qml.qnode(qml.device("default.qubit", wires=1), interface=interface, diff_method="parameter-shift")
    def circuit(x):
        qml.RX(x, wires=0)
        return qml.density_matrix(wires=0)

    result = qdiag.check(circuit, argument)
    assert result.verdict is Verdict.ERROR
    (finding,) = result.findings
    assert finding.divergence.signature is Signature.RAISE


class TestHealthy:
    @pytest.mark.parametrize(
        ("interface", "argument"), [("torch", tensor(0.3)), ("autograd", pnp.array(0.3, requires_grad=True))], ids=["torch", "autograd"]
    )
    def test_a_qnode(self, interface: str, argument: Any) -> None:
        result = qdiag.check(rotation(interface), argument)
        assert result
        assert result.verdict is Verdict.AGREE
        assert result.findings == ()

    def test_in_single_precision_it_is_rounding_without_a_reproducer(self) -> None:
        @qml.qnode(qml.device("default.qubit", wires=1), interface="torch", diff_method="backprop")
        def circuit(angles):
            for position in range(3):
                qml.RX(angles[position], wires=0)
                qml.RY(angles[position], wires=0)
            return qml.expval(qml.PauliZ(0))

        result = qdiag.check(circuit, tensor(0.3, 0.7, 1.1, dtype=torch.float32), methods="adjoint,backprop")
        assert result.verdict is Verdict.ROUNDING
        assert result
        assert result.findings[0].diagnosis.code == "QD101"
        assert result.reproducer == ""

    def test_a_torch_layer_with_a_batch(self) -> None:
        result = qdiag.check(layer().double(), torch.rand(3, 2, dtype=torch.float64), methods=["backprop", "adjoint"])
        assert result.verdict is Verdict.AGREE
        # a layer of PennyLane 0.21 calls its QNode once a row
        assert re.match(r"1 QNode call |3 QNode calls ", result.report.recorded)

    def test_a_function_that_calls_qnodes(self) -> None:
        first, second = rotation("torch"), rotation("torch")
        result = qdiag.check(lambda x: first(x) * second(2 * x), tensor(0.3), methods="backprop,adjoint")
        assert result.verdict is Verdict.AGREE
        assert result.report.recorded.startswith("2 QNode calls")

    @needs_sums
    def test_inside_of_inference_mode_as_outside(self) -> None:
        with torch.inference_mode():
            result = qdiag.check(layer(), torch.tensor([[0.1, 0.2], [0.3, 0.4]]) * 2)
        assert result.verdict is Verdict.ROUNDING
        assert result

    def test_a_tolerance_of_ones_own(self) -> None:
        sick = readout()
        arguments = tensor(0.4, 0.9), tensor(0.7, 0.2)
        assert qdiag.check(sick, *arguments, methods="backprop", tolerance=10.0).verdict is not Verdict.ERROR

    def test_what_nobody_tracks_has_no_gradient_and_that_is_said(self) -> None:
        notes = qdiag.check(rotation(), 0.3, methods="backprop,adjoint").report.notes
        assert any("only outputs were compared" in note for note in notes)
        notes = qdiag.check(rotation("torch"), tensor(0.3), methods="backprop,adjoint").report.notes
        assert not any("only outputs were compared" in note for note in notes)


class TestSick:
    @needs_sums
    def test_gradients_given_to_the_wrong_parameter(self) -> None:
        result = qdiag.check(readout(), tensor(0.4, 0.9), tensor(0.7, 0.2), methods="adjoint,backprop,parameter-shift")
        assert not result
        assert result.verdict == "error"
        assert result.findings[0].divergence.wrong == methods("default.qubit/adjoint")
        assert "sys.exit" in result.reproducer
        with pytest.raises(qdiag.errors.DivergenceError, match="adjoint is wrong"):
            result.raise_for_error()
        with pytest.raises(AssertionError, match=r"This script shows it:\n\n# The .* differ"):
            qdiag.testing.assert_methods_agree(readout(), tensor(0.4, 0.9), tensor(0.7, 0.2), methods="adjoint,backprop")

    def test_a_method_of_the_users_own_that_raises_is_a_finding(self) -> None:
        @qml.qnode(qml.device("default.qubit", wires=1), interface="torch", diff_method="adjoint")
        def circuit(x):
            qml.RX(x, wires=0)
            return qml.probs(wires=0), qml.sample(wires=0)

        result = qdiag.check(circuit, tensor(0.3), methods="backprop")
        assert result.verdict is Verdict.ERROR
        assert result.findings[0].divergence.signature == "raise"


class TestMistakes:
    def test_arguments_that_do_not_fit_raise_what_python_raises(self) -> None:
        with pytest.raises(TypeError, match="missing a required argument"):
            qdiag.check(rotation())

    def test_what_raises_outside_of_its_qnodes_raises_here(self) -> None:
        circuit = rotation()

        def function(x: float) -> Any:
            circuit(x)
            raise ValueError("mine")

        with pytest.raises(ValueError, match="mine"):
            qdiag.check(function, 0.3)

    def test_what_calls_no_qnode_is_no_target(self) -> None:
        with pytest.raises(UsageError, match="made no QNode call"):
            qdiag.check(torch.nn.Linear(2, 2), torch.rand(1, 2))


class TestUntouched:
    """Before and after a check, everything of the user's is the same to the last bit."""

    def streams(self) -> tuple[Any, ...]:
        of_numpy = [np.asarray(part).tolist() for part in np.random.get_state()]
        return random.getstate(), of_numpy, torch.get_rng_state().tolist(), torch.get_default_dtype()

    def test_a_module(self) -> None:
        net = Net().double()
        batch = torch.rand(4, 3, dtype=torch.float64, requires_grad=True)
        net.dense.weight.grad = torch.ones_like(net.dense.weight)
        buffers = {name: (id(buffer), buffer.clone()) for name, buffer in net.named_buffers()}
        attributes = [dict(vars(module)) for module in net.modules()]
        qnode = dict(vars(net.quantum.qnode))
        streams = self.streams()
        assert qdiag.check(net, batch, methods="adjoint").verdict is Verdict.AGREE
        assert self.streams() == streams
        assert all(id(b) == buffers[name][0] and torch.equal(b, buffers[name][1]) for name, b in net.named_buffers())
        assert [vars(module) for module in net.modules()] == attributes
        assert vars(net.quantum.qnode) == qnode
        assert net.calls == 0
        assert torch.equal(net.dense.weight.grad, torch.ones_like(net.dense.weight))
        assert all(p.grad is None for name, p in net.named_parameters() if name != "dense.weight")
        assert batch.grad is None

    def test_a_qnode_and_the_stream_of_its_device(self) -> None:
        device = qml.device("default.qubit", wires=1, seed=7) if "seed" in _device_options() else qml.device("default.qubit", wires=1)
        circuit = qml.QNode(rotation().func, device, interface="torch", diff_method="parameter-shift")
        angle = tensor(0.3)
        circuit(angle)
        qnode, of_device, tape = dict(vars(circuit)), dict(vars(device)), vars(circuit)["_tape"]
        drawn = [g.bit_generator.state for g in vars(device).values() if isinstance(g, np.random.Generator)]
        qdiag.check(circuit, angle, methods="backprop")
        assert vars(circuit) == qnode
        assert vars(circuit)["_tape"] is tape
        assert vars(device) == of_device
        assert [g.bit_generator.state for g in vars(device).values() if isinstance(g, np.random.Generator)] == drawn
        assert angle.grad is None

    def test_no_hook_is_left(self) -> None:
        hooked: list[tuple[Any, str]] = [(qml.QNode, "__call__"), (torch.autograd, "backward"), (torch.autograd, "grad")]
        hooked += [(warnings, "_showwarnmsg"), (qml.GradientDescentOptimizer, "step")]
        before = [vars(owner)[name] for owner, name in hooked]
        finders = list(sys.meta_path)
        qdiag.check(rotation("torch"), tensor(0.3), methods="backprop")
        assert [vars(owner)[name] for owner, name in hooked] == before
        assert sys.meta_path == finders
        assert not hook_points.is_hooked()

    @needs_sums
    def test_a_wrong_one_is_left_as_it_was_too(self) -> None:
        circuit, weights, coefficients = readout(), tensor(0.4, 0.9), tensor(0.7, 0.2)
        # PennyLane draws a seed from numpy's stream for each device that is made
        streams = self.streams()
        assert not qdiag.check(circuit, weights, coefficients, methods="adjoint,backprop")
        assert self.streams() == streams
        assert weights.grad is coefficients.grad is None


def _device_options() -> list[str]:
    import inspect

    return list(inspect.signature(type(qml.device("default.qubit", wires=1)).__init__).parameters)


class TestRecording:
    """``with qdiag.record()``: what a notebook does is in a trace, and nothing of the recorder is left."""

    def training(self, circuit: Callable[..., Any], steps: int) -> list[float]:
        angle = tensor(0.3)
        optimizer = torch.optim.SGD([angle], lr=0.1)
        losses = []
        for _ in range(steps):
            optimizer.zero_grad()
            loss = circuit(angle)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    def test_calls_steps_and_cotangents_are_recorded_and_the_numbers_are_the_same(self, tmp_path: Path) -> None:
        circuit = rotation("torch", "backprop")
        plain = self.training(circuit, 3)
        with qdiag.record(tmp_path / "run", probe=False) as recording:
            recorded = self.training(circuit, 3)
        self.training(circuit, 1)
        assert recorded == plain
        calls = list(recording.calls())
        assert len(recording) == 3
        assert [call.step for call in calls] == [0, 1, 2]
        assert all(len(call.backwards) == 1 for call in calls)
        assert not hook_points.is_hooked()

    def test_it_is_judged_and_read_back(self, tmp_path: Path) -> None:
        with qdiag.record(tmp_path / "run", probe=False) as recording:
            self.training(rotation("torch", "backprop"), 2)
        assert recording.report is None
        assert recording._repr_html_() is None
        assert recording.judge("adjoint").verdict is Verdict.AGREE
        again = qdiag.open(tmp_path / "run")
        assert again.report.verdict == "AGREE"
        assert "AGREE" in repr(again)
        assert again._repr_markdown_().startswith("# qdiag: ")

    def test_what_raises_inside_keeps_what_was_recorded(self, tmp_path: Path) -> None:
        def session() -> None:
            with qdiag.record(tmp_path / "run", probe=False):
                rotation("torch")(tensor(0.3))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            session()
        assert len(qdiag.open(tmp_path / "run")) == 1
        assert not hook_points.is_hooked()

    def test_a_check_inside_a_recording_is_none_of_its_calls(self, tmp_path: Path) -> None:
        circuit = rotation("torch")
        with qdiag.record(tmp_path / "run", probe=False) as recording:
            circuit(tensor(0.1))
            assert qdiag.check(circuit, tensor(0.3), methods="backprop,adjoint")
            circuit(tensor(0.2))
        assert [float(call.circuit.parameters[0].value) for call in recording.calls()] == [0.1, 0.2]

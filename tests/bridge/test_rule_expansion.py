"""Templates in operations that have a rule: the same circuit, of which a few numbers can be differentiated by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch

from qdiag.bridges.codec import flattening
from qdiag.bridges.codec.tapes import circuit_of
from qdiag.bridges.facts.rule_expansion import rule_expansion
from qdiag.evaluation.evaluate import evaluate
from qdiag.judging.parameter_samples import tracked_numbers
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Request
from qdiag.model.method import Method

pytestmark = pytest.mark.stack

BACKPROP = Method("default.qubit", "backprop")
ONE = ((np.asarray(1.0),),)


def tracked(*shape: int, dtype: Any = torch.float64) -> torch.Tensor:
    size = int(np.prod(shape))
    return (0.1 + 0.37 * torch.arange(size, dtype=dtype)).reshape(shape).requires_grad_()


def unitary() -> torch.Tensor:
    numbers = tracked(2, 2)
    return numbers + numbers.T + 0j


TEMPLATES: dict[str, Callable[[], Any]] = {
    "layers": lambda: qml.StronglyEntanglingLayers(tracked(2, 3, 3), wires=range(3)),
    "basic layers": lambda: qml.BasicEntanglerLayers(tracked(4, 3), wires=range(3)),
    "an embedding": lambda: qml.AngleEmbedding(tracked(3), wires=range(3)),
    "an embedding and weights": lambda: qml.QAOAEmbedding(tracked(3), tracked(2, 6), wires=range(3)),
    "weights of two kinds": lambda: qml.SimplifiedTwoDesign(tracked(3), tracked(2, 2, 2), wires=range(3)),
}


def circuit(build: Callable[[], Any]) -> Circuit:
    with flattening.stop_recording():
        build()
    tape = getattr(qml.tape, "JacobianTape", qml.tape.QuantumTape)()
    with tape:
        build()
        qml.expval(qml.PauliZ(0))
    return circuit_of(tape)


def vjp(ran: Circuit, method: Method = BACKPROP) -> tuple[np.ndarray, np.ndarray]:
    """The output, and all slopes in one line, in the order of the circuit's numbers."""
    found = evaluate(Request(ran, method, cotangents=ONE, interface="torch"))
    assert found.failure is None
    assert found.outputs is not None
    return np.asarray(found.outputs[0]), np.concatenate([np.ravel(slope) for slope in found.vjps[0]])


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_its_parts_and_gives_the_same(name: str) -> None:
    whole = circuit(TEMPLATES[name])
    parts = rule_expansion(whole, False)
    assert parts is not None
    assert all(parameter.value.ndim == 0 for parameter in parts.parameters if parameter.trainable)
    assert {parameter.container for parameter in parts.parameters if parameter.trainable} == {"torch"}
    assert tracked_numbers(parts) >= tracked_numbers(whole)
    (output, slopes), (same, of_parts) = vjp(whole), vjp(parts)
    np.testing.assert_array_equal(output, same)
    # a feature that is embedded twice has the slopes of both
    np.testing.assert_allclose(slopes.sum(), of_parts.sum(), atol=1e-12)
    assert rule_expansion(parts, False) is None


def test_a_dtype_stays() -> None:
    parts = rule_expansion(circuit(lambda: qml.BasicEntanglerLayers(tracked(2, 3, dtype=torch.float32), wires=range(3))), False)
    assert parts is not None
    assert {parameter.value.dtype.name for parameter in parts.parameters} == {"float32"}


def test_rows_of_a_batch_stay_together() -> None:
    parts = rule_expansion(circuit(lambda: qml.AngleEmbedding(tracked(5, 3), wires=range(3))), False)
    assert parts is not None
    assert [parameter.value.shape for parameter in parts.parameters] == [(5,)] * 3


def test_an_array_of_autograd_stays_one() -> None:
    weights = qml.numpy.array([[0.1, 0.2, 0.3]], requires_grad=True)
    ran = circuit(lambda: qml.BasicEntanglerLayers(weights, wires=range(3)))
    taken = [p for p in (rule_expansion(ran, False) or ran).parameters if p.trainable]
    assert {parameter.container for parameter in taken} <= {"autograd"}


LEFT: dict[str, Callable[[], Any]] = {
    "one number": lambda: qml.RX(tracked(1)[0].detach().requires_grad_(), wires=0),
    "a rule of its own": lambda: qml.Rot(*(tracked(1)[0].detach().requires_grad_() for _ in range(3)), wires=0),
    "numbers that nobody tracks": lambda: qml.StronglyEntanglingLayers(tracked(2, 3, 3).detach(), wires=range(3)),
    "amplitudes, whose angles are worked out": lambda: qml.AmplitudeEmbedding(tracked(8), wires=range(3), normalize=True),
    "a matrix, whose angles are worked out": lambda: qml.QubitUnitary(torch.matrix_exp(1j * unitary()), wires=0),
    "numbers that are doubled": lambda: qml.ParticleConservingU2(tracked(2, 5), wires=range(3), init_state=[1, 1, 0]),
    "an operation around others": lambda: qml.adjoint(qml.BasicEntanglerLayers)(tracked(2, 3), wires=range(3)),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_not_taken_apart(name: str) -> None:
    assert rule_expansion(circuit(LEFT[name]), False) is None


class Hiding(qml.operation.Operation):
    """An operation that shows PennyLane one of its two tracked numbers."""

    num_params = 1
    num_wires = 1
    grad_method = None

    def __init__(self, shown: Any, hidden: Any, wires: Any) -> None:
        self.hidden = hidden
        super().__init__(shown, wires=wires)

    def _flatten(self) -> Any:
        return (self.data[0], self.hidden), (self.wires, ())

    @classmethod
    def _unflatten(cls, data: Any, metadata: Any) -> Hiding:
        return cls(data[0], data[1], wires=metadata[0])

    def decomposition(self) -> list[Any]:
        return [qml.RX(self.data[0], wires=self.wires), qml.RY(self.hidden, wires=self.wires)]


class Detaching(qml.operation.Operation):
    """A template that tracks one of two numbers no further."""

    num_params = 1
    num_wires = 1
    grad_method = None

    @staticmethod
    def compute_decomposition(angles: Any, wires: Any) -> list[Any]:
        return [qml.RX(angles[0], wires=wires), qml.RY(angles[1].detach(), wires=wires)]


@pytest.mark.skipif(not hasattr(qml.operation.Operation, "compute_decomposition"), reason="operations were written otherwise")
def test_an_operation_that_loses_a_tracked_number_on_the_way_is_left_whole() -> None:
    assert rule_expansion(circuit(lambda: Detaching(tracked(2), wires=0)), True) is None


@pytest.mark.skipif(not hasattr(qml.operation.Operation, "_flatten"), reason="operations did not say what they are made of")
def test_an_operation_that_hides_a_tracked_number_is_left_whole() -> None:
    one, other = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (0.3, 0.4))
    assert rule_expansion(circuit(lambda: Hiding(one, other, wires=0)), True) is None

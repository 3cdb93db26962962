"""Random healthy circuits, as Hypothesis draws them: what users write, with angles 0 and π among the others, and no known fault.

Left out because this measurement found default.qubit's adjoint to be wrong there: gates of several angles (or templates of
such) that are not all trainable (``cases/constant-rotation-adjoint``), and states whose circuit does not use the wires in their
order (``cases/state-gradient-wire-order-adjoint``, ``cases/state-order-without-device-wires``), and a MultiRZ with a batch of angles
(``cases/batched-multirz-adjoint``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pennylane as qml
import torch
from hypothesis import strategies as st

from qdiag.bridges.codec.tapes import circuit_of
from qdiag.model.circuit import Circuit

ONE = {"RX": 1, "RY": 1, "RZ": 1, "PhaseShift": 1, "Rot": 3, "U2": 2, "U3": 3, "Hadamard": 0, "S": 0, "T": 0, "SX": 0, "PauliY": 0}
TWO = {
    "CNOT": 0, "CZ": 0, "SWAP": 0, "ISWAP": 0, "CRX": 1, "CRY": 1, "CRZ": 1, "CRot": 3, "ControlledPhaseShift": 1,
    "IsingXX": 1, "IsingYY": 1, "IsingZZ": 1, "IsingXY": 1, "SingleExcitation": 1, "MultiRZ": 1,
}  # fmt: skip
TEMPLATES = ("BasicEntanglerLayers", "StronglyEntanglingLayers", "AngleEmbedding", "IQPEmbedding", "SimplifiedTwoDesign")
MEASUREMENTS = ("expval", "expval", "tensor", "hamiltonian", "hermitian", "projector", "var", "probs", "state", "density_matrix")


@st.composite
def circuits(draw: st.DrawFn, dtype: str) -> Circuit:
    """A circuit of 2 to 6 qubits and up to 40 operations, every number of which is a torch tensor of this dtype."""
    wires = draw(st.integers(2, 6))
    batch = draw(st.sampled_from([None, None, None, 3]))
    pen = _Pen(draw, getattr(torch, dtype), batch)
    in_order = [qml.Hadamard(wire) for wire in range(wires)]
    operations = in_order + [_operation(draw, pen, wires) for _ in range(draw(st.integers(1, 40 - wires)))]
    alone = draw(st.booleans())
    several = st.lists(st.sampled_from(MEASUREMENTS[:6]), min_size=1, max_size=3)
    kinds = [draw(st.sampled_from(MEASUREMENTS))] if alone else draw(several)
    measurements = [_measurement(draw, kind, wires) for kind in kinds]
    return circuit_of(qml.tape.QuantumScript(operations, measurements), "single" if len(measurements) == 1 else "tuple")


class _Pen:
    """Draws numbers: one tensor each, trainable more often than not; a batch only for gates of one angle."""

    def __init__(self, draw: st.DrawFn, dtype: torch.dtype, batch: int | None) -> None:
        self.draw, self.dtype, self.batch = draw, dtype, batch

    def numbers(self, shape: tuple[int, ...] = (), *, fixed: bool = True) -> torch.Tensor:
        size = int(np.prod(shape))
        special = st.sampled_from([0.0, np.pi, -np.pi, np.pi / 2])
        angles = st.one_of(st.floats(-3.2, 3.2), st.floats(-3.2, 3.2), special)
        values = self.draw(st.lists(angles, min_size=size, max_size=size))
        return torch.tensor(values, dtype=self.dtype).reshape(shape).requires_grad_(not fixed or self.draw(st.integers(0, 3)) > 0)

    def angle(self) -> torch.Tensor:
        batched = self.batch is not None and self.draw(st.booleans())
        return self.numbers((self.batch,) if batched else ())


def _operation(draw: st.DrawFn, pen: _Pen, wires: int) -> Any:
    kind = draw(st.sampled_from(["one", "one", "one", "two", "two", "template"]))
    if kind == "template":
        return _template(draw, pen, wires)
    table = ONE if kind == "one" else TWO
    name = draw(st.sampled_from(sorted(table)))
    on = draw(st.permutations(range(wires)))[: 1 if kind == "one" else 2]
    count = table[name]
    operation = getattr(qml, name)(*_angles(pen, name, count), wires=on)
    return qml.adjoint(operation) if draw(st.integers(0, 9)) == 0 else operation


def _angles(pen: _Pen, name: str, count: int) -> list[torch.Tensor]:
    if name == "MultiRZ":
        return [pen.numbers()]
    return [pen.angle()] if count == 1 else [pen.numbers(fixed=False) for _ in range(count)]


def _template(draw: st.DrawFn, pen: _Pen, wires: int) -> Any:
    name = draw(st.sampled_from(TEMPLATES))
    layers = draw(st.integers(1, 2))
    if name == "BasicEntanglerLayers":
        return qml.BasicEntanglerLayers(pen.numbers((layers, wires)), wires=range(wires))
    if name == "StronglyEntanglingLayers":
        return qml.StronglyEntanglingLayers(pen.numbers((layers, wires, 3), fixed=False), wires=range(wires))
    if name == "SimplifiedTwoDesign":
        return qml.SimplifiedTwoDesign(pen.numbers((wires,)), pen.numbers((layers, wires - 1, 2)), wires=range(wires))
    return getattr(qml, name)(pen.numbers((wires,)), wires=range(wires))


def _measurement(draw: st.DrawFn, kind: str, wires: int) -> Any:
    on = draw(st.permutations(range(wires)))
    pauli = draw(st.sampled_from([qml.PauliX, qml.PauliY, qml.PauliZ]))
    single = {
        "expval": lambda: qml.expval(pauli(on[0])),
        "tensor": lambda: qml.expval(pauli(on[0]) @ qml.PauliZ(on[1])),
        "hamiltonian": lambda: qml.expval(qml.Hamiltonian([0.7, -1.3], [pauli(on[0]), qml.PauliX(on[0]) @ qml.PauliZ(on[1])])),
        "hermitian": lambda: qml.expval(qml.Hermitian(np.array([[1.0, 0.5 - 0.2j], [0.5 + 0.2j, -0.4]]), wires=on[0])),
        "projector": lambda: qml.expval(qml.Projector([1, 0], wires=on[:2])),
        "var": lambda: qml.var(pauli(on[0])),
        "probs": lambda: qml.probs(wires=on[: draw(st.integers(1, wires))]),
        "state": qml.state,
        "density_matrix": lambda: qml.density_matrix(wires=[on[0]]),
    }
    return single[kind]()

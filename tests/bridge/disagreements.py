"""Small circuits on which methods of PennyLane 0.45.1 are known to disagree, each with the methods that are wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pennylane as qml
import torch
from pennylane import numpy as pnp

QUBIT = tuple(f"default.qubit/{name}" for name in ("backprop", "adjoint", "parameter-shift", "finite-diff", "hadamard"))
LIGHTNING = ("lightning.qubit/adjoint", "lightning.qubit/parameter-shift")
MIXED = ("default.mixed/backprop", "default.mixed/parameter-shift")


@dataclass(frozen=True)
class Disagreement:
    """A circuit, the methods asked, and those of them that are wrong; those that raise are not among the wrong."""

    name: str
    function: Callable[[], Any]
    methods: tuple[str, ...]
    wrong: tuple[str, ...]
    interface: str = "torch"
    wires: tuple[int, ...] = ()


def t(value: Any) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64, requires_grad=True)


def observable_coefficient():
    qml.RX(t(0.4), 0)
    qml.RY(t(0.3), 1)
    qml.CNOT([0, 1])
    return qml.expval(qml.dot([t(0.7), 0.5], [qml.PauliZ(0), qml.PauliX(1)]))


def evolution():
    qml.evolve(qml.dot(t([0.4, 0.3]), [qml.PauliX(0), qml.PauliZ(0)]), 0.7)
    return qml.expval(qml.PauliZ(0))


def evolved_sum():
    gamma, beta = pnp.array([0.3, 0.4], requires_grad=True)
    for i in range(3):
        qml.RY(0.4 + 0.3 * i, i)
    cost = qml.Hamiltonian([0.5] * 3, [qml.PauliZ(a) @ qml.PauliZ(b) for a, b in ((0, 1), (1, 2), (0, 2))])
    mixer = qml.Hamiltonian([1.0, 1.0, 1.0, 0.3], [qml.PauliX(i) for i in range(3)] + [qml.PauliX(0) @ qml.PauliX(1)])
    qml.evolve(cost, gamma)
    qml.evolve(mixer, beta)
    return qml.expval(cost)


def multiplexed_rotation():
    qml.RY(0.3, 0)
    qml.SelectPauliRot(t([0.4, 0.3]), [0], 1, "X")
    return qml.expval(qml.PauliZ(1))


def block_encoding():
    qml.BlockEncode(torch.diag(t([0.4, 0.3])), [0, 1])
    return qml.expval(qml.PauliZ(0))


def singular_value_transformation():
    qml.Hadamard(0)
    block = qml.BlockEncode(np.array([[0.2, 0.1], [0.1, -0.3]]), [0, 1])
    qml.QSVT(block, [qml.PCPhase(angle, 2, [0, 1]) for angle in t([0.3, 0.4, 0.5])])
    return qml.expval(qml.PauliZ(0))


def controlled_power_at_zero():
    qml.RY(0.5, 0)
    qml.RY(0.3, 1)
    qml.ctrl(qml.pow(qml.RX(t(0.0), 1), 2), 0)
    return qml.expval(qml.PauliY(1))


def imaginary_exponent():
    qml.exp(qml.PauliX(0), -0.5j * t(0.4))
    return qml.expval(qml.PauliZ(0))


def zero_amplitude():
    qml.AmplitudeEmbedding(t([0.6, 0.4, 0.0]), [0, 1], pad_with=0.0, normalize=True)
    qml.RX(t(0.3), 0)
    return qml.expval(qml.PauliZ(0))


def sparse_observable():
    qml.RX(t(0.4), 0)
    with qml.QueuingManager.stop_recording():
        matrix = (0.5 * qml.PauliX(0) + 0.3 * qml.PauliY(0)).sparse_matrix()
    return qml.expval(qml.SparseHamiltonian(matrix, [0]))


def postselection():
    qml.RX(t(0.4), 0)
    qml.RY(t(0.7), 1)
    qml.CNOT([1, 0])
    qml.CRX(0.4, [0, 1])
    qml.measure(0, postselect=1)
    return qml.expval(qml.PauliZ(1))


def eigenbasis():
    qml.RX(t(0.4), 0)
    qml.RY(t(0.3), 1)
    qml.CNOT([0, 1])
    return qml.probs(op=qml.Hermitian(np.array([[0.4, 0.2 + 0.1j], [0.2 - 0.1j, -0.3]]), 0))


def power_of_controlled():
    for i in range(3):
        qml.RY(0.3 + i, i)
    qml.pow(qml.ctrl(qml.RX(t(0.7), 1), [0, 2]), 2)
    return qml.expval(qml.PauliY(1))


def one_rotation():
    qml.RY(t(0.7), 0)
    return qml.expval(qml.PauliZ(0))


def global_phase():
    qml.GlobalPhase(t(0.4))
    return qml.expval(qml.PauliZ(0))


def controlled_parity():
    qml.Hadamard(0)
    qml.RY(0.4, 1)
    qml.ctrl(qml.MultiRZ(t(0.3), [1, 2]), 0)
    qml.Hadamard(0)
    return qml.expval(qml.PauliZ(0))


def all_probabilities():
    qml.RX(0.3, 0)
    qml.RY(t(0.4), 1)
    return qml.probs([0, 1])


def purity():
    qml.RX(t(0.4), 0)
    qml.CRY(t(0.8), [0, 1])
    return qml.purity([0])


def single_precision():
    x = torch.tensor([0.3, 0.4, 0.5], dtype=torch.float32, requires_grad=True)
    for k in range(10):
        qml.RX(x[k % 3], k % 3)
        qml.CRY(x[(k + 1) % 3], [k % 3, (k + 1) % 3])
    return qml.expval(qml.PauliZ(0)), qml.probs([1, 2])


def amplitudes():
    x = t([[0.6, 0.4, 0.3, 0.1], [0.1, 0.2, 0.3, 0.4]])
    qml.AmplitudeEmbedding(2 * x, [0, 1], normalize=True)
    qml.RX(t(0.3), 0)
    return qml.expval(qml.PauliZ(0) @ qml.PauliX(1))


def unitary():
    qml.RX(0.3, 0)
    generator = torch.tensor([[0.3, 0.2 + 0.1j], [0.2 - 0.1j, 0.5]], dtype=torch.complex128, requires_grad=True)
    qml.QubitUnitary(torch.linalg.matrix_exp(1j * generator), 0)
    qml.RY(0.4, 0)
    return qml.expval(qml.PauliZ(0))


def conditional():
    qml.RX(t(0.4), 0)
    measured = qml.measure(0, reset=True)
    qml.cond(measured, qml.RY)(t(0.3), 1)
    return qml.expval(qml.PauliZ(1)), qml.probs(op=measured)


def probabilities_out_of_order():
    qml.RY(t(0.4), 1)
    qml.CRY(t(0.7), [1, 0])
    return qml.probs([0, 1])


def double_excitation():
    qml.Hadamard(0)
    qml.RY(0.3, 1)
    qml.RX(0.4, 2)
    qml.DoubleExcitation(t(0.3), [0, 1, 2, 3])
    return qml.expval(qml.PauliZ(0))


def doubly_controlled():
    for wire in range(3):
        qml.RY(0.3 + wire, wire)
    qml.ctrl(qml.RX(t(0.0), 2), [0, 1])
    return qml.expval(qml.PauliY(2))


DISAGREEMENTS = (
    Disagreement("coefficient of the observable", observable_coefficient, QUBIT, ("default.qubit/adjoint",)),
    Disagreement("coefficients of an evolution", evolution, QUBIT, QUBIT[1:]),
    Disagreement("evolution of an overlapping sum", evolved_sum, QUBIT[:3], QUBIT[:1], interface="autograd"),
    Disagreement("multiplexed rotation", multiplexed_rotation, QUBIT + LIGHTNING + MIXED, QUBIT[:1]),
    Disagreement("block encoding: all that give numbers", block_encoding, QUBIT + MIXED, (QUBIT[0], MIXED[0])),
    Disagreement("singular value transformation", singular_value_transformation, QUBIT + LIGHTNING, ("default.qubit/adjoint",)),
    Disagreement(
        "controlled power at zero",
        controlled_power_at_zero,
        QUBIT + LIGHTNING + MIXED,
        ("default.qubit/parameter-shift", "default.qubit/finite-diff", *LIGHTNING, *MIXED),
    ),
    Disagreement("imaginary exponent", imaginary_exponent, QUBIT + LIGHTNING, QUBIT[1:]),
    Disagreement("zero amplitude", zero_amplitude, QUBIT + LIGHTNING, QUBIT[1:] + LIGHTNING),
    Disagreement("sparse observable", sparse_observable, (*MIXED, "default.mixed/finite-diff"), MIXED[:1]),
    Disagreement("postselection", postselection, QUBIT, ("default.qubit/parameter-shift", "default.qubit/hadamard")),
    Disagreement("eigenbasis of an observable", eigenbasis, QUBIT, ("default.qubit/hadamard",), wires=(0, 1, 2)),
    Disagreement("power of a controlled gate", power_of_controlled, QUBIT + LIGHTNING, LIGHTNING[:1]),
    Disagreement(
        "single precision under a finite difference",
        one_rotation,
        ("lightning.qubit[complex64]/finite-diff", "lightning.qubit[complex64]/adjoint", "default.qubit/backprop"),
        ("lightning.qubit[complex64]/finite-diff",),
    ),
    Disagreement("probabilities behind a constant", all_probabilities, QUBIT, ("default.qubit/adjoint",)),
    Disagreement("purity", purity, QUBIT, ("default.qubit/parameter-shift",)),
    Disagreement("probabilities of wires out of order", probabilities_out_of_order, QUBIT, ("default.qubit/adjoint",)),
    Disagreement("double excitation of a density matrix", double_excitation, (QUBIT[0], *MIXED), MIXED[:1]),
    Disagreement("doubly controlled rotation at zero", doubly_controlled, (QUBIT[0], *MIXED), MIXED[:1]),
)
"""Faults of PennyLane, by their smallest circuits."""

HEALTHY = (
    Disagreement("global phase", global_phase, QUBIT + LIGHTNING, ()),
    Disagreement("controlled parity", controlled_parity, QUBIT + LIGHTNING, ()),
    Disagreement("single precision", single_precision, (*QUBIT[:3], *LIGHTNING), ()),
    Disagreement("amplitudes in a batch", amplitudes, QUBIT, ()),
    Disagreement("trainable unitary", unitary, QUBIT, ()),
    Disagreement("mid-circuit measurement", conditional, QUBIT, ()),
)
"""Circuits on which every method that gives numbers is right."""

"""What instances of operators are made from: matrices, vectors, weights, all fixed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pennylane as qml
import scipy.sparse

MODERN = hasattr(qml.operation.Operator, "_flatten")
"""Whether this PennyLane's operators can be taken apart and put together again by themselves (0.33)."""

W = np.linspace(0.1, 1.3, 12)
"""Weights to cut arrays from."""


def unitary(wires: int) -> np.ndarray:
    """A seeded unitary matrix on so many wires."""
    rows = np.random.default_rng(wires).normal(size=(2**wires, 2**wires)) + 1j * np.eye(2**wires)
    return np.linalg.qr(rows)[0]


def hermitian(wires: int) -> np.ndarray:
    """A seeded Hermitian matrix on so many wires."""
    matrix = unitary(wires)
    return (matrix + matrix.conj().T) / 2


def vector(wires: int) -> np.ndarray:
    """A state of norm one on so many wires."""
    vector = np.arange(1.0, 2**wires + 1)
    return vector / np.linalg.norm(vector)


def hamiltonian() -> Any:
    """A sum of two Pauli words."""
    return qml.Hamiltonian([0.5, -1.25], [qml.PauliZ(0) @ qml.PauliZ(1), qml.PauliX(0)])


def entangler(weights: Any, wires: Any) -> None:
    """A block of two wires, for networks of such."""
    qml.RY(weights[0], wires=wires[0])
    qml.CNOT(wires=wires)


def polynomial(x: int, y: int) -> int:
    """A function of two numbers, for arithmetic."""
    return x**2 + y


def sparse_matrix() -> Any:
    """A sparse diagonal matrix on two wires."""
    matrix = scipy.sparse.csr_matrix(np.diag([1.0, 2.0, 0.0, -1.0]))
    return matrix if MODERN else matrix.tocoo()


def sparse_vector() -> Any:
    """A sparse state on two wires."""
    return scipy.sparse.csr_matrix(np.array([[0, 1, 0, 0]]))

"""A measurement of every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pennylane as qml

from qdiag.bridges.space.ingredients import hamiltonian, hermitian, sparse_matrix

MEASUREMENTS: dict[str, Callable[[], Any]] = {
    "expval": lambda: qml.expval(qml.PauliZ(0)),
    "expval of a product": lambda: qml.expval(qml.PauliZ(0) @ qml.PauliX("b")),
    "expval of a matrix": lambda: qml.expval(qml.Hermitian(hermitian(1), wires=0)),
    "expval of a Hamiltonian": lambda: qml.expval(hamiltonian()),
    "expval of a projector": lambda: qml.expval(qml.Projector([1], wires=[0])),
    "expval of a sparse matrix": lambda: qml.expval(qml.SparseHamiltonian(sparse_matrix(), wires=[0, 1])),
    "expval of a sum": lambda: qml.expval(0.5 * qml.PauliX(0) + qml.PauliZ(1)),
    "var": lambda: qml.var(qml.PauliY(0)),
    "probs": lambda: qml.probs(wires=[0, 1]),
    "probs of all": lambda: qml.probs(),
    "probs of an observable": lambda: qml.probs(op=qml.PauliX(0)),
    "state": lambda: qml.state(),
    "density_matrix": lambda: qml.density_matrix(wires=[0]),
    "sample": lambda: qml.sample(wires=[0]),
    "sample of all": lambda: qml.sample(),
    "sample of an observable": lambda: qml.sample(qml.PauliX(0)),
    "sample in a dtype": lambda: qml.sample(qml.PauliX(0), dtype="float32"),
    "counts": lambda: qml.counts(wires=[0]),
    "counts of an observable": lambda: qml.counts(qml.PauliX(0), all_outcomes=True),
    "purity": lambda: qml.purity(wires=[0]),
    "vn_entropy": lambda: qml.vn_entropy(wires=[0], log_base=2),
    "mutual_info": lambda: qml.mutual_info(wires0=[0], wires1=[1]),
    "vn_entanglement_entropy": lambda: qml.vn_entanglement_entropy(wires0=[0], wires1=[1]),
    "classical_shadow": lambda: qml.classical_shadow(wires=[0, 1], seed=3),
    "shadow_expval": lambda: qml.shadow_expval(qml.PauliZ(0), k=2, seed=3),
    "shadow_expval of several": lambda: qml.shadow_expval([qml.PauliZ(0), qml.PauliX(1)], seed=3),
    "expval with eigenvalues": lambda: qml.measurements.ExpectationMP(eigvals=np.array([1.0, -1.0]), wires=qml.wires.Wires([0])),
}
"""Label and maker of each."""

"""Further operations for a hunt: sisters of the tables' on other wires, or with something else inside (see `operators_by_hand`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pennylane as qml

from qdiag.bridges.space.ingredients import W


def _equal_terms() -> Any:
    pairs = ((0, 1), (1, 2), (0, 2))
    return qml.Hamiltonian([0.5] * 3, [qml.PauliZ(a) @ qml.PauliZ(b) for a, b in pairs])


FURTHER: dict[str, Callable[[], Any]] = {
    "GlobalPhase on a wire": lambda: qml.GlobalPhase(0.3, wires=0),
    "SpecialUnitary on two wires": lambda: qml.SpecialUnitary(np.resize(W, 15) / 2, wires=[0, 1]),
    "Evolution of a word": lambda: qml.evolve(qml.PauliX(0) @ qml.PauliZ(1), 0.3),
    # equal levels: where eigenvalues meet, derivatives of eigenvectors have no limit
    "Evolution of equal terms": lambda: qml.evolve(_equal_terms(), 0.3),
    "Exp of equal terms": lambda: qml.exp(_equal_terms(), -0.3j),
    "TrotterProduct of a word": lambda: qml.TrotterProduct(qml.dot([0.7, -0.4], [qml.PauliX(0), qml.PauliZ(0) @ qml.PauliY(1)]), 0.4),
    "Exp imaginary": lambda: qml.exp(qml.PauliX(0), 0.3j),
    "MultiRZ on a wire": lambda: qml.MultiRZ(0.3, wires=0),
    "PauliRot on two wires": lambda: qml.PauliRot(0.3, "XY", wires=[0, 1]),
    "BlockEncode on a wire": lambda: qml.BlockEncode(np.array([[0.3]]), wires=0),
}
"""Label and maker of each."""

"""A layer with one result, to see in which dtype it hands that on."""

from __future__ import annotations

from typing import Any

import pennylane as qml
import torch

ANGLE = 1.1
"""Gives a result that is no whole number, and a state with an imaginary part."""


def loss(dtype: str, is_complex: bool) -> float:
    """How far a `TorchLayer`'s result is from its QNode's own, where its input has this dtype.

    Parameters
    ----------
    dtype
        Of the input, in torch's name.
    is_complex
        Whether the QNode returns a state, else an expectation value.
    """

    def circuit(inputs: Any, angle: Any) -> Any:
        qml.RX(angle[0], wires=0)
        return qml.state() if is_complex else qml.expval(qml.PauliZ(0))

    qnode = qml.QNode(circuit, qml.device("default.qubit", wires=1), interface="torch", diff_method="backprop")
    layer = qml.qnn.TorchLayer(qnode, {"angle": (1,)})
    angle = torch.tensor([ANGLE], dtype=torch.float64)
    layer.qnode_weights["angle"].data = angle
    given = torch.ones(1, dtype=getattr(torch, dtype))
    with torch.no_grad():
        own = qnode(given, angle).reshape(-1)
        handed_on = layer(given).reshape(-1)
        return float(abs(handed_on.to(own.dtype) - own).max())

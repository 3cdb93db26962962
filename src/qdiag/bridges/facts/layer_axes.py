"""A layer with several results for each row of a batch, to see in which order the axes of what it hands on are."""

from __future__ import annotations

from typing import Any

import pennylane as qml
import torch


def shape(returns: str, results: int, rows: int) -> tuple[int, ...]:
    """The shape of what a `TorchLayer` hands on for a batch.

    Parameters
    ----------
    returns
        Whether its quantum function returns a ``tuple`` of the results or a ``list``.
    results
        How many.
    rows
        Of the batch, each with one feature.
    """

    def circuit(inputs: Any, angle: Any) -> Any:
        qml.RX(inputs[:, 0], wires=0)
        qml.RY(angle, wires=0)
        measured = [qml.expval(qml.PauliZ(0)) for _ in range(results)]
        return tuple(measured) if returns == "tuple" else measured

    qnode = qml.QNode(circuit, qml.device("default.qubit", wires=1), interface="torch", diff_method="backprop")
    layer = qml.qnn.TorchLayer(qnode, {"angle": ()})
    with torch.no_grad():
        return tuple(layer(torch.linspace(0.1, 1.0, rows).reshape(rows, 1)).shape)

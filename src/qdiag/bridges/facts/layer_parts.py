"""A layer with results of given sizes: what it hands on, and sends back, beside its QNode's own results put side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

import pennylane as qml
import torch

Gaps = tuple[float, float, float]
"""How far the layer is off: in what it hands on, and in the slopes by its inputs and by its weights."""


def gaps(sizes: Sequence[int], shape: Sequence[int], dtype: str, start: float = 0.1) -> Optional[tuple[Gaps, float]]:
    """How far a `TorchLayer` is from its QNode, and how far the QNode on a batch is from itself row by row.

    Parameters
    ----------
    sizes
        Of its results, for each row: 1 of an expectation value, else a power of two of probabilities.
    shape
        Of the inputs: rows and features, or features.
    dtype
        Of the inputs, in torch's name.
    start
        Where the inputs begin.

    Returns
    -------
    tuple
        The smaller one of the layer's distances from both; None where it hands on as many numbers in no comparable way.
    """
    qnode = _qnode(sizes, shape[-1])
    layer = qml.qnn.TorchLayer(qnode, {"angle": (2,)})
    angle = layer.qnode_weights["angle"]
    angle.data = torch.tensor([0.7, -0.4], dtype=angle.dtype)
    total = int(torch.Size(shape).numel())
    given = torch.linspace(start, start + 1.3, total, dtype=getattr(torch, dtype)).reshape(*shape).requires_grad_()
    weights = angle.to(given)
    at_once = _side_by_side(qnode(inputs=given, angle=weights), shape)
    rows = given.reshape(-1, shape[-1])
    by_rows = torch.cat([_side_by_side(qnode(inputs=row, angle=weights), shape[-1:]) for row in rows]).to(given)
    handed = layer(given)
    if not isinstance(handed, torch.Tensor) or handed.numel() != at_once.numel():
        return None
    beside = [_gaps(handed, one, given, angle) for one in (at_once, by_rows)]
    return min(beside, key=max), max(_gaps(at_once, by_rows, given, angle))


def _qnode(sizes: Sequence[int], features: int) -> Any:
    wires = max(2, *(size.bit_length() - 1 for size in sizes))
    observables = (qml.PauliZ, qml.PauliX, qml.PauliY)

    def circuit(inputs: Any, angle: Any) -> Any:
        for wire in range(min(features, wires)):
            qml.RX(inputs[..., wire], wires=wire)
        for wire in range(wires):
            qml.RY(angle[wire % 2], wires=wire)
            qml.CNOT(wires=[wire, (wire + 1) % wires])
        measured = [
            qml.expval(observables[k // wires % 3](k % wires)) if size == 1 else qml.probs(wires=range(size.bit_length() - 1))
            for k, size in enumerate(sizes)
        ]
        return measured if len(measured) > 1 else measured[0]

    return qml.QNode(circuit, qml.device("default.qubit", wires=wires), interface="torch", diff_method="backprop")


def _side_by_side(results: Any, shape: Sequence[int]) -> torch.Tensor:
    """The numbers of each row one after the other, row by row."""
    listed = list(results) if isinstance(results, (list, tuple)) else [results]
    rows = shape[0] if len(shape) > 1 else 1
    return torch.cat([result.reshape(rows, -1) for result in listed], dim=1).reshape(-1)


def _gaps(one: torch.Tensor, other: torch.Tensor, given: torch.Tensor, angle: torch.Tensor) -> Gaps:
    sides = [side.reshape(-1).to(torch.float64) for side in (one, other)]
    slopes = [_slopes(side, given, angle) for side in sides]
    apart = [float(abs(a - b).max()) for a, b in ((sides[0].detach(), sides[1].detach()), *zip(*slopes))]
    return apart[0], apart[1], apart[2]


def _slopes(side: torch.Tensor, given: torch.Tensor, angle: torch.Tensor) -> list[torch.Tensor]:
    loss = (side * torch.linspace(-1.0, 1.5, side.numel(), dtype=side.dtype)).sum()
    tracked = [given, angle]
    if not loss.requires_grad:
        return [torch.zeros_like(one) for one in tracked]
    found = torch.autograd.grad(loss, tracked, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(one) if slope is None else slope for slope, one in zip(found, tracked)]

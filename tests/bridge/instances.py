"""Instances of the package's space, and one rotation in every container that a script may hand over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pennylane as qml

from qdiag.bridges.space.generic import classes
from qdiag.bridges.space.ingredients import MODERN
from qdiag.bridges.space.instances import Instance, measurements, operators

__all__ = ["MODERN", "Instance", "containers", "measurements", "numbers", "operators", "unmade"]


def containers() -> dict[str, Callable[[float], Any]]:
    """Ways in which a script may hand over a number."""
    from pennylane import numpy as pnp

    table: dict[str, Callable[[float], Any]] = {
        "python": float,
        "integer": lambda x: 1,
        "numpy float32 scalar": np.float32,
        "numpy float64 scalar": np.float64,
        "numpy 0-d": np.array,
        "numpy float32 0-d": lambda x: np.array(x, np.float32),
        "tensor": lambda x: pnp.array(x, requires_grad=True),
        "untracked tensor": lambda x: pnp.array(x, requires_grad=False),
    }
    try:
        import torch
    except ImportError:
        return table
    table["torch float32"] = lambda x: torch.tensor(x, dtype=torch.float32)
    table["torch tracked"] = lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True)
    table["torch from a graph"] = lambda x: 2 * torch.tensor(x, dtype=torch.float32, requires_grad=True)
    return table


def numbers() -> list[Instance]:
    """One rotation in every container that a script may hand over."""
    return [Instance(f"RX of {name}", qml.RX(make(0.3), wires=0)) for name, make in containers().items()]


def unmade() -> list[str]:
    """Names of the classes of which no instance could be made."""
    made = {instance.kind for instance in operators()}
    return sorted(kind.__name__ for kind in classes() if kind.__name__ not in made)

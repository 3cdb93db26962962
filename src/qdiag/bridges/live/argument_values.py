"""Plain numbers and arrays as the arguments that a user would pass: tracked where a gradient is wanted, in the target's interface."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pennylane as qml
from pennylane import numpy as pnp


def argument(value: Any, target: Any) -> Any:
    """A number, or an array, as an argument of what is called.

    Parameters
    ----------
    value
        An int, a float, or an array of these. Real numbers are tracked by a QNode's interface; integers never are.
    target
        A QNode takes tensors of its own interface in double precision; a module takes torch tensors, untracked and in torch's
        default precision, as its batch; anything else takes arrays of ``pennylane.numpy``.
    """
    array = np.asarray(value)
    torch: Any = sys.modules.get("torch")
    if torch is not None and isinstance(target, torch.nn.Module):
        return torch.tensor(array, dtype=torch.get_default_dtype() if array.dtype.kind == "f" else None)
    if array.dtype.kind != "f":
        return value
    if _interface(target) == "torch":
        import torch as loaded

        return loaded.tensor(array, requires_grad=True)
    if _interface(target).startswith("jax"):
        import jax.numpy as jnp

        return jnp.asarray(array)
    return pnp.array(array, requires_grad=True)


def _interface(target: Any) -> str:
    if not isinstance(target, qml.QNode):
        return ""
    interface = getattr(target, "interface", None)
    return str(getattr(interface, "value", interface))

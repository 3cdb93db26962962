"""What live numbers are held in, and which of them something differentiates by."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np

from qdiag.bridges.codec import jax_numbers
from qdiag.bridges.codec.live_numbers import reader_for
from qdiag.model.parameter import Parameter

PYTHON = (bool, int, float, complex)
"""Python's own kinds of numbers."""

_CONTAINERS: dict[type, str] = {}


def container_of(value: Any) -> str:
    """Which of `circuit.CONTAINERS` a live value is in."""
    kind = type(value)
    return _CONTAINERS.get(kind) or _container(kind)


def _container(kind: type) -> str:
    torch = sys.modules.get("torch")
    if torch is not None and issubclass(kind, torch.Tensor):
        known = "torch"
    elif jax_numbers.is_jax(kind):
        known = "jax"
    elif reader_for(kind) is None:
        # PennyLane's operations, observables, wires and classes are no numbers, and may be arguments of a QNode all the same
        known = "python"
    elif kind.__module__.startswith(("pennylane", "autograd")):
        known = "autograd"
    elif issubclass(kind, np.generic):
        known = "numpy-scalar"
    else:
        known = "python" if kind in PYTHON else "numpy"
    _CONTAINERS[kind] = known
    return known


def opened(value: Any) -> tuple[Any, bool]:
    """A list, tuple or dictionary that autograd holds in one box, and whether it did: then all in it is differentiated by."""
    boxed = False
    while hasattr(value, "_node") and isinstance(getattr(value, "_value", None), (list, tuple, dict)):
        value, boxed = value._value, True
    return value, boxed


def is_trainable(number: Any) -> bool:
    """Whether a live number counts as trainable for the user's interface."""
    mark = getattr(number, "requires_grad", None)
    return bool(mark) if mark is not None else hasattr(number, "_node") or jax_numbers.is_differentiated(number)


def is_tracked(number: Any) -> bool:
    """Whether a graph leads on from a live number: an array of PennyLane's is marked trainable, and differentiated by once boxed."""
    return hasattr(number, "_node") or (is_trainable(number) and container_of(number) != "autograd")


def as_marked(parameter: Parameter, number: Any) -> Parameter:
    """A parameter as it is kept: an array of PennyLane's that no graph of autograd's leads to is only marked trainable."""
    if parameter.trainable and parameter.container == "autograd" and not hasattr(number, "_node"):
        return replace(parameter, trainable=False, marked=True)
    return parameter

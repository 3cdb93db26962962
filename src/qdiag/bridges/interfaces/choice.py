"""What every interface offers: one forward pass on live numbers, and backward passes through it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Optional, Protocol

import numpy as np

from qdiag.bridges.codec.live_numbers import plain_number
from qdiag.bridges.results import array_of
from qdiag.errors import MethodError
from qdiag.model.circuit import Parameter

Function = Callable[[Sequence[Any]], Sequence[Any]]
"""Evaluates a circuit: the live number of each parameter in walk order to its live outputs."""

Cotangents = Sequence[Optional[np.ndarray]]
"""One array for each output; None where nothing depends on it."""


class Graph(Protocol):
    """A forward pass that has been made.

    Attributes
    ----------
    outputs
        The outputs.
    imaginary_unit
        ``i`` in the convention of the interface: with it, ``vjp(1) + i · vjp(i)`` is the derivative of a complex output.
    """

    outputs: tuple[np.ndarray, ...]
    imaginary_unit: complex

    def vjp(self, cotangents: Cotangents) -> tuple[np.ndarray, ...]:
        """The vector-Jacobian product, one array for each tracked parameter."""

    def hvp(self, cotangents: Cotangents, direction: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        """The derivative of the vector-Jacobian product along a direction."""


class PlainGraph:
    """A forward pass on untracked numbers: there is nothing to differentiate."""

    imaginary_unit = 1j

    def __init__(self, function: Function, parameters: Sequence[Parameter]) -> None:
        self.outputs = tuple(array_of(output) for output in function([_plain(p) for p in parameters]))

    def vjp(self, cotangents: Cotangents) -> tuple[np.ndarray, ...]:
        """No parameter is tracked."""
        return ()

    def hvp(self, cotangents: Cotangents, direction: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        """No parameter is tracked."""
        return ()


def _plain(parameter: Parameter) -> Any:
    return plain_number(parameter) if parameter.container in ("python", "numpy-scalar") else np.array(parameter.value)


def interface_for(name: str, parameters: Sequence[Parameter]) -> str:
    """The interface to replay under: ``torch``, ``autograd``, or "" for plain numbers.

    Parameters
    ----------
    name
        The user's, as PennyLane wrote it.
    parameters
        All parameters; where the name leaves it open, their containers decide.

    Raises
    ------
    MethodError
        If it is one that can be recorded only.
    """
    if name in ("torch", "pytorch"):
        return "torch"
    if name.startswith(("jax", "tf", "tensorflow")):
        raise MethodError(f"the {name} interface is recorded but not replayed", "replay works for torch and autograd")
    containers = {p.container for p in parameters if p.trainable} or {p.container for p in parameters}
    if name == "autograd" or "torch" not in containers:
        tracked = any(p.trainable for p in parameters)
        return "autograd" if name == "autograd" or tracked or "autograd" in containers else ""
    return "torch"


def graph_for(interface: str) -> Callable[[Function, Sequence[Parameter]], Graph]:
    """The class that makes forward passes under an interface; it is imported only when wanted."""
    if interface == "torch":
        from qdiag.bridges.interfaces.torch_graph import TorchGraph

        return TorchGraph
    if interface == "autograd":
        from qdiag.bridges.interfaces.autograd_graph import AutogradGraph

        return AutogradGraph
    return PlainGraph

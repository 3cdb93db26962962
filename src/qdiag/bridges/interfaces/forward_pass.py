"""What every interface offers: one forward pass on live numbers, and backward passes through it.

There is one convention for complex numbers, torch's: a cotangent ``c`` of an output ``z`` means ``Re(conj(c)·dz)``, and the gradient
``g`` with respect to a complex number ``x`` says that the result moves by ``Re(conj(g)·dx)``. An interface with another one converts.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Optional, Protocol

import numpy as np

from qdiag.bridges.codec.live_numbers import plain_number
from qdiag.bridges.results import array_of
from qdiag.model.parameter import Parameter

Function = Callable[[Sequence[Any]], Sequence[Any]]
"""Evaluates a circuit: the live number of each parameter in walk order to its live outputs."""

Cotangents = Sequence[Optional[np.ndarray]]
"""One array for each output; None where nothing depends on it."""


@contextmanager
def outside_of_inference() -> Iterator[None]:
    """Where torch keeps graphs if asked to: inside ``inference_mode`` it keeps none, whatever ``enable_grad`` says."""
    torch: Any = sys.modules.get("torch")
    with nullcontext() if torch is None else torch.inference_mode(False):
        yield


class Graph(Protocol):
    """A forward pass that has been made.

    Attributes
    ----------
    outputs
        The outputs.
    """

    outputs: tuple[np.ndarray, ...]

    def vjp(self, cotangents: Cotangents) -> tuple[np.ndarray, ...]:
        """The vector-Jacobian product, one array for each tracked parameter."""

    def hvp(self, cotangents: Cotangents, direction: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        """The derivative of the vector-Jacobian product along a direction."""

    def leads_back(self, live: Sequence[Any]) -> tuple[bool, ...]:
        """For each tracked parameter, whether live numbers that were made on the way depend on it, as far as the graph knows."""


class PlainGraph:
    """A forward pass on untracked numbers: there is nothing to differentiate."""

    def __init__(self, function: Function, parameters: Sequence[Parameter]) -> None:
        self.outputs = tuple(array_of(output) for output in function([_untracked_number(p) for p in parameters]))

    def vjp(self, cotangents: Cotangents) -> tuple[np.ndarray, ...]:
        """No parameter is tracked."""
        return ()

    def hvp(self, cotangents: Cotangents, direction: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        """No parameter is tracked."""
        return ()

    def leads_back(self, live: Sequence[Any]) -> tuple[bool, ...]:
        """No parameter is tracked."""
        return ()



def _untracked_number(parameter: Parameter) -> Any:
    return plain_number(parameter) if parameter.container in ("python", "numpy-scalar") else np.array(parameter.value)

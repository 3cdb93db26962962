"""Circuits that Catalyst compiles: outputs by ``qml.qjit``, derivatives by ``catalyst.jacobian`` inside of it.

What Catalyst differentiates is real, in and out; it compiles the circuit anew for each pass, which takes about a second.
Loaded only where it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import catalyst
import jax.numpy as jnp
import numpy as np
import pennylane as qml

from qdiag.bridges.codec.live_numbers import plain_number
from qdiag.bridges.interfaces.forward_pass import Cotangents, Function
from qdiag.bridges.results import array_of
from qdiag.errors import MethodError
from qdiag.model.parameter import Parameter


class QjitGraph:
    """One forward pass, and the Jacobian, from which each backward pass is made.

    Parameters
    ----------
    function
        Evaluates the circuit on live numbers.
    parameters
        All parameters of the circuit.
    """

    def __init__(self, function: Function, parameters: Sequence[Parameter]) -> None:
        self.function = function
        self.parameters = parameters
        self.tracked = [p for p in parameters if p.trainable]
        # all else is compiled in: beside numbers that are traced and not differentiated Catalyst compiles less
        self._places = [place for place, p in enumerate(parameters) if _is_differentiated(p)]
        self._numbers = [jnp.asarray(parameters[place].value) for place in self._places]
        self.outputs = tuple(array_of(output) for output in qml.qjit(self._traced_outputs)(*self._numbers))

    def _traced_outputs(self, *numbers: Any) -> tuple[Any, ...]:
        live = dict(zip(self._places, numbers))
        given = [live[place] if place in live else plain_number(p) for place, p in enumerate(self.parameters)]
        return tuple(jnp.asarray(output) for output in self.function(given))

    @cached_property
    def _jacobian(self) -> list[list[np.ndarray]]:
        """One row for each output: its derivatives by each number that is differentiated by."""
        found = qml.qjit(catalyst.jacobian(self._traced_outputs, argnums=list(range(len(self._places)))))(*self._numbers)
        return [[array_of(entry) for entry in row] for row in found]

    def vjp(self, cotangents: Cotangents) -> tuple[np.ndarray, ...]:
        """The vector-Jacobian product, one array for each tracked parameter."""
        sums = [np.zeros(self.parameters[place].value.shape) for place in self._places]
        if sums:
            for cotangent, output, row in zip(cotangents, self.outputs, self._jacobian):
                if cotangent is not None and output.dtype.kind == "f":
                    weights = np.real(np.asarray(cotangent)).reshape(output.shape)
                    sums = [sofar + np.tensordot(weights, entry, output.ndim) for sofar, entry in zip(sums, row)]
        following = iter(sums)
        return tuple(next(following) if _is_differentiated(p) else np.zeros_like(p.value) for p in self.tracked)

    def hvp(self, cotangents: Cotangents, direction: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        """Catalyst differentiates a circuit once."""
        raise MethodError("Catalyst differentiates a circuit once", "leave out +qjit for second derivatives")

    def leads_back(self, live: Sequence[Any]) -> tuple[bool, ...]:
        """Nothing is told of it."""
        return (True,) * len(self.tracked)


def _is_differentiated(parameter: Parameter) -> bool:
    return parameter.trainable and parameter.value.dtype.kind == "f"

"""Circuits on PennyLane's autograd tensors: boxes for what is tracked, derivatives by ``autograd``.

Autograd reads a cotangent ``c`` of a complex output ``z`` as ``Re(c·dz)`` and gives the conjugate of torch's gradient with respect to a
complex number. Both are turned round here, where they come and go: beyond this file there is one convention (see `forward_pass`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import autograd
import numpy as np
from autograd.builtins import tuple as traced_tuple
from autograd.core import make_vjp
from pennylane import numpy as pnp

from qdiag.bridges.codec.live_numbers import plain_number
from qdiag.bridges.interfaces.forward_pass import Cotangents, Function
from qdiag.bridges.results import array_of
from qdiag.model.parameter import Parameter


class AutogradGraph:
    """One forward pass, and the backward passes through it.

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
        self.leaves = tuple(pnp.array(p.value, requires_grad=True) for p in self.tracked)
        self._vjp, live = make_vjp(self._traced_outputs, self.leaves)
        self.outputs = tuple(array_of(output) for output in live)

    def _traced_outputs(self, leaves: Any) -> Any:
        boxes = iter([leaves[i] for i in range(len(self.leaves))])
        numbers = [next(boxes) if p.trainable else _constant(p) for p in self.parameters]
        return traced_tuple(self.function(numbers))

    def vjp(self, cotangents: Cotangents) -> tuple[np.ndarray, ...]:
        """The vector-Jacobian product, one array for each tracked parameter."""
        return tuple(np.conj(array_of(gradient)) for gradient in self._vjp(self._cotangent_arrays(cotangents)))

    def hvp(self, cotangents: Cotangents, direction: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        """The derivative of the vector-Jacobian product along a direction."""
        given = self._cotangent_arrays(cotangents)

        def slope(leaves: Any) -> Any:
            gradients = make_vjp(self._traced_outputs, leaves)[0](given)
            parts = [autograd.numpy.sum(autograd.numpy.real(gradients[i] * step)) for i, step in enumerate(direction)]
            return sum(parts, 0.0)

        vjp, value = make_vjp(slope, self.leaves)
        return tuple(np.conj(array_of(gradient)) for gradient in vjp(np.ones_like(value)))

    def leads_back(self, live: Sequence[Any]) -> tuple[bool, ...]:
        """Whether any live number that was made on the way is a box: autograd does not say to which parameter one leads back."""
        return (any(hasattr(number, "_node") for number in live),) * len(self.leaves)

    def _cotangent_arrays(self, cotangents: Cotangents) -> tuple[np.ndarray, ...]:
        return tuple(_cotangent(cotangent, output) for cotangent, output in zip(cotangents, self.outputs))


def _cotangent(cotangent: Any, output: np.ndarray) -> np.ndarray:
    if cotangent is None:
        return np.zeros_like(output)
    if np.iscomplexobj(cotangent) and not np.iscomplexobj(output):
        cotangent = cotangent.real
    kind = output.dtype if output.dtype.kind in "fc" else np.float64
    return np.conj(cotangent).astype(kind).reshape(output.shape)


def _constant(parameter: Parameter) -> Any:
    if parameter.container == "torch":
        return np.array(parameter.value)
    return pnp.array(parameter.value, requires_grad=True) if parameter.marked else plain_number(parameter)

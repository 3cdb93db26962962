"""Circuits on torch tensors: fresh leaves for what is tracked, derivatives by ``torch.autograd``.

Torch's convention for complex numbers is the one that all graphs keep (see `forward_pass`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Optional

import numpy as np
import torch

from qdiag.bridges.codec.live_numbers import plain_number, tensor_of
from qdiag.bridges.interfaces.forward_pass import Cotangents, Function
from qdiag.bridges.results import array_of
from qdiag.model.parameter import Parameter


def use_one_thread() -> None:
    """Keep torch from starting threads of its own: several workers share the cores."""
    torch.set_num_threads(1)


class TorchGraph:
    """One forward pass, and the backward passes through it.

    Parameters
    ----------
    function
        Evaluates the circuit on live numbers.
    parameters
        All parameters of the circuit.
    placement
        The device of torch's in whose memory they lie.
    """

    def __init__(self, function: Function, parameters: Sequence[Parameter], placement: str = "cpu") -> None:
        self.tracked = [p for p in parameters if p.trainable]
        numbers = [_live_number(p, placement) for p in parameters]
        self.leaves = [number for number, p in zip(numbers, parameters) if p.trainable]
        with torch.enable_grad():
            self.live = function(numbers)
        self.outputs = tuple(array_of(output) for output in self.live)

    def vjp(self, cotangents: Cotangents) -> tuple[np.ndarray, ...]:
        """The vector-Jacobian product, one array for each tracked parameter."""
        return tuple(
            np.zeros_like(p.value) if gradient is None else array_of(gradient)
            for p, gradient in zip(self.tracked, self._gradients(cotangents, create_graph=False))
        )

    def hvp(self, cotangents: Cotangents, direction: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        """The derivative of the vector-Jacobian product along a direction."""
        first = self._gradients(cotangents, create_graph=True)
        with torch.enable_grad():
            slopes = [
                _inner(gradient, torch.as_tensor(step).to(gradient))
                for gradient, step in zip(first, direction)
                if gradient is not None and gradient.requires_grad
            ]
        second: Sequence[Optional[Any]] = [None] * len(self.leaves)
        if slopes:
            second = _gradients_of(self.leaves, lambda able: torch.autograd.grad(slopes, able, retain_graph=True, allow_unused=True))
        return tuple(np.zeros_like(p.value) if g is None else array_of(g) for p, g in zip(self.tracked, second))

    def leads_back(self, live: Sequence[Any]) -> tuple[bool, ...]:
        """For each tracked parameter, whether live numbers that were made on the way depend on it, as far as the graph knows."""
        made = [number for number in live if isinstance(number, torch.Tensor) and number.requires_grad]
        if not made:
            return (False,) * len(self.leaves)
        total = torch.stack([(torch.real(number) if number.is_complex() else number).double().sum() for number in made]).sum()
        found = torch.autograd.grad(total, self.leaves, allow_unused=True, retain_graph=True)
        return tuple(gradient is not None for gradient in found)

    def _gradients(self, cotangents: Cotangents, create_graph: bool) -> Sequence[Optional[Any]]:
        pairs = [
            (output, _cotangent(cotangent, output))
            for output, cotangent in zip(self.live, cotangents)
            if cotangent is not None and getattr(output, "requires_grad", False)
        ]
        if not pairs:
            return [None] * len(self.leaves)
        outputs, given = zip(*pairs)

        return _gradients_of(self.leaves, lambda able: pull_back(outputs, given, able, create_graph=create_graph))


def pull_back(outputs: Sequence[Any], cotangents: Sequence[Any], leaves: Sequence[Any], *, create_graph: bool = False) -> Sequence[Any]:
    """The vector-Jacobian product at live outputs, one gradient for each leaf, or None where it is not used; the graph is kept.

    Torch loads sympy, in half a second, where it is handed a cotangent, and a copy of the script's process that was made before the
    first of these loads it for itself. So the pass begins at the inner product of outputs and cotangents, which hands each output
    1 · its cotangent: the same to the last bit where it is real.

    Parameters
    ----------
    outputs, cotangents
        Tensors of equal shapes and dtypes.
    leaves
        What to differentiate by.
    create_graph
        Whether the gradients can be differentiated again.
    """
    if any(output.is_complex() for output in outputs):
        return torch.autograd.grad(outputs, leaves, cotangents, retain_graph=True, create_graph=create_graph, allow_unused=True)
    with torch.enable_grad():
        total = sum((output * cotangent).sum() for output, cotangent in zip(outputs, cotangents))
    return torch.autograd.grad(total, leaves, retain_graph=True, create_graph=create_graph, allow_unused=True)


def _inner(gradient: Any, step: Any) -> Any:
    product = gradient.conj() * step
    return torch.sum(torch.real(product) if product.is_complex() else product)


def _gradients_of(leaves: Sequence[Any], gradients: Any) -> Sequence[Optional[Any]]:
    """Gradients for those leaves that torch can track, None for the others."""
    able = [leaf for leaf in leaves if getattr(leaf, "requires_grad", False)]
    found = iter(gradients(able) if able else ())
    return [next(found) if getattr(leaf, "requires_grad", False) else None for leaf in leaves]


def _live_number(parameter: Parameter, placement: str) -> Any:
    if parameter.marked:
        return _marked_number(parameter)
    if parameter.container == "torch" or (parameter.trainable and parameter.value.dtype.kind in "fc"):
        tensor = tensor_of(parameter).to(placement)
        return tensor.requires_grad_() if parameter.trainable and tensor.dtype.is_floating_point | tensor.dtype.is_complex else tensor
    return np.array(parameter.value) if parameter.container == "autograd" else plain_number(parameter)


def _marked_number(parameter: Parameter) -> Any:
    """A number that PennyLane takes for trainable, and that is no leaf of this graph."""
    if parameter.container == "autograd":
        from pennylane import numpy as pnp

        return pnp.array(parameter.value, requires_grad=True)
    return plain_number(replace(parameter, trainable=True))


def _cotangent(cotangent: np.ndarray, output: Any) -> Any:
    if not output.dtype.is_complex and np.iscomplexobj(cotangent):
        cotangent = cotangent.real
    return torch.from_numpy(np.array(cotangent, order="C")).to(output).reshape(output.shape)

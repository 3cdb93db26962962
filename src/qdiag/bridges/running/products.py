"""What goes back through one forward pass: vector-Jacobian products, and the Jacobian element by element.

Of one real number all products are the same but for a factor: one is taken, and the Jacobian and the random product follow from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

import numpy as np

from qdiag.bridges.interfaces.forward_pass import Graph
from qdiag.model.circuit import raw_outputs
from qdiag.model.evaluation import Request
from qdiag.model.parameter import Parameter

NOTHING = 1e-3
"""What came back to an output is not divided by, where it is less."""

_Known = tuple[tuple[np.ndarray, ...], float]


def products(graph: Graph, request: Request) -> tuple[tuple[np.ndarray, ...], ...]:
    """The vector-Jacobian products; of one real number the last is what one before it was, so many times."""
    found: list[tuple[np.ndarray, ...]] = []
    for cotangents in request.cotangents:
        last = len(found) > 0 and len(found) == len(request.cotangents) - 1
        known = _of_one_number(request, graph.outputs, found) if last and cotangents[0] is not None else None
        found.append(graph.vjp(cotangents) if known is None else _times(known, np.asarray(cotangents[0])))
    return tuple(found)


def _of_one_number(request: Request, outputs: Sequence[np.ndarray], products: Sequence[tuple[np.ndarray, ...]]) -> Optional[_Known]:
    """What has gone back by an output that is one real number, and what had come; None where that says nothing of other products."""
    if len(outputs) != 1 or outputs[0].size != 1 or outputs[0].dtype.kind != "f" or raw_outputs(request.circuit, 1):
        return None
    if request.circuit.shots or request.method.stochastic:
        # asked again, it is drawn again
        return None
    for cotangents, product in zip(request.cotangents, products):
        weight = np.asarray(0.0 if cotangents[0] is None else cotangents[0]).reshape(-1)
        exact = weight.dtype.kind == "f" and all(part.dtype.kind in "fc" for part in product)
        if exact and np.isfinite(weight).all() and abs(weight[0]) > NOTHING:
            return product, float(weight[0])
    return None


def _times(known: _Known, cotangent: np.ndarray) -> tuple[np.ndarray, ...]:
    product, weight = known
    factor = cotangent.reshape(-1)[0] / weight
    return tuple(np.asarray(part * factor, part.dtype) for part in product)


def jacobian(graph: Graph, request: Request, vjps: Sequence[tuple[np.ndarray, ...]]) -> tuple[tuple[np.ndarray, ...], ...]:
    """The derivative of every element of every output, given what has gone back already."""
    known = _of_one_number(request, graph.outputs, vjps)
    if known is not None:
        shape = graph.outputs[0].shape
        return (tuple(part.reshape(shape + part.shape) for part in _times(known, np.ones(()))),)
    circuit = request.circuit
    tracked = [circuit.parameters[i] for i in circuit.trainable]
    raw = raw_outputs(circuit, len(graph.outputs))
    return tuple(
        _no_jacobian(output, tracked) if k in raw else _output_jacobian(graph, k, tracked) for k, output in enumerate(graph.outputs)
    )


def _no_jacobian(output: np.ndarray, tracked: Sequence[Parameter]) -> tuple[np.ndarray, ...]:
    """Zeros: for an output that holds no number, and for raw samples, which have no derivative."""
    return tuple(np.zeros(output.shape + p.value.shape, dtype=p.value.dtype) for p in tracked)


def _output_jacobian(graph: Graph, position: int, tracked: Sequence[Parameter]) -> tuple[np.ndarray, ...]:
    """The derivative of each element of one output: a vector-Jacobian product each, two where the output is complex."""
    output = graph.outputs[position]
    products = [_element_gradient(graph, position, element, tracked) for element in range(output.size)]
    if not products:
        return _no_jacobian(output, tracked)
    return tuple(np.stack(parts).reshape(output.shape + p.value.shape) for p, parts in zip(tracked, zip(*products)))


def _element_gradient(graph: Graph, position: int, element: int, tracked: Sequence[Parameter]) -> list[np.ndarray]:
    output = graph.outputs[position]
    one_hot = np.zeros(output.shape, dtype=output.dtype if output.dtype.kind in "fc" else np.float64)
    cotangents: list[Optional[np.ndarray]] = [None] * len(graph.outputs)
    cotangents[position] = one_hot
    one_hot.reshape(-1)[element] = 1
    real = list(graph.vjp(cotangents))
    if output.dtype.kind != "c":
        return real
    one_hot.reshape(-1)[element] = 1j
    imaginary = graph.vjp(cotangents)
    return [a if p.value.dtype.kind == "c" else a + 1j * b for a, b, p in zip(real, imaginary, tracked)]

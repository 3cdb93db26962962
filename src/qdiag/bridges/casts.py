"""Where torch's backward pass turns complex gradients into real ones, and how much it drops there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from qdiag.bridges.qnodes import Runner
from qdiag.bridges.torch import TorchGraph
from qdiag.evaluation import Request


def discarded_imaginary(request: Request) -> tuple[float, float]:
    """The largest imaginary and the largest real part of gradients that arrive complex at a cast from real to complex.

    Such a cast's gradient is the real part by definition; torch warns there although nothing is lost.

    Parameters
    ----------
    request
        What to evaluate; a seeded cotangent is used for every output.
    """
    graph = TorchGraph(Runner(request, "torch"), request.circuit.parameters)
    found = [(0.0, 0.0)]

    def look(given: Sequence[Any], arrived: Sequence[Any]) -> None:
        for inner, outer in zip(given, arrived):
            if inner is not None and outer is not None and outer.is_complex() and not inner.is_complex():
                found.append((float(outer.imag.abs().max()), float(outer.real.abs().max())))

    for node in _nodes([output.grad_fn for output in graph.live if getattr(output, "grad_fn", None) is not None]):
        if "Copy" in node.name():
            node.register_hook(look)
    generator = np.random.default_rng(0)
    graph.vjp([generator.standard_normal(output.shape) for output in graph.outputs])
    imaginary, real = zip(*found)
    return max(imaginary), max(real)


def _nodes(roots: Sequence[Any]) -> Iterator[Any]:
    """Every node of a torch graph, once."""
    waiting, seen = list(roots), set(roots)
    while waiting:
        node = waiting.pop()
        yield node
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                waiting.append(following)

"""Where torch turns complex numbers into real ones, in a call and in its backward pass, and how much it drops there."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from qdiag.bridges.heard_warnings import heard_warnings
from qdiag.bridges.interfaces.torch_graph import TorchGraph
from qdiag.bridges.running.qnode_runner import Runner
from qdiag.model.evaluation import CASTING, Casts, Request


def casts(request: Request) -> Casts:
    """Evaluate a call and go backward through it once, with an eye on its casts.

    Parameters
    ----------
    request
        What to evaluate; a seeded cotangent is used for every output.
    """
    found = [(0.0, 0.0)]

    def look(given: Sequence[Any], arrived: Sequence[Any]) -> None:
        for inner, outer in zip(given, arrived):
            if inner is not None and outer is not None and outer.is_complex() and not inner.is_complex():
                found.append((float(outer.imag.abs().max()), float(outer.real.abs().max())))

    with _every_warning() as forward:
        graph = TorchGraph(Runner(request, "torch"), request.circuit.parameters)
    for node in _nodes([output.grad_fn for output in graph.live if getattr(output, "grad_fn", None) is not None]):
        if "Copy" in node.name():
            node.register_hook(look)
    generator = np.random.default_rng(0)
    with _every_warning() as backward:
        graph.vjp([generator.standard_normal(output.shape) for output in graph.outputs])
    imaginary, real = zip(*found)
    return Casts(_of_casting(forward), _of_casting(backward), max(imaginary), max(real))


def _of_casting(caught: Sequence[warnings.WarningMessage]) -> bool:
    return any(CASTING in str(warning.message) for warning in caught)


@contextmanager
def _every_warning() -> Iterator[list[warnings.WarningMessage]]:
    """Collect warnings, also those that torch shows once in a process."""
    always = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        with heard_warnings() as caught:
            yield caught
    finally:
        torch.set_warn_always(always)


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

"""From a tensor of torch, or a box of autograd's, back through its graph. Nothing is computed, and nothing outlives the walk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Optional

MOST_NODES = 20000
"""Nodes that one walk visits: a microsecond each, where making them took torch several."""

MOST_STEPS = 16
"""Nodes for each parameter of a circuit that are looked at to tell which comes from which: an angle takes a few operations."""


class Walked(NamedTuple):
    """The leaves that were met, in order, each once; and whether the graph was walked to its ends."""

    leaves: tuple[Any, ...]
    complete: bool


def leaves_behind(tensors: Iterable[Any], most: int = MOST_NODES) -> Walked:
    """The tracked leaves that some tensors depend on, a tracked leaf itself included."""
    found: dict[int, Any] = {}
    waiting = []
    for tensor in tensors:
        if not tensor.requires_grad:
            continue
        if tensor.grad_fn is None:
            found.setdefault(id(tensor), tensor)
        else:
            waiting.append(tensor.grad_fn)
    # the nodes themselves are kept while walking: torch makes their Python objects anew once nobody holds them
    seen = set(waiting)
    while waiting and len(seen) <= most:
        node = waiting.pop()
        leaf = getattr(node, "variable", None)
        if leaf is not None:
            found.setdefault(id(leaf), leaf)
            continue
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                waiting.append(following)
    return Walked(tuple(found.values()), not waiting)


def behind_another(parameters: Sequence[Any], arguments: Iterable[Any]) -> Optional[frozenset[int]]:
    """Positions of those parameters of a circuit that another one was worked out from; None where their graph is too large to tell.

    Parameters
    ----------
    parameters
        Tensors of torch, or boxes of autograd's.
    arguments
        What the circuit's function was given: behind these nothing is looked at.
    """
    nodes = list(map(_node_of, parameters))
    own = {id(node) for node in nodes if node is not None}
    # the nodes themselves are kept while walking: torch makes their Python objects anew once nobody holds them
    passed = {id(node): node for node in map(_node_of, arguments)}
    found = set[int]()
    left = MOST_STEPS * len(own)
    waiting = [parent for node in nodes for parent in _parents(node)]
    while waiting:
        node = waiting.pop()
        if id(node) in own:
            found.add(id(node))
        elif id(node) not in passed:
            passed[id(node)] = node
            left -= 1
            if left < 0:
                return None
            waiting += _parents(node)
    return frozenset(position for position, node in enumerate(nodes) if id(node) in found)


def _node_of(value: Any) -> Any:
    return getattr(value, "_node", None) or getattr(value, "grad_fn", None)


def _parents(node: Any) -> list[Any]:
    following = getattr(node, "next_functions", None)
    if following is None:
        return list(getattr(node, "parents", ()))
    return [parent for parent, _ in following if parent is not None]

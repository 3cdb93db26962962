"""From a tensor of torch back to the leaves that its graph begins at. Nothing is computed, and nothing outlives the walk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

MOST_NODES = 20000
"""Nodes that one walk visits: a microsecond each, where making them took torch several."""


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

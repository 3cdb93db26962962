"""Tensors inside of ``torch.func``: under ``grad`` and its like one stands for one other, under ``vmap`` for many.

Each transform puts one more around the tensors that it is given, and one around whatever is made of them while it is at work. So what
is looked at is looked at outside of all transforms. Torch before 2.0 has none. It is looked up where it is loaded, never imported here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any


def _functorch_of(tensor: Any) -> Any:
    """What torch has on the transforms that a tensor may be in; None for what is no tensor of its."""
    torch = sys.modules.get("torch")
    found = getattr(torch._C, "_functorch", None) if torch is not None and isinstance(tensor, torch.Tensor) else None
    return found if hasattr(found, "is_gradtrackingtensor") else None


def is_inside(tensor: Any) -> bool:
    """Whether a tensor is one of a transform's."""
    functorch = _functorch_of(tensor)
    return functorch is not None and bool(functorch.is_gradtrackingtensor(tensor) or functorch.is_batchedtensor(tensor))


def stands_for_many(tensor: Any) -> bool:
    """Whether there is a ``vmap`` among the transforms that a tensor is in, so that its numbers are those of many."""
    functorch = _functorch_of(tensor)
    return functorch is not None and bool(functorch.is_batchedtensor(_uncovered(functorch, tensor)))


def are_differentiated_twice(tensors: Iterable[Any]) -> bool:
    """Whether what ``torch.func`` differentiates some of them by is differentiated again, by another transform or by torch itself."""
    return any(map(_is_differentiated_twice, tensors))


def _is_differentiated_twice(tensor: Any) -> bool:
    functorch = _functorch_of(tensor)
    if functorch is None or not functorch.is_gradtrackingtensor(tensor):
        return False
    beneath = functorch.get_unwrapped(tensor)
    return bool(functorch.is_gradtrackingtensor(beneath) or beneath.requires_grad)


def read_outside(tensor: Any, read: Callable[[Any], Any]) -> Any:
    """What is read of the tensor that one stands for; of itself where it stands for none, or for many."""
    functorch = _functorch_of(tensor)
    if functorch is None or not functorch.is_gradtrackingtensor(tensor):
        return read(tensor)
    with _outside(functorch):
        return read(_uncovered(functorch, tensor))


@contextmanager
def _outside(functorch: Any) -> Iterator[None]:
    """Leave all transforms for a moment; torch has this of its own only lately."""
    left: list[Any] = []
    try:
        while functorch.peek_interpreter_stack() is not None:
            left.append(functorch.pop_dynamic_layer_stack())
        yield
    finally:
        while left:
            functorch.push_dynamic_layer_stack(left.pop())


def _uncovered(functorch: Any, tensor: Any) -> Any:
    while functorch.is_gradtrackingtensor(tensor):
        tensor = functorch.get_unwrapped(tensor)
    return tensor

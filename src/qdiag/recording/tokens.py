"""Numbers for tensors, by which they are known again: a tensor keeps its token as long as it lives, and nobody lives longer for it."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Iterable
from typing import Any, Callable, Optional

import numpy as np

from qdiag.model.training import Leaf
from qdiag.recording.call_reader import array_of

MOST_VALUES = 64
"""Numbers of a parameter that are kept as they are."""


class Tokens:
    """Gives tensors their tokens.

    A weak reference tells a tensor from another one at the same place; but torch refuses to swap a module's parameter to which there is
    one, so parameters are known by place, shape and dtype: those that an optimiser holds stay where they are.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[Callable[[], Any], int]] = {}
        self._parameters: dict[tuple[Any, ...], int] = {}
        self._given = 0
        self._told: set[int] = set()

    def token(self, tensor: Any) -> int:
        """A tensor's token."""
        if type(tensor).__name__ != "Tensor":
            key = (id(tensor), tuple(tensor.shape), tensor.dtype)
            if key not in self._parameters:
                self._parameters[key] = self._next()
            return self._parameters[key]
        known = self._known.get(id(tensor))
        if known is None or known[0]() is not tensor:
            known = self._known[id(tensor)] = (self._weakly(tensor), self._next())
        return known[1]

    def _next(self) -> int:
        self._given += 1
        return self._given - 1

    def _weakly(self, tensor: Any) -> Callable[[], Any]:
        table, place = self._known, id(tensor)

        def forget(dead: Any) -> None:
            if place in table and table[place][0] is dead:
                del table[place]

        return weakref.ref(tensor, forget)

    def told(self, token: int) -> bool:
        """Whether this was asked of a token before."""
        before = token in self._told
        self._told.add(token)
        return before


def leaf_of(tensor: Any, token: int, name: str = "") -> Leaf:
    """What is written of a tensor."""
    return Leaf(
        token=token,
        shape=tuple(map(int, tensor.shape)),
        dtype=str(tensor.dtype).replace("torch.", ""),
        name=name,
        requires_grad=bool(tensor.requires_grad),
        values=_few_values(tensor),
    )


def _few_values(tensor: Any) -> tuple[float, ...]:
    if tensor.numel() > MOST_VALUES or tensor.device.type != "cpu":
        return ()
    return few_values(array_of(tensor))


def few_values(array: np.ndarray) -> tuple[float, ...]:
    """An array's numbers, where they are few and real."""
    if array.size > MOST_VALUES or array.dtype.kind not in "fiu":
        return ()
    return tuple(map(float, array.ravel())) if np.all(np.isfinite(array)) else ()


# --- names ----------------------------------------------------------------------------------------------------------------


def names_of(tensors: Iterable[Any], variables: dict[str, Any]) -> dict[int, str]:
    """Names by ``id``: from the modules that hold tensors, else from some variables.

    Modules that no variable leads to are looked for among all objects, which takes a while, and only where no other thread runs: the
    variables of a function under way cannot be read without keeping them alive.
    """
    wanted = {id(tensor) for tensor in tensors}
    values = list(variables.items())
    found = {id(value): name for name, value in values if id(value) in wanted}
    module_class = getattr(sys.modules.get("torch.nn"), "Module", None)
    if module_class is None:
        return found
    led_to = _parts_of(value for _, value in values if issubclass(type(value), module_class))
    named = _names_in(led_to, wanted)
    if len(named) < len(wanted) and is_alone():
        kinds = _kinds_of(module_class)
        named = _names_in([thing for thing in gc.get_objects() if type(thing) in kinds], wanted)
    return {**found, **named}


def is_alone() -> bool:
    """Whether no other thread runs Python.

    All objects are also those that another thread is just making: Python refuses to go on with a tuple that is held elsewhere by then.
    """
    return len(sys._current_frames()) < 2


def _parts_of(modules: Iterable[Any]) -> list[Any]:
    """Modules and all that they are made of, each once."""
    waiting = list(modules)
    known = {id(module): module for module in waiting}
    while waiting:
        for part in vars(waiting.pop()).get("_modules", {}).values():
            if part is not None and id(part) not in known:
                known[id(part)] = part
                waiting.append(part)
    return list(known.values())


def _kinds_of(base: type) -> set[type]:
    """A class and all that are derived from it."""
    kinds: set[type] = {base}
    waiting = [base]
    while waiting:
        derived: list[type] = type.__subclasses__(waiting.pop())
        for kind in derived:
            if kind not in kinds:
                kinds.add(kind)
                waiting.append(kind)
    return kinds


def _names_in(modules: list[Any], wanted: set[int]) -> dict[int, str]:
    """Names of wanted tensors by the modules that hold them."""
    parents = {
        id(child): (module, name) for module in modules for name, child in vars(module).get("_modules", {}).items() if child is not None
    }
    return {
        id(parameter): _way_to(module, name, parents)
        for module in modules
        for name, parameter in vars(module).get("_parameters", {}).items()
        if id(parameter) in wanted
    }


def _way_to(module: Any, name: str, parents: dict[int, tuple[Any, str]]) -> str:
    way = [name]
    above: Optional[tuple[Any, str]] = parents.get(id(module))
    while above is not None and len(way) < 32:
        module, name = above
        way.append(name)
        above = parents.get(id(module))
    return ".".join([type(module).__name__, *reversed(way)])

"""The tensors and arrays among a QNode's arguments, taken out of lists and dictionaries, and put back with other numbers."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qdiag.bridges.codec.live_numbers import foreign_dtype
from qdiag.bridges.results import array_of
from qdiag.model.parameter import Parameter


@dataclass(frozen=True, eq=False)
class Leaf:
    """A tensor or array among the arguments, without its graph.

    ``begins`` is whether a graph begins with it, as with what an optimiser holds; ``boxed`` whether one of autograd's led to it.
    """

    name: str
    value: Any
    tracked: bool
    torch: bool
    begins: bool = False
    boxed: bool = False

    @property
    def array(self) -> np.ndarray:
        """Its numbers."""
        return array_of(self.value)

    def parameter(self, container: str) -> Parameter:
        """It as a number that is differentiated by."""
        return Parameter(self.array, container, True, foreign=foreign_dtype(self.value) if self.torch else "")


def leaves_of(args: tuple[Any, ...], kwargs: dict[str, Any], names: Sequence[str]) -> Iterator[Leaf]:
    """The tensors and arrays among arguments, in order, also inside lists, tuples and dictionaries.

    Parameters
    ----------
    args, kwargs
        The arguments.
    names
        What the quantum function calls the first ones.
    """
    for position, value in enumerate(args):
        yield from _inside(names[position] if position < len(names) else f"*{position}", value)
    for name, value in kwargs.items():
        yield from _inside(name, value)


def _inside(name: str, value: Any) -> Iterator[Leaf]:
    if isinstance(value, (list, tuple)):
        for position, part in enumerate(value):
            yield from _inside(f"{name}[{position}]", part)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _inside(f"{name}[{key!r}]", part)
    elif _is_leaf(value):
        yield _leaf(name, value)


def _is_leaf(value: Any) -> bool:
    torch: Any = sys.modules.get("torch")
    return isinstance(value, np.ndarray) or hasattr(value, "_node") or (torch is not None and isinstance(value, torch.Tensor))


def _leaf(name: str, value: Any) -> Leaf:
    torch: Any = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        tracked = bool(value.requires_grad)
        return Leaf(name, value.detach().clone(), tracked, True, tracked and value.is_leaf)
    tracked = hasattr(value, "_node") or bool(getattr(value, "requires_grad", False))
    begins = hasattr(value, "_node") and not getattr(value._node, "parents", ())
    array = array_of(value)
    if tracked:
        # plain numbers: what is tracked is put there by each evaluation
        from pennylane import numpy as pnp

        return Leaf(name, pnp.array(array, requires_grad=False), array.dtype.kind == "f", False, begins, hasattr(value, "_node"))
    return Leaf(name, value if isinstance(value, np.ndarray) else array, False, False)


def live_leaves(value: Any) -> Iterator[Any]:
    """The tensors and arrays inside an argument as they are, in the order in which `substitute_leaves` replaces them."""
    if isinstance(value, (list, tuple, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from live_leaves(part)
    elif _is_leaf(value):
        yield value


def substitute_leaves(value: Any, following: Iterator[Any]) -> Any:
    """The same argument with each tensor and array in it replaced by the next one."""
    if isinstance(value, (list, tuple)):
        parts = [substitute_leaves(part, following) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if isinstance(value, dict):
        return {key: substitute_leaves(part, following) for key, part in value.items()}
    return next(following) if _is_leaf(value) else value


def in_double_precision(value: Any) -> Any:
    """A float64 or complex128 copy of a tensor or array of lower precision."""
    torch: Any = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        return value.to(torch.complex128) if value.is_complex() else value.double() if value.is_floating_point() else value
    wide = {"f": np.float64, "c": np.complex128}.get(value.dtype.kind)
    return value if wide is None else value.astype(wide)


def step_along(value: Any, leaf: Leaf, direction: np.ndarray, step: float) -> Any:
    """A value, some way along a direction, of the leaf's own kind."""
    return like(leaf, array_of(value) + np.asarray(step * direction))


def like(leaf: Leaf, array: np.ndarray) -> Any:
    """An array as the leaf's kind: a tensor, or an array that is not tracked."""
    if leaf.torch:
        import torch

        return torch.from_numpy(np.array(array, order="C"))
    from pennylane import numpy as pnp

    return pnp.array(array, requires_grad=False)


def drawn_direction(draws: Any, value: np.ndarray) -> np.ndarray:
    """A random direction of length one in the shape of a value."""
    drawn = draws.standard_normal(value.shape)
    if value.dtype.kind == "c":
        drawn = drawn + 1j * draws.standard_normal(value.shape)
    return np.asarray(drawn / max(float(np.linalg.norm(drawn)), 1e-300))

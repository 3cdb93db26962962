"""Arrays of JAX, and what stands for them while JAX traces: told apart by their types alone, so that JAX is never imported here.

Inside ``jax.grad`` a tracer carries the array that it stands for. Inside ``jit`` or a loop of JAX there is none until the traced
function runs, and inside ``vmap`` there are many. A tracer under two transforms carries another tracer.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

_HOMES = ("jax", "jaxlib")

_DIFFERENTIATED = ("JVPTracer", "LinearizeTracer")
"""Tracers by which JAX differentiates: each carries a value and its tangent."""

_CARRIES = {**dict.fromkeys(_DIFFERENTIATED, "primal"), "BatchTracer": "val"}
"""Under which name a tracer holds what it carries; one of ``jit`` carries nothing, whatever it calls its place in what is traced."""

_KINDS: dict[type, tuple[bool, bool]] = {}


def is_jax(kind: type) -> bool:
    """Whether values of a type are arrays of JAX, or stand for some."""
    return _facts_of(kind)[0]


def is_of_jax(error: BaseException) -> bool:
    """Whether an exception is one of JAX's own."""
    return type(error).__module__.partition(".")[0] in _HOMES


def is_of_jax_module(name: object) -> bool:
    """Whether a module of this name is one of JAX's."""
    return str(name).partition(".")[0] in _HOMES


def is_traced(value: Any) -> bool:
    """Whether a value stands for arrays while JAX traces."""
    return _facts_of(type(value))[1]


def is_staged(value: Any) -> bool:
    """Whether a value stands for arrays that are not there yet."""
    return is_traced(concrete_value(value))


def is_compiled(value: Any) -> bool:
    """Whether a value stands for arrays inside of what XLA compiles: in no transform around it there is one yet."""
    return any(is_traced(layer) and type(layer).__name__ not in _CARRIES for layer in _layers(value))


def is_differentiated(value: Any) -> bool:
    """Whether JAX differentiates by what a value stands for, in any of the transforms around it."""
    return any(type(layer).__name__ in _DIFFERENTIATED for layer in _layers(value))


def are_differentiated_twice(values: Iterable[Any]) -> bool:
    """Whether JAX differentiates by some of what values stand for, and that derivative again: in two transforms, one around the other.

    One of them may differentiate by some of the values and the other by others: what is asked for is the mixed derivative then.
    """
    layers = (layer for value in values for layer in _layers(value) if type(layer).__name__ in _DIFFERENTIATED)
    # up to JAX 0.4.35 a transform has a trace for each level inside of it
    return len({id(getattr(layer._trace, "main", layer._trace)) for layer in layers}) > 1


def is_transformed(value: Any) -> bool:
    """Whether JAX differentiates by what a value stands for, or takes it for many at once: in whatever order, and compiled or not."""
    return any(type(layer).__name__ in _CARRIES for layer in _layers(value))


def differentiated_among(values: Iterable[Any]) -> list[Any]:
    """What JAX differentiates by; while it only stages, nobody knows yet by what, and PennyLane takes all that is staged for it."""
    traced = [value for value in values if is_traced(value)]
    return [value for value in traced if is_differentiated(value)] or traced


def concrete_value(value: Any) -> Any:
    """The array that a value stands for, or a tracer where there is no such one array yet."""
    while is_traced(value) and type(value).__name__ in _DIFFERENTIATED:
        value = value.primal
    return value


def double_precision_is_on() -> bool:
    """Whether JAX makes arrays of 64 bits; it does not where the script has not loaded it."""
    config = getattr(sys.modules.get("jax"), "config", None)
    return bool(getattr(config, "jax_enable_x64", False))


def placeholder(value: Any) -> np.ndarray:
    """The array that a value stands for; zeros in its shape and dtype where that is not there yet."""
    found = concrete_value(value)
    return np.zeros(found.shape, found.dtype) if is_traced(found) else np.array(found)


def _layers(value: Any) -> Iterator[Any]:
    """A value, what it carries, and so on inwards."""
    while True:
        yield value
        name = _CARRIES.get(type(value).__name__) if is_traced(value) else None
        if name is None:
            return
        value = getattr(value, name)


def _facts_of(kind: type) -> tuple[bool, bool]:
    known = _KINDS.get(kind)
    if known is None:
        inside = kind.__module__.partition(".")[0] in _HOMES
        tracer = inside and any(base.__name__ == "Tracer" for base in kind.__mro__)
        known = _KINDS[kind] = (tracer or (inside and hasattr(kind, "dtype") and hasattr(kind, "shape")), tracer)
    return known

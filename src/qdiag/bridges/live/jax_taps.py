"""Taps on what JAX traces: numbers are told when they are there, and what comes back to outputs when it comes; nothing is changed.

What a traced function works out exists only while it runs, so whatever tells of it becomes a part of it. A callback tells the numbers.
For the way back there are two primitives that give what they are given: one stands on the outputs and lowers to nothing, the other
on their tangents, and tells where it is transposed. Forward mode goes through it as through any linear function.

Loaded only where JAX is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Optional

import jax
import numpy as np
from jax.interpreters import ad, batching, mlir

from qdiag.bridges.codec import jax_numbers

try:
    from jax.extend.core import Primitive
except ImportError:
    from jax.core import Primitive

Tell = Callable[..., None]

_OUTPUTS, _TANGENTS = Primitive("qdiag_outputs"), Primitive("qdiag_tangents")


def tell_when_run(values: Sequence[Any], tell: Tell) -> None:
    """Have the arrays that values stand for told, now or each time that the function runs in which they are traced."""
    values, tell = _beneath(values, tell)
    found = [jax_numbers.concrete_value(value) for value in values]
    if not found or any(map(jax_numbers.is_traced, found)):
        jax.debug.callback(tell, *values)
    else:
        tell(*found)


def _beneath(values: Sequence[Any], tell: Tell) -> tuple[Sequence[Any], Tell]:
    """The same below ``vmap`` and ``grad``: what is told has no derivative, and its rows can be told one by one when they are there.

    JAX would make a callback for each row a part of what it compiles, and XLA would take longer for these than for all else. Where
    another release of JAX has other tracers, the rest is left to JAX itself.
    """
    with suppress(AttributeError):
        while True:
            trace = _innermost([value._trace for value in values if jax_numbers.is_traced(value)])
            mine = [getattr(value, "_trace", None) is trace for value in values]
            if type(trace).__name__ in ("JVPTrace", "LinearizeTrace"):
                values = [value.primal if here else value for value, here in zip(values, mine)]
                continue
            axes = [value.batch_dim if here else None for value, here in zip(values, mine)]
            if trace is None or any(type(axis) is not int for axis, here in zip(axes, mine) if here):
                break
            values = [value.val if here else value for value, here in zip(values, mine)]
            tell = partial(_each_row, tell, axes)
    return values, tell


def _innermost(traces: Sequence[Any]) -> Any:
    """Of several traces the one that lies inside of all others; None where there is none."""
    around = {id(outer) for trace in traces for outer in _around(trace)}
    inside = {id(trace): trace for trace in traces if id(trace) not in around}
    return next(iter(inside.values())) if len(inside) == 1 else None


def _around(trace: Any) -> Iterator[Any]:
    while (trace := getattr(trace, "parent_trace", None)) is not None:
        yield trace


def _each_row(tell: Tell, axes: Sequence[Optional[int]], *values: Any) -> None:
    """Tell the rows one by one, and then, whoever wants to know it, that they were rows."""
    arrays = [np.asarray(value) for value in values]
    rows = next(array.shape[axis] for array, axis in zip(arrays, axes) if axis is not None)
    for row in range(rows):
        tell(*(array if axis is None else array.take(row, axis) for array, axis in zip(arrays, axes)))
    together = getattr(tell, "together", None)
    if together is not None:
        together(rows)


def watch_way_back(outputs: Sequence[Any], numbers: Sequence[Any], tell: Tell) -> list[Any]:
    """The same outputs, with what comes back to them told each time that something does.

    Parameters
    ----------
    outputs
        Arrays, or what stands for some.
    numbers
        Are told beside what comes back: by them it is known to which run of a traced function it came.
    tell
        Takes positions among the outputs, then what came back to each, then the numbers.
    """
    return list(_OUTPUTS.bind(*outputs, *numbers, places=tuple(range(len(outputs))), tell=tell, levels=()))


def leaves_of(tree: Any) -> list[Any]:
    """The arrays, or what stands for some, in whatever JAX takes for a container."""
    return [leaf for leaf in jax.tree_util.tree_leaves(tree) if jax_numbers.is_jax(type(leaf))]


def await_all() -> None:
    """Wait until everything has been told that is under way."""
    jax.effects_barrier()


# --- the primitives --------------------------------------------------------------------------------------------------------


def _given(*operands: Any, places: tuple[int, ...], **_: Any) -> list[Any]:
    return list(operands[: len(places)])


def _outputs_jvp(primals: Sequence[Any], tangents: Sequence[Any], *, places: Any, tell: Tell, levels: Any) -> tuple[Any, Any]:
    count = len(places)
    moved = [place for place in places if type(tangents[place]) is not ad.Zero]
    found = list(tangents[:count])
    if moved:
        kept = [*moved, *range(count, len(primals))]
        axes = tuple(tuple(level[place] for place in kept) for level in levels)
        watched = [tangents[place] for place in moved]
        for place, tangent in zip(moved, _TANGENTS.bind(*watched, *primals[count:], places=tuple(moved), tell=tell, levels=axes)):
            found[place] = tangent
    return list(primals[:count]), found


def _tangents_jvp(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> tuple[Any, Any]:
    # what comes back to a second derivative is not told
    return _TANGENTS.bind(*primals, **params), list(tangents[: len(params["places"])])


def _tangents_transpose(cotangents: Sequence[Any], *operands: Any, places: tuple[int, ...], tell: Tell, levels: Any) -> list[Any]:
    count, numbers = len(places), list(operands[len(places) :])
    come = [k for k in range(count) if type(cotangents[k]) is not ad.Zero]
    if come:
        kept = [*come, *range(count, len(operands))]
        axes = [tuple(level[k] for k in kept) for level in levels]
        _tell_rows([*(cotangents[k] for k in come), *numbers], partial(tell, tuple(places[k] for k in come)), axes)
    return [*cotangents, *(None for _ in numbers)]


def _tell_rows(values: Sequence[Any], tell: Tell, axes: Sequence[tuple[Any, ...]]) -> None:
    """Tell values, row by row where they are those of several runs at once."""

    def told(*values: Any) -> None:
        tell_when_run(values, tell)

    for level in axes:
        if any(axis is not None for axis in level):
            told = jax.vmap(told, in_axes=level)
    # what a release of JAX does not take is not told, and the script goes on
    with suppress(Exception):
        told(*values)


def _rows_at_once(primitive: Any, operands: Sequence[Any], axes: Sequence[Any], **params: Any) -> tuple[Any, Any]:
    params["levels"] = (*params["levels"], tuple(axes))
    return primitive.bind(*operands, **params), list(axes[: len(params["places"])])


for _primitive, _jvp in ((_OUTPUTS, _outputs_jvp), (_TANGENTS, _tangents_jvp)):
    _primitive.multiple_results = True
    _primitive.def_impl(_given)
    _primitive.def_abstract_eval(_given)
    ad.primitive_jvps[_primitive] = _jvp
    batching.primitive_batchers[_primitive] = partial(_rows_at_once, _primitive)
    mlir.register_lowering(_primitive, mlir.lower_fun(_given, multiple_results=True))
ad.primitive_transposes[_TANGENTS] = _tangents_transpose

"""Which of the QNode's arguments the numbers of its circuit are, so that a report calls them as the user does: ``coefficients[0]``.

A number is an entry of an argument where the two are equal bit for bit. Where several entries are, as in weights that all begin at
zero, it is the one that lies at the same address: indexing a tensor of torch copies nothing. Whatever is worked out from arguments
has no such name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Optional

import numpy as np

from qdiag.bridges import func_tensors
from qdiag.bridges.codec.containers import is_trainable, opened
from qdiag.recording.call_reader import MAX_LEAVES, array_of
from qdiag.recording.ongoing_call import Ongoing

MOST_ENTRIES = 4096
"""Of an argument that is looked through; larger ones are no parameters that anybody reads one by one."""

MOST_NUMBERS = 512
"""Numbers of a circuit that are looked for."""


class Part(NamedTuple):
    """Part of an argument: how a user writes it, its values, and where they lie, if that is known."""

    name: str
    values: np.ndarray
    address: Optional[int]


def name_numbers(call: Ongoing, names: Sequence[str], sources: Sequence[Any]) -> tuple[str, ...]:
    """For each number of a call's circuit what the user calls it; "" for what has no name, or is not trainable.

    Parameters
    ----------
    call
        The call, with its arguments.
    names
        Names of the quantum function's positional parameters.
    sources
        The circuit's live numbers.
    """
    parts = [*parts_of_arguments(call, names)]
    return tuple(_name(source, parts) if is_trainable(source) else "" for source in sources[:MOST_NUMBERS])


def parts_of_arguments(call: Ongoing, names: Sequence[str]) -> Iterator[Part]:
    """Every part of the trainable arguments that indices can name: the whole, and its rows, entries and columns."""
    for position, value in enumerate(call.args):
        yield from _parts(names[position] if position < len(names) else f"*{position}", value)
    for name, value in call.kwargs.items():
        yield from _parts(name, value)


def _parts(name: str, value: Any, boxed: bool = False) -> Iterator[Part]:
    value, held = opened(value)
    boxed = boxed or held
    if isinstance(value, (list, tuple)):
        for position, part in enumerate(value[:MAX_LEAVES]):
            yield from _parts(f"{name}[{position}]", part, boxed)
        return
    if isinstance(value, dict) or not (boxed or is_trainable(value)):
        return
    values = array_of(value)
    if values.size > MOST_ENTRIES:
        return
    for depth in range(values.ndim + 1):
        for index in np.ndindex(values.shape[:depth]):
            written = f"{name}[{', '.join(map(str, index))}]" if index else name
            yield Part(written, values[index], _address(value, index))
    if values.ndim > 1:
        for column in range(values.shape[-1]):
            yield Part(f"{name}[..., {column}]", values[..., column], _address(value, (*[0] * (values.ndim - 1), column)))


def _address(value: Any, index: tuple[int, ...] = ()) -> Optional[int]:
    """Where an entry of a tensor of torch lies in memory."""
    if not hasattr(value, "data_ptr") or func_tensors.is_inside(value):
        return None
    offset = sum(i * stride for i, stride in zip(index, value.stride()))
    return int(value.data_ptr() + offset * value.element_size())


def _name(source: Any, parts: Sequence[Part]) -> str:
    values = array_of(source)
    same = [part for part in parts if part.values.shape == values.shape and np.array_equal(part.values, values)]
    if len(same) > 1:
        here = _address(source)
        same = [part for part in same if here is not None and part.address == here]
    return same[0].name if len(same) == 1 else ""

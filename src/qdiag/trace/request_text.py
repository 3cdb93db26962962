"""Requests as strict text and bytes, and back: what another machine is asked. Nothing of a circuit is ever pickled.

Reading trusts nothing, as in the trace: the circuit goes the way of the trace's own structures and arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from qdiag.errors import CircuitFormatError
from qdiag.model.evaluation import Request
from qdiag.trace import bound
from qdiag.trace.array_bundle import pack, unpack
from qdiag.trace.call_text import text_of
from qdiag.trace.circuit_parser import restore
from qdiag.trace.evaluation_text import DAMAGE, read_method
from qdiag.trace.keys import split_circuit
from qdiag.trace.option_text import option_from


@dataclass(frozen=True)
class Written:
    """A request as it travels.

    Parameters
    ----------
    head
        All but the circuit and the arrays.
    structure
        The circuit without its numbers.
    arrays
        Its numbers, then the cotangents.
    """

    head: str
    structure: str
    arrays: bytes


def write_request(request: Request) -> Written:
    """All of a request as text and bytes.

    Raises
    ------
    CircuitFormatError
        If its circuit holds something that no circuit can hold.
    """
    structure, numbers = split_circuit(request.circuit)
    cotangents = [None if array is None else np.asarray(array) for given in request.cotangents for array in given]
    head = [(name, getattr(request, name)) for name in _PLAIN]
    counts = [len(given) for given in request.cotangents]
    return Written(text_of((len(numbers), counts, head)), structure, pack([*numbers, *cotangents]))


def read_request(written: Written) -> Request:
    """The request that was written.

    Raises
    ------
    CircuitFormatError
        If none was.
    """
    try:
        numbers, counts, pairs = bound.loads(written.head)
        arrays = unpack(written.arrays)
        cotangents = arrays[numbers:]
        if len(cotangents) != sum(counts) or any(array is None for array in arrays[:numbers]):
            raise ValueError
        ends = [sum(counts[:place]) for place in range(len(counts) + 1)]
        head = {name: _READERS[name](part) for name, part in pairs}
        circuit = restore(written.structure, [array for array in arrays[:numbers] if array is not None])
        rows = tuple(cotangents[start:end] for start, end in zip(ends, ends[1:]))
        return Request(circuit=circuit, cotangents=rows, **head)
    except DAMAGE:
        raise CircuitFormatError("a request is damaged", "see that both sides have the same qdiag") from None


def _of(*kinds: type) -> Callable[[Any], Any]:
    def read(part: Any) -> Any:
        if type(part) not in kinds:
            raise TypeError
        return part

    return read


def _labels(part: Any) -> tuple[object, ...]:
    return tuple(_of(int, str)(label) for label in part)


def _options(part: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((_of(str)(name), option_from(value)) for name, value in part)


_READERS: dict[str, Callable[[Any], Any]] = {
    "method": read_method,
    "interface": _of(str),
    "device_wires": _labels,
    "jacobian": _of(bool),
    "second": _of(bool),
    "execution_options": _options,
    "seed": _of(int),
    "trusted": _of(bool),
    "default_dtype": _of(str),
    "repetition": _of(int),
    "cheaply": _of(bool),
    "assumed": _of(str),
    "as_it_stands": _of(bool),
    "as_wired": _of(bool),
    "graph": _of(bool),
}

_PLAIN = tuple(field.name for field in fields(Request) if field.name not in ("circuit", "cotangents"))

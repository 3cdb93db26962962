"""Tapes whose structure was seen before: only their numbers are read, which is all that changes from call to call.

What a structure depends on is gathered into a key. The first tape of a key is taken apart in full, and the shortcut is
used for that key only if it then finds the very same numbers in the same order.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Optional

import numpy as np

from qdiag.bridges.codec import classes, flattening, tapes
from qdiag.bridges.results import array_of
from qdiag.model.circuit import Circuit, with_parameters
from qdiag.trace.array_bundle import pack
from qdiag.trace.circuit_text import skeleton

MAX_KNOWN = 512
"""Structures remembered; a circuit whose structure changes at each call is not worth remembering."""


class Taken(NamedTuple):
    """A tape's structure as text, its numbers as bytes (see `arrays.pack`), and the live numbers they were read from."""

    structure: str
    numbers: bytes
    sources: tuple[Any, ...]


class _Unknown(Exception):
    """Something that the shortcut does not know how to read."""


class Recognition:
    """Takes tapes apart, remembering the structures that it has met."""

    def __init__(self) -> None:
        self._known: dict[Hashable, str] = {}

    def read_tape(self, tape: Any, returns: str, shots: tuple[int, ...] = (), notes: tuple[str, ...] = ()) -> Taken:
        """A tape's structure and numbers.

        Parameters
        ----------
        tape
            The tape.
        returns
            The shape of what the QNode returned (see `Circuit`).
        shots
            For tapes that do not carry them.
        notes
            Added to the circuit's own.
        """
        reading = _Reading()
        key: Optional[Hashable] = None
        try:
            key = (reading.key(tape), returns, shots, notes)
            known = self._known.get(key)
            if known is not None:
                return Taken(known, pack(reading.arrays()), tuple(reading.numbers))
        except Exception:
            key = None
        circuit, sources = tapes.circuit_with_numbers(tape, returns)
        circuit = _with_marks(circuit, sources)
        if shots or notes:
            circuit = replace(circuit, shots=shots or circuit.shots, notes=circuit.notes + notes)
        structure, numbers = skeleton(circuit)
        packed = pack(numbers)
        if key is not None and reading.finds(sources, packed):
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[key] = structure
        return Taken(structure, packed, sources)


def _with_marks(circuit: Circuit, sources: Sequence[Any]) -> Circuit:
    """PennyLane's arrays are trainable by default: what no graph of autograd's leads to is only marked so."""
    parameters = circuit.parameters
    loose = [p.trainable and p.container == "autograd" and not hasattr(n, "_node") for p, n in zip(parameters, sources)]
    if not any(loose) or len(loose) != len(parameters):
        return circuit
    return with_parameters(
        circuit, [replace(p, trainable=False, marked=True) if marked else p for p, marked in zip(parameters, loose)]
    )


class _Reading:
    """One walk over a tape, in the order in which a circuit numbers its parameters."""

    def __init__(self) -> None:
        self.numbers: list[Any] = []
        self._parts: list[Any] = []

    def key(self, tape: Any) -> Hashable:
        """What the structure depends on; raises where that cannot be told, or cannot be hashed."""
        for operation in tape.operations:
            self._operator(operation)
        self._parts.append(None)
        for measurement in tape.measurements:
            self._operator(measurement)
        self._parts.append(getattr(tape, "shots", None))
        key = tuple(self._parts)
        hash(key)
        return key

    def arrays(self) -> list[np.ndarray]:
        """The numbers as arrays, which may share memory with the live ones."""
        return [_array(number) for number in self.numbers]

    def finds(self, sources: tuple[Any, ...], packed: bytes) -> bool:
        """Whether this walk met the same numbers as the full one."""
        same = len(sources) == len(self.numbers) and all(mine is theirs for mine, theirs in zip(self.numbers, sources))
        try:
            return same and pack(self.arrays()) == packed
        except Exception:
            return False

    def _operator(self, operator: Any) -> None:
        kind = type(operator)
        way = _WAYS.get(kind)
        if way is None:
            way = _WAYS[kind] = flattening.way_of(kind)
        labels = way.wires(operator) if way.wires is not None else None
        if labels is not None:
            self._parts += (kind, labels)
            data = operator.data
        else:
            name, data, metadata = way.parts(operator)
            self._parts += (kind, name, metadata, len(data))
        for datum in data:
            self._datum(datum)

    def _datum(self, datum: Any) -> None:
        kind = type(datum)
        if kind is float or kind is int or kind is complex or kind is bool:
            self._parts.append(kind)
            self.numbers.append(datum)
        elif datum is None or kind is str:
            self._parts.append(datum)
        elif kind is tuple or kind is list:
            self._parts += (kind, len(datum))
            for part in datum:
                self._datum(part)
        elif hasattr(datum, "shape") and hasattr(datum, "dtype"):
            self._parts += (kind, datum.dtype, tuple(datum.shape), getattr(datum, "requires_grad", None))
            self.numbers.append(datum)
        elif isinstance(datum, (classes.OPERATOR, classes.MEASUREMENT)):
            self._operator(datum)
        else:
            raise _Unknown


_WAYS: dict[type, flattening.Way] = {}
_DTYPES = {float: np.float64, int: np.int64, complex: np.complex128, bool: np.bool_}


def _array(number: Any) -> np.ndarray:
    dtype = _DTYPES.get(type(number))
    if dtype is not None:
        return np.array(number, dtype)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(number, torch.Tensor):
        try:
            array: np.ndarray = number.detach().numpy()
        except TypeError:
            return array_of(number)
        return array
    while hasattr(number, "_value"):
        number = number._value
    return np.asarray(number)

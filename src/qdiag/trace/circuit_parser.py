"""Circuits from strict JSON and a list of arrays, as `circuit_text` writes them.

Reading trusts nothing: every tag, type, depth and size is checked, and anything odd is a `CircuitFormatError`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from qdiag.errors import CircuitFormatError
from qdiag.model.circuit import Circuit, joined_to
from qdiag.model.node import Label, Mapping, MeasuredOutcome, Node, Tagged, Value, Wires, parameters_of, with_parts
from qdiag.model.parameter import CONTAINERS, FOREIGN, KEPT, Parameter
from qdiag.trace import bound
from qdiag.trace.array_bundle import DTYPES
from qdiag.trace.circuit_text import FORMAT, MARKED, MAX_DEPTH, MAX_OUTCOME_MEASUREMENTS, RETURNS

MAX_TEXT = 1 << 26
"""The longest structure that is read, in characters."""

KEPT_FORMS = 256
"""How many structures that were read are kept at most: the other calls of each are put together without reading the text again."""


class _Odd(Exception):
    """Something in the text is not as `skeleton` writes it."""


def restore(text: str, arrays: Sequence[np.ndarray]) -> Circuit:
    """Join the text of a structure with its numbers.

    Parameters
    ----------
    text
        As `skeleton` wrote it.
    arrays
        One for each parameter, in order.

    Raises
    ------
    CircuitFormatError
        If the text is damaged, foreign, newer, or over the bounds, or the arrays are not those that it describes.
    """
    form = _forms.get(text)
    if form is not None and form.takes(arrays):
        return form.filled(arrays)
    try:
        if len(text) > MAX_TEXT:
            raise _Odd(f"it is longer than {MAX_TEXT} characters")
        document = bound.loads(text, parse_constant=_refuse)
        circuit = _circuit(document, arrays)
        if len(_forms) >= KEPT_FORMS:
            _forms.clear()
        _forms[text] = _Form(circuit)
        return circuit
    except _Odd as odd:
        raise CircuitFormatError(f"a stored circuit cannot be read: {odd}", "record the trace again") from None
    except (ValueError, TypeError, RecursionError):
        raise CircuitFormatError("a stored circuit is no JSON", "record the trace again") from None


class _Form:
    """A circuit that was read, as the pattern of all that differ from it in nothing but numbers."""

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit
        self._kinds = [(parameter, parameter.value.dtype, parameter.value.shape) for parameter in circuit.parameters]
        self._operations = [(node, len(parameters_of(node)), _holds_numbers_alone(node)) for node in circuit.operations]
        self._measurements = [(node, len(parameters_of(node)), _holds_numbers_alone(node)) for node in circuit.measurements]

    def takes(self, arrays: Sequence[np.ndarray]) -> bool:
        """Whether these may be its numbers."""
        return len(arrays) == len(self._kinds) and all(
            isinstance(array, np.ndarray) and array.dtype == dtype and array.shape == shape
            for array, (_, dtype, shape) in zip(arrays, self._kinds)
        )

    def filled(self, arrays: Sequence[np.ndarray]) -> Circuit:
        """The circuit with these numbers; operators without any are shared."""
        parameters = [Parameter(array, p.container, p.trainable, p.marked, p.foreign) for array, (p, _, _) in zip(arrays, self._kinds)]
        form, made = self._circuit, iter(parameters)
        operations, measurements = (
            tuple([_filled(node, made, alone) if count else node for node, count, alone in group])
            for group in (self._operations, self._measurements)
        )
        return joined_to(Circuit(operations, measurements, form.shots, form.returns, form.notes), form, tuple(parameters))


def _holds_numbers_alone(node: Node) -> bool:
    return all(isinstance(part, Parameter) for part in node.data) and not parameters_of(node.metadata)


def _filled(node: Node, made: Iterator[Parameter], alone: bool) -> Node:
    if alone:
        data = tuple([next(made) for _ in node.data])
        return Node(node.name, data, node.metadata, node.wires, node.definition, node.opaque)
    return with_parts(node, lambda value: next(made) if isinstance(value, Parameter) else value)


_forms: dict[str, _Form] = {}


def _refuse(word: str) -> Any:
    raise _Odd(f"it holds {word}")


_FIELDS = {"format", "operations", "measurements", "shots", "returns", "notes", "parameters"}


def _circuit(document: Any, arrays: Sequence[np.ndarray]) -> Circuit:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        found = document.get("format") if isinstance(document, dict) else None
        raise _Odd(f"its format is {found!r}, not {FORMAT}")
    if set(document) != _FIELDS:
        raise _Odd("its fields are not those of a circuit")
    parameters = _parameters(_list(document["parameters"]), arrays)
    reader = _Reader(parameters)
    circuit = Circuit(
        operations=tuple(reader.node(entry) for entry in _list(document["operations"])),
        measurements=tuple(reader.node(entry) for entry in _list(document["measurements"])),
        shots=tuple(_integer(entry, 1) for entry in _list(document["shots"])),
        returns=_returns(document["returns"]),
        notes=tuple(_string(entry) for entry in _list(document["notes"])),
    )
    if reader.used != len(parameters):
        raise _Odd(f"it uses {reader.used} of its {len(parameters)} parameters")
    return circuit


def _returns(entry: Any) -> str:
    text = _string(entry)
    if text not in RETURNS and not text.startswith("dict:"):
        raise _Odd(f"it returns {text!r}")
    return text


def _parameters(kinds: list[Any], arrays: Sequence[np.ndarray]) -> list[Parameter]:
    if len(kinds) != len(arrays):
        raise _Odd(f"it has {len(kinds)} parameters, but {len(arrays)} arrays came with it")
    return [_parameter(kind, array) for kind, array in zip(kinds, arrays)]


def _parameter(kind: Any, array: np.ndarray) -> Parameter:
    dtype, shape, container, trainable = _exactly(kind, 4)
    foreign = dtype if dtype in FOREIGN and container == "torch" else ""
    if not (dtype in DTYPES or foreign) or container not in CONTAINERS or not (isinstance(trainable, bool) or trainable == MARKED):
        raise _Odd(f"a parameter is described as {kind!r}")
    if not isinstance(array, np.ndarray) or array.dtype.name != (KEPT if foreign else dtype) or list(array.shape) != _list(shape):
        raise _Odd(f"a parameter should be {dtype} of shape {shape!r}, but its array is not")
    if container in ("python", "numpy-scalar") and array.ndim:
        raise _Odd(f"a {container} number cannot have the shape {shape!r}")
    return Parameter(array, container, trainable is True, trainable == MARKED, foreign)


def _list(entry: Any) -> list[Any]:
    if not isinstance(entry, list):
        raise _Odd(f"{_excerpt(entry)} stands where a list belongs")
    return entry


def _exactly(entry: Any, count: int) -> list[Any]:
    if len(_list(entry)) != count:
        raise _Odd(f"{_excerpt(entry)} does not have {count} entries")
    return list(entry)


def _string(entry: Any) -> str:
    if not isinstance(entry, str):
        raise _Odd(f"{_excerpt(entry)} stands where text belongs")
    return entry


def _integer(entry: Any, least: int = 0) -> int:
    if type(entry) is not int or entry < least:
        raise _Odd(f"{_excerpt(entry)} stands where a whole number from {least} on belongs")
    return entry


def _float(entry: Any) -> float:
    text = _string(entry)
    try:
        value = float.fromhex(text)
    except (ValueError, OverflowError):
        raise _Odd(f"{_excerpt(text)} is no number") from None
    if value.hex() != text:
        raise _Odd(f"{_excerpt(text)} is not how a number is written")
    return value


def _labels_of(entry: Any) -> tuple[Label, ...]:
    labels = _list(entry)
    if not all(type(label) in (int, str) for label in labels):
        raise _Odd(f"{_excerpt(entry)} are no wire labels")
    return tuple(labels)


def _excerpt(entry: Any) -> str:
    text = repr(entry)
    return text if len(text) < 60 else text[:56] + " ..."


class _Reader:
    """Turns parsed JSON into values, counting the parameters that it meets so that none is used twice or left out."""

    def __init__(self, parameters: list[Parameter]) -> None:
        self.parameters = parameters
        self.used = 0
        self.depth = 0

    def value(self, entry: Any) -> Value:
        if entry is None or type(entry) in (bool, int, str):
            return entry  # type: ignore[no-any-return]
        if not isinstance(entry, list) or not entry or not isinstance(entry[0], str) or entry[0] not in _READERS:
            raise _Odd(f"{_excerpt(entry)} is no value of a circuit")
        self.depth += 1
        if self.depth > MAX_DEPTH + 1:
            raise _Odd(f"it nests more than {MAX_DEPTH} levels deep")
        value = _READERS[entry[0]](self, entry)
        self.depth -= 1
        return value

    def values(self, entry: Any) -> list[Value]:
        return [self.value(part) for part in _list(entry)]

    def node(self, entry: Any) -> Node:
        value = self.value(entry)
        if not isinstance(value, Node):
            raise _Odd(f"{_excerpt(entry)} stands where an operation belongs")
        return value


def _read_parameter(reader: _Reader, entry: list[Any]) -> Parameter:
    position = _integer(_exactly(entry, 2)[1])
    if position != reader.used or position >= len(reader.parameters):
        raise _Odd(f"parameter {position} stands where number {reader.used} belongs")
    reader.used += 1
    return reader.parameters[position]


def _read_node(reader: _Reader, entry: list[Any]) -> Node:
    if len(entry) not in (5, 7):
        raise _Odd(f"{_excerpt(entry)} is no operation")
    definition, opaque = (_string(entry[5]), _string(entry[6])) if len(entry) == 7 else ("", "")
    data = tuple(reader.values(entry[2]))
    return Node(_string(entry[1]), data, reader.value(entry[3]), _labels_of(entry[4]), definition, opaque)


def _read_mapping(reader: _Reader, entry: list[Any]) -> Mapping:
    pairs = [_exactly(pair, 2) for pair in _list(_exactly(entry, 2)[1])]
    return Mapping(tuple((reader.value(key), reader.value(item)) for key, item in pairs))


def _read_tagged(reader: _Reader, entry: list[Any]) -> Tagged:
    _, kind, content = _exactly(entry, 3)
    return Tagged(_string(kind), reader.value(content))


def _read_outcome(reader: _Reader, entry: list[Any]) -> MeasuredOutcome:
    _, measurements, entries = _exactly(entry, 3)
    positions = tuple(_integer(position) for position in _list(measurements))
    table = [reader.value(part) for part in _list(entries)]
    if len(positions) > MAX_OUTCOME_MEASUREMENTS or len(table) != 2 ** len(positions):
        raise _Odd(f"a lookup table of {len(table)} entries does not fit {len(positions)} measurements")
    if not all(isinstance(part, (bool, int, float)) for part in table):
        raise _Odd("a lookup table holds something that is no number")
    return MeasuredOutcome(positions, tuple(part for part in table if isinstance(part, (bool, int, float))))


_READERS: dict[str, Callable[[_Reader, list[Any]], Value]] = {
    "f": lambda reader, entry: _float(_exactly(entry, 2)[1]),
    "c": lambda reader, entry: complex(_float(_exactly(entry, 3)[1]), _float(entry[2])),
    "t": lambda reader, entry: tuple(reader.values(_exactly(entry, 2)[1])),
    "l": lambda reader, entry: reader.values(_exactly(entry, 2)[1]),
    "p": _read_parameter,
    "w": lambda reader, entry: Wires(_labels_of(_exactly(entry, 2)[1])),
    "m": _read_mapping,
    "g": _read_tagged,
    "o": _read_outcome,
    "n": _read_node,
}

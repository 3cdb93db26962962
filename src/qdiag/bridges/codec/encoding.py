"""Operators and what they hold, turned into values of a circuit.

Each type of value has an encoder, found once by its class; parts of an operator's data and of its metadata differ in one thing:
a bare number is a parameter in the data, and itself in the metadata.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, Optional

import numpy as np
import pennylane as qml

from qdiag.bridges.codec import classes, constructors, flattening
from qdiag.bridges.codec.live_numbers import NotANumber, reader_for
from qdiag.model.circuit import AS_DECOMPOSITION
from qdiag.model.node import Label, Mapping, Node, Tagged, Value, Wires
from qdiag.model.parameter import Parameter

MAX_DEPTH = 100
"""Operators nested deeper than this are known by name only: their tree could not be walked within Python's own limit."""

MAX_MEASUREMENTS = 10
"""A condition on more mid-circuit measurements than this is known by name only: its table has ``2**n`` entries."""


class Unencodable(Exception):
    """A value that no circuit value stands for; the text says which."""


class Encoding:
    """What is shared while the operators of one circuit are taken apart.

    Attributes
    ----------
    notes
        What could not be kept exactly, in words.
    numbers
        The live number behind each `Parameter`, in walk order.
    positions
        Mid-circuit measurements by their identifier, in order of execution.
    texts
        Wire labels that are neither integer nor string, and the text that stands for each.
    """

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.numbers: list[Any] = []
        self.positions: dict[Any, int] = {}
        self.texts: dict[Any, str] = {}
        self.depth = 0

    def note(self, text: str) -> None:
        """Remember, once, what could not be kept exactly."""
        if text not in self.notes:
            self.notes.append(text)

    def operation(self, operator: Any) -> tuple[Node, ...]:
        """One node; or those of the decomposition, where the operator itself cannot be kept. Never raises."""
        marks = (len(self.numbers), len(self.positions))
        try:
            return (self.node(operator),)
        except Exception as error:
            self._back_to(*marks)
            reason = _reason(error)
        try:
            nodes = tuple([self.node(part) for part in flattening.decomposition(operator)])
        except Exception:
            self._back_to(*marks)
            return (self._opaque(operator, reason),)
        self.note(f"{classes.name_of(type(operator))} {AS_DECOMPOSITION} ({reason})")
        return nodes

    def whole(self, operator: Any) -> Node:
        """One node, known by name only where the operator or measurement cannot be kept. Never raises."""
        marks = (len(self.numbers), len(self.positions))
        try:
            return self.node(operator)
        except Exception as error:
            self._back_to(*marks)
            return self._opaque(operator, _reason(error))

    def _opaque(self, operator: Any, reason: str) -> Node:
        return Node(classes.name_of(type(operator)), wires=self._wires_of(operator), opaque=reason)

    def _back_to(self, numbers: int, positions: int) -> None:
        del self.numbers[numbers:]
        while len(self.positions) > positions:
            self.positions.popitem()
        self.depth = 0

    def node(self, operator: Any) -> Node:
        """An operator or measurement; raises where it cannot be kept."""
        kind = type(operator)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unencodable(f"operators nest more than {MAX_DEPTH} deep")
        way = _WAYS.get(kind) or _way_of(kind)
        labels = way.wires(operator) if way.wires is not None else None
        if labels is not None:
            name, wires = way.name, self.labels(labels)
            parts = tuple([self.datum(part) for part in operator.data])
            rest = _ONLY_WIRES.get(wires) or _only_wires(wires)
        else:
            name, data, metadata = way.parts(operator)
            parts = tuple([self.datum(part) for part in data])
            rest = self.metadatum(metadata)
            wires = self._wires_of(operator)
        self.depth -= 1
        return Node(name, parts, rest, wires, way.definition)

    def datum(self, value: Any) -> Value:
        """Part of an operator's data: bare numbers are parameters."""
        kind = type(value)
        encoder = _DATA.get(kind) or _encoder_for(kind, _DATA)
        return encoder(self, value)

    def metadatum(self, value: Any) -> Value:
        """Part of an operator's metadata: only arrays are parameters."""
        kind = type(value)
        encoder = _METADATA.get(kind) or _encoder_for(kind, _METADATA)
        return encoder(self, value)

    def labels(self, labels: tuple[Any, ...]) -> tuple[Label, ...]:
        """Wire labels as integers and strings."""
        for label in labels:
            if type(label) is not int and type(label) is not str:
                return tuple([self._label(label) for label in labels])
        return labels

    def _label(self, label: Any) -> Label:
        if type(label) in (int, str):
            return label
        if isinstance(label, (int, np.integer, np.bool_)) or (isinstance(label, (float, np.floating)) and float(label).is_integer()):
            return int(label)
        if label not in self.texts:
            # Wires that PennyLane allocates all have one text.
            same = sum(text.partition(" #")[0] == str(label) for text in self.texts.values())
            self.texts[label] = f"{label} #{same}" if same else str(label)
            self.note(f"the wire {label!r} was recorded under its text")
        return self.texts[label]

    def _wires_of(self, operator: Any) -> tuple[Label, ...]:
        try:
            labels = self.labels(operator.wires.labels)
        except Exception:
            return ()
        # Those of an outcome come in the order of random identifiers.
        return labels if getattr(operator, "mv", None) is None else tuple(sorted(labels, key=str))


_WAYS: dict[type, flattening.Way] = {}
_ONLY_WIRES: dict[tuple[Label, ...], Value] = {}


def _way_of(kind: type) -> flattening.Way:
    way = flattening.way_of(kind)
    if not way.definition and not classes.is_pennylane(kind):
        raise Unencodable("the source of its class is not available")
    _WAYS[kind] = way
    return way


def _only_wires(labels: tuple[Label, ...]) -> Value:
    # Most operators have no other metadata, so one value serves for all on the same wires.
    _ONLY_WIRES[labels] = (Wires(labels), ())
    return _ONLY_WIRES[labels]


def _reason(error: Exception) -> str:
    if isinstance(error, (Unencodable, NotANumber, constructors.NotFound)):
        return str(error)
    return f"{type(error).__name__}: {error}".strip().split("\n")[0][:200]


Encoder = Callable[[Encoding, Any], Value]


def _plain(encoding: Encoding, value: Any) -> Value:
    return value


def _number_encoder(read: Callable[..., Parameter]) -> Encoder:
    def encode(encoding: Encoding, value: Any) -> Value:
        parameter = read(value, encoding.note)
        encoding.numbers.append(value)
        return parameter

    return encode


def _data_tuple(encoding: Encoding, value: Any) -> Value:
    return tuple([encoding.datum(part) for part in value])


def _data_list(encoding: Encoding, value: Any) -> Value:
    return [encoding.datum(part) for part in value]


def _metadata_tuple(encoding: Encoding, value: Any) -> Value:
    return tuple([encoding.metadatum(part) for part in value])


def _metadata_list(encoding: Encoding, value: Any) -> Value:
    return [encoding.metadatum(part) for part in value]


def _dictionary(encoding: Encoding, value: Any) -> Value:
    return Mapping(tuple([(encoding.metadatum(key), encoding.metadatum(item)) for key, item in value.items()]))


def _wires(encoding: Encoding, value: Any) -> Value:
    return Wires(encoding.labels(value.labels))


def _set(encoding: Encoding, value: Any) -> Value:
    ordered = sorted(value, key=repr)
    return Tagged(type(value).__name__, tuple([encoding.metadatum(part) for part in ordered]))


def _slice(encoding: Encoding, value: Any) -> Value:
    return Tagged(type(value).__name__, tuple([encoding.metadatum(part) for part in (value.start, value.stop, value.step)]))


def _shots(encoding: Encoding, value: Any) -> Value:
    return Tagged("Shots", tuple((int(copies.shots), int(copies.copies)) for copies in value.shot_vector))


def _inner_node(encoding: Encoding, value: Any) -> Value:
    return encoding.node(value)


def _outcome(encoding: Encoding, value: Any) -> Value:
    try:
        return flattening.outcome_of(value, encoding.positions, MAX_MEASUREMENTS)
    except KeyError:
        # its identifier is drawn anew at each call, and says nothing to anybody
        raise Unencodable("it asks for a mid-circuit measurement that the circuit no longer makes, as once it is deferred") from None


def _pauli_word(encoding: Encoding, value: Any) -> Value:
    wires = Wires(tuple([encoding._label(label) for label in value]))
    return Tagged("PauliWord", (wires, "".join(value.values())))


def _pauli_sentence(encoding: Encoding, value: Any) -> Value:
    return Tagged("PauliSentence", tuple([(encoding.metadatum(word), encoding.datum(number)) for word, number in value.items()]))


def _fermi(encoding: Encoding, value: Any) -> Value:
    return Tagged(type(value).__name__, tuple([(encoding.metadatum(key), encoding.datum(item)) for key, item in value.items()]))


def _sparse(encoding: Encoding, value: Any) -> Value:
    matrix = value.tocsr()
    parts = tuple([encoding.datum(np.asarray(part)) for part in (matrix.data, matrix.indices, matrix.indptr)])
    return Tagged(f"sparse-{value.format}", (tuple(map(int, matrix.shape)), parts, "array" in type(value).__name__))


def _object_array(encoding: Encoding, value: Any) -> Value:
    if value.dtype.kind not in "OUS":
        return _number_encoder(reader_for(np.ndarray) or _plain)(encoding, value)  # type: ignore[arg-type]
    items = tuple([encoding.metadatum(part.item() if isinstance(part, np.generic) else part) for part in value.ravel()])
    return Tagged("array", (value.dtype.str if value.dtype.kind != "O" else "O", tuple(value.shape), items))


def _class(encoding: Encoding, value: Any) -> Value:
    if issubclass(value, (classes.OPERATOR, classes.MEASUREMENT)) and classes.is_pennylane(value):
        return Tagged("class", classes.name_of(value))
    raise Unencodable(f"it holds the class {value.__name__}")


def _function(encoding: Encoding, value: Any) -> Value:
    name = getattr(value, "__name__", "")
    if getattr(qml, name, None) is value:
        return Tagged("function", name)
    raise Unencodable(f"it holds the function {name}")


def _dtype(encoding: Encoding, value: Any) -> Value:
    return Tagged("dtype", np.dtype(value).name)


def _text(encoding: Encoding, value: Any) -> Value:
    return str(value)


def _enum(encoding: Encoding, value: Any) -> Value:
    return Tagged("enum", (type(value).__name__, value.name))


def _identifier(encoding: Encoding, value: flattening.Identifier) -> Value:
    encoding.positions[value.text] = len(encoding.positions)
    return Tagged("identifier", None)


_KINDS: dict[str, Encoder] = {
    "Wires": _wires,
    "MeasurementValue": _outcome,
    "PauliWord": _pauli_word,
    "PauliSentence": _pauli_sentence,
    "FermiWord": _fermi,
    "FermiSentence": _fermi,
    "Shots": _shots,
}
"""Encoders of PennyLane's own types, by class name."""

_COMMON: dict[type, Encoder] = {
    **dict.fromkeys((type(None), str), _plain),
    **dict.fromkeys((set, frozenset), _set),
    **dict.fromkeys((slice, range), _slice),
    dict: _dictionary,
    flattening.Identifier: _identifier,
}
_DATA: dict[type, Encoder] = {**_COMMON, tuple: _data_tuple, list: _data_list}
_METADATA: dict[type, Encoder] = {
    **_COMMON,
    **dict.fromkeys((bool, int, float, complex), _plain),
    tuple: _metadata_tuple,
    list: _metadata_list,
}


def _encoder_for(kind: type, table: dict[type, Encoder]) -> Encoder:
    encoder = _find_encoder(kind, table is _DATA)
    if encoder is None:
        raise Unencodable(f"it holds a {kind.__name__}")
    table[kind] = encoder
    return encoder


def _find_encoder(kind: type, is_data: bool) -> Optional[Encoder]:
    if issubclass(kind, (classes.OPERATOR, classes.MEASUREMENT)):
        return _inner_node
    if kind.__module__.startswith("pennylane.") and kind.__name__ in _KINDS:
        return _KINDS[kind.__name__]
    if kind.__module__.startswith("scipy.sparse") and hasattr(kind, "tocsr"):
        return _sparse
    if kind is np.ndarray:
        return _object_array
    reader = reader_for(kind)
    if reader is not None:
        return _number_encoder(reader)
    if issubclass(kind, enum.Enum) and classes.is_pennylane(kind):
        return _enum
    if issubclass(kind, np.dtype):
        return _dtype
    if issubclass(kind, (str, np.str_)):
        return _text
    if issubclass(kind, type):
        return _class
    if callable(kind) and kind.__name__ == "function":
        return _function
    return _encoder_of_base(kind, is_data)


def _encoder_of_base(kind: type, is_data: bool) -> Optional[Encoder]:
    if issubclass(kind, tuple):
        return _data_tuple if is_data else _metadata_tuple
    if issubclass(kind, list):
        return _data_list if is_data else _metadata_list
    return _dictionary if issubclass(kind, dict) else None

"""Circuits as strict JSON and a list of arrays: the structure is text, the numbers stay bytes, and neither needs pickle.

Equal structures give equal text, so the text (or its hash) is the key under which a trace stores a structure once. Reading
trusts nothing: every tag, type, depth and size is checked, and anything odd is a `CircuitFormatError`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from qdiag.errors import CircuitFormatError
from qdiag.model.circuit import Circuit, joined_to
from qdiag.model.node import Label, Mapping, MeasuredOutcome, Node, Tagged, Value, Wires, parameters_of, with_parts
from qdiag.model.parameter import CONTAINERS, FOREIGN, KEPT, Parameter
from qdiag.trace import bound
from qdiag.trace.array_bundle import DTYPES

FORMAT = 1
"""Version of the text; a reader refuses a newer one."""

MAX_DEPTH = 200
"""How deep values may nest: deeper ones would exhaust Python's stack somewhere else."""

MAX_TEXT = 1 << 26
"""The longest structure that is read, in characters."""

MAX_OUTCOME_MEASUREMENTS = 16
"""A lookup table has ``2**n`` entries, so the number of measurements that it depends on is bounded."""

MARKED = "marked"
"""What stands in the place of whether a parameter is trainable, where it is only marked so."""

RETURNS = ("single", "tuple", "list")
"""Shapes of a QNode's return value, beside ``dict:…``."""


# --- writing -----------------------------------------------------------------------------------------------------------

_text = bound.text_in_ascii


def skeleton(circuit: Circuit) -> tuple[str, tuple[np.ndarray, ...]]:
    """Split a circuit into the text of its structure and its numbers.

    Parameters
    ----------
    circuit
        The circuit.

    Returns
    -------
    tuple of str and tuple of numpy.ndarray
        Strict JSON in ASCII, the same for every circuit that differs in nothing but numbers, and one array for each of
        `Circuit.parameters`.

    Raises
    ------
    CircuitFormatError
        If the tree is deeper than `MAX_DEPTH` or holds something that is no circuit value.
    """
    parameters: list[Parameter] = []
    operations = _joined_text(circuit.operations, parameters, 0)
    measurements = _joined_text(circuit.measurements, parameters, 0)
    kinds = [kind_of(parameter) for parameter in parameters]
    text = text_around(operations, measurements, kinds, circuit.shots, circuit.returns, circuit.notes)
    return text, tuple(parameter.value for parameter in parameters)


def text_around(
    operations: str, measurements: str, kinds: Sequence[str], shots: Sequence[int], returns: str, notes: Sequence[str]
) -> str:
    """The text of a structure, from those of its operations, of its measurements, and of its parameters' kinds."""
    return (
        f'{{"format":{FORMAT},"operations":[{operations}],"measurements":[{measurements}],'
        f'"shots":[{",".join(map(str, map(int, shots)))}],"returns":{_text(returns)},'
        f'"notes":[{",".join(map(_text, notes))}],"parameters":[{",".join(kinds)}]}}'
    )


def split_text(nodes: Sequence[Node]) -> tuple[tuple[str, ...], tuple[Parameter, ...]]:
    """The text of some operators, split where their parameters stand, and these; see `filled_text`.

    Raises
    ------
    CircuitFormatError
        As `skeleton`.
    """
    parameters: list[Parameter] = []
    # what looks like a parameter's place inside of a string has its quotes escaped there
    return tuple(_PLACE.split(_joined_text(nodes, parameters, 0))), tuple(parameters)


def filled_text(pieces: Sequence[str], first: int) -> str:
    """Such a text with its parameters numbered on from the first."""
    return pieces[0] + "".join([f'["p",{first + place}]{piece}' for place, piece in enumerate(pieces[1:])])


_PLACE = re.compile(r'\["p",\d+\]')

_DTYPE_NAMES = {np.dtype(name): name for name in DTYPES}


def kind_of(parameter: Parameter) -> str:
    """The text of all that a structure says of a parameter; raises `CircuitFormatError` for a dtype that is not stored."""
    value = parameter.value
    name = parameter.foreign or _DTYPE_NAMES.get(value.dtype)
    if name is None:
        raise CircuitFormatError(f"a parameter of dtype {value.dtype} cannot be stored", "convert it to a numeric dtype")
    shape = ",".join(map(str, value.shape)) if value.ndim else ""
    trainable = "true" if parameter.trainable else f'"{MARKED}"' if parameter.marked else "false"
    return f'["{name}",[{shape}],{_text(parameter.container)},{trainable}]'


def _joined_text(values: Sequence[Value], parameters: list[Parameter], depth: int) -> str:
    return ",".join([_value_text(value, parameters, depth) for value in values])


def _value_text(value: Value, parameters: list[Parameter], depth: int) -> str:
    writer = _WRITERS.get(type(value))
    if writer is None:
        raise CircuitFormatError(f"a {type(value).__name__} is not part of a circuit", "record the circuit through qdiag's bridges")
    if depth > MAX_DEPTH:
        raise CircuitFormatError(f"a circuit nests more than {MAX_DEPTH} levels deep", "flatten the nested operators")
    return writer(value, parameters, depth + 1)


def _write_parameter(value: Parameter, parameters: list[Parameter], depth: int) -> str:
    parameters.append(value)
    return f'["p",{len(parameters) - 1}]'


def _write_node(value: Node, parameters: list[Parameter], depth: int) -> str:
    data = _joined_text(value.data, parameters, depth)
    if _has_only_wires(value):
        key = (value.name, value.wires, len(value.metadata))  # type: ignore[arg-type]
        around = _around.get(key)
        if around is None:
            after = f"],{_value_text(value.metadata, [], depth)},[{_labels(value.wires)}]]"
            around = _around[key] = (f'["n",{_text(value.name)},[', after)
        return f"{around[0]}{data}{around[1]}"
    metadata = _value_text(value.metadata, parameters, depth)
    wires = _labels(value.wires)
    rest = f",{_text(value.definition)},{_text(value.opaque)}" if value.definition or value.opaque else ""
    return f'["n",{_text(value.name)},[{data}],{metadata},[{wires}]{rest}]'


_around: dict[tuple[str, tuple[Label, ...], int], tuple[str, str]] = {}


def _has_only_wires(node: Node) -> bool:
    """Whether the text around a node's data depends on nothing but its name and wires: true of most, so it is kept."""
    metadata = node.metadata
    return (
        type(metadata) is tuple
        and 0 < len(metadata) < 3
        and type(metadata[0]) is Wires
        and all(type(label) in (int, str) for label in node.wires)  # 1 == True, and the text is kept by equal labels
        and metadata[0].labels == node.wires
        and (len(metadata) == 1 or metadata[1] == ())
        and not node.definition
        and not node.opaque
    )


def _labels(labels: Sequence[Label]) -> str:
    return ",".join([str(label) if type(label) is int else _label(label) for label in labels])


def _label(label: Label) -> str:
    if isinstance(label, str):
        return _text(label)
    raise CircuitFormatError(f"a wire is labelled by a {type(label).__name__}", "label wires by integers or strings")


def _write_wires(value: Wires, parameters: list[Parameter], depth: int) -> str:
    return f'["w",[{_labels(value.labels)}]]'


def _write_mapping(value: Mapping, parameters: list[Parameter], depth: int) -> str:
    pairs = [f"[{_value_text(key, parameters, depth)},{_value_text(item, parameters, depth)}]" for key, item in value.items]
    return f'["m",[{",".join(pairs)}]]'


def _write_tagged(value: Tagged, parameters: list[Parameter], depth: int) -> str:
    return f'["g",{_text(value.kind)},{_value_text(value.content, parameters, depth)}]'


def _write_outcome(value: MeasuredOutcome, parameters: list[Parameter], depth: int) -> str:
    table = ",".join([_value_text(entry, parameters, depth) for entry in value.table])
    return f'["o",[{",".join(map(str, value.measurements))}],[{table}]]'


_WRITERS: dict[type, Callable[[Any, list[Parameter], int], str]] = {
    type(None): lambda value, parameters, depth: "null",
    bool: lambda value, parameters, depth: "true" if value else "false",
    int: lambda value, parameters, depth: str(value),
    float: lambda value, parameters, depth: f'["f","{value.hex()}"]',
    complex: lambda value, parameters, depth: f'["c","{value.real.hex()}","{value.imag.hex()}"]',
    str: lambda value, parameters, depth: _text(value),
    tuple: lambda value, parameters, depth: f'["t",[{_joined_text(value, parameters, depth)}]]',
    list: lambda value, parameters, depth: f'["l",[{_joined_text(value, parameters, depth)}]]',
    Parameter: _write_parameter,
    Wires: _write_wires,
    Mapping: _write_mapping,
    Tagged: _write_tagged,
    MeasuredOutcome: _write_outcome,
    Node: _write_node,
}


# --- reading -----------------------------------------------------------------------------------------------------------


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

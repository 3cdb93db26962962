"""Circuits as strict JSON and a list of arrays: the structure is text, the numbers stay bytes, and neither needs pickle.

Equal structures give equal text, so the text (or its hash) is the key under which a trace stores a structure once. How it is read
stands in `circuit_parser`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from qdiag.errors import CircuitFormatError
from qdiag.model.circuit import Circuit
from qdiag.model.node import Label, Mapping, MeasuredOutcome, Node, Tagged, Value, Wires
from qdiag.model.parameter import Parameter
from qdiag.trace import bound
from qdiag.trace.array_bundle import DTYPES

FORMAT = 1
"""Version of the text; a reader refuses a newer one."""

MAX_DEPTH = 200
"""How deep values may nest: deeper ones would exhaust Python's stack somewhere else."""

MAX_OUTCOME_MEASUREMENTS = 16
"""A lookup table has ``2**n`` entries, so the number of measurements that it depends on is bounded."""

MARKED = "marked"
"""What stands in the place of whether a parameter is trainable, where it is only marked so."""

RETURNS = ("single", "tuple", "list")
"""Shapes of a QNode's return value, beside ``dict:…``."""


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

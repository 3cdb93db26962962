"""Circuits as the body of the quantum function that a PennyLane user would have written, and QNodes as the call that makes them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Optional

import numpy as np
import pennylane as qml

from qdiag.bridges.source import outcomes
from qdiag.bridges.source.device_options import imported_source, keyword_sources, literal_source
from qdiag.bridges.source.expression import Expression, Writer
from qdiag.bridges.source.literals import Style, literal, plain_text
from qdiag.bridges.source.paths import require_name
from qdiag.bridges.source.speller import Speller
from qdiag.bridges.stack import takes_gradient_kwargs
from qdiag.model.circuit import Circuit
from qdiag.model.import_lines import NUMPY, PENNYLANE
from qdiag.model.method import COMPILED_BY, Method
from qdiag.model.node import MeasuredOutcome, Node, walk
from qdiag.model.operator_families import MID_MEASUREMENTS
from qdiag.model.option import Option
from qdiag.model.parameter import Parameter
from qdiag.model.variants import with_parameters

EXACT = Style()
_QNODE = inspect.signature(qml.QNode.__init__).parameters
_QNODE_TAKES_SHOTS = "shots" in _QNODE


@dataclass(frozen=True)
class CircuitSource:
    """A circuit as Python source.

    Parameters
    ----------
    imports
        Lines, each once.
    definitions
        Source of the script's own operation classes.
    lines
        The operations: the quantum function's body before its return.
    returns
        What it returns.
    """

    imports: tuple[str, ...]
    definitions: tuple[str, ...]
    lines: tuple[str, ...]
    returns: str


def source_of(
    circuit: Circuit, live: Optional[Mapping[int, str]] = None, style: Style = EXACT, *, trusted: bool = False
) -> CircuitSource:
    """Write a circuit as the body of a quantum function.

    Parameters
    ----------
    circuit
        The circuit.
    live
        Position in `Circuit.parameters` → name of the variable that holds it, such as ``x`` or ``t[0]``; all others are literals.
    style
        How literals are written.
    trusted
        Whether class definitions inside the circuit may be executed, to check how they are to be called.

    Raises
    ------
    OpaqueCircuitError
        If an operation was recorded by name only, or nothing that this PennyLane reads gives it back.
    """
    circuit = with_parameters(circuit, [replace(parameter) for parameter in circuit.parameters])
    writer = Writer(style, {id(circuit.parameters[i]): name for i, name in (live or {}).items()}, {PENNYLANE})
    speller = Speller(style, trusted)
    used = _used_outcomes(circuit)
    lines = []
    for node in circuit.operations:
        expression = speller.expression(node, top=True)
        name = _measure(speller, node, expression)
        assigned = f"{name} = " if name and speller.positions and len(speller.positions) - 1 in used else ""
        lines.append(assigned + writer.text(expression))
    measurements = [writer.text(speller.expression(node)) for node in circuit.measurements]
    definitions = tuple(speller.definitions.values())
    return CircuitSource(tuple(sorted(writer.imports)), definitions, tuple(lines), _return_text(circuit, measurements))


def _used_outcomes(circuit: Circuit) -> frozenset[int]:
    values = (value for node in circuit.nodes for value in walk(node))
    return frozenset(position for value in values if isinstance(value, MeasuredOutcome) for position in value.measurements)


def _measure(speller: Speller, node: Node, expression: Expression) -> str:
    if node.name not in MID_MEASUREMENTS:
        return ""
    name = outcomes.name_of(len(speller.positions))
    speller.add_measurement(expression, name)
    return name


def _return_text(circuit: Circuit, measurements: Sequence[str]) -> str:
    if circuit.returns.startswith("dict:"):
        keys = circuit.returns[len("dict:") :].split(",")
        return "{" + ", ".join(f"{plain_text(key)}: {text}" for key, text in zip(keys, measurements)) + "}"
    joined = ", ".join(measurements)
    if circuit.returns == "list":
        return f"[{joined}]"
    if len(measurements) == 1 and circuit.returns == "tuple":
        return f"({joined},)"
    return joined


def number_source(parameter: Parameter, style: Style = EXACT) -> tuple[str, frozenset[str]]:
    """A number as source, and the imports that it needs."""
    return literal(parameter, style)


# --- QNodes ----------------------------------------------------------------------------------------------------------------


def device_source(method: Method, wires: Sequence[object], shots: Sequence[int] = ()) -> tuple[str, frozenset[str]]:
    """The expression that makes a method's device as this PennyLane takes it, and its imports.

    Parameters
    ----------
    method
        Its device, precision and options.
    wires
        The device's wires; empty to let the circuit decide.
    shots
        Empty for analytic.
    """
    consecutive = list(wires) == list(range(len(wires)))
    text, line = imported_source(method.device) if ":" in method.device else ("qml.device", "")
    arguments = [] if line else [plain_text(method.device)]
    if wires:
        arguments.append(f"wires={len(wires) if consecutive else plain_text(list(wires))}")
    if method.device_precision:
        arguments.append(f"c_dtype=np.{np.dtype(method.device_precision).name}")
    options, needed = keyword_sources(method.device_options)
    arguments += options
    if shots and not _QNODE_TAKES_SHOTS:
        arguments.append(f"shots={_shots_keyword_value(shots)}")
    imports = frozenset([NUMPY] * bool(method.device_precision) + [line] * bool(line)) | needed
    return f"{text}({', '.join(arguments)})", imports


def qnode_source(
    function: str,
    device: str,
    method: Method,
    *,
    interface: str = "",
    execution_options: Sequence[tuple[str, Option]] = (),
    shots: Sequence[int] = (),
) -> str:
    """The expression that makes a QNode from a quantum function under a method, as this PennyLane takes it.

    Parameters
    ----------
    function, device
        The quantum function's name, and the device's name or expression.
    method
        Its differentiation method and options.
    interface
        Named only where this PennyLane would not find out by itself.
    execution_options
        Further keyword arguments of the QNode.
    shots
        Empty for analytic.
    """
    arguments = [function, device]
    finds_out = str(_QNODE["interface"].default).lower().endswith("auto") or "interface" in dict(execution_options)
    if interface not in ("", "numpy") and not finds_out:
        arguments.append(f"interface={plain_text(interface)}")
    arguments.append("diff_method=" + ("None" if method.diff_method in ("", "none") else plain_text(method.diff_method)))
    if shots and _QNODE_TAKES_SHOTS:
        arguments.append(f"shots={_shots_keyword_value(shots)}")
    arguments += _keywords([(name, value) for name, value in execution_options if name in _QNODE])
    if method.gradient_options and takes_gradient_kwargs():
        given = [f"{plain_text(name)}: {literal_source(value)}" for name, value in method.gradient_options]
        arguments.append(f"gradient_kwargs={{{', '.join(given)}}}")
    else:
        arguments += _keywords(method.gradient_options)
    written = f"qml.QNode({', '.join(arguments)})"
    compiler = COMPILED_BY.get(method.compiled)
    return written if compiler is None else f"{compiler}({written})"


def _shots_keyword_value(shots: Sequence[int]) -> str:
    return repr(int(shots[0]) if len(shots) == 1 else [int(count) for count in shots])


def _keywords(options: Sequence[tuple[str, Option]]) -> list[str]:
    for name, _ in options:
        require_name(name)
    return [f"{name}={literal_source(value)}" for name, value in options]

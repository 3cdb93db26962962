"""Circuits as the body of the quantum function that a PennyLane user would have written, and QNodes as the call that makes them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Optional

import numpy as np
import pennylane as qml

from qdiag.bridges import outcomes
from qdiag.bridges.expression import Expression, Writer
from qdiag.bridges.literals import NUMPY, Style, literal, plain_text
from qdiag.bridges.spelling import Speller
from qdiag.circuit import Circuit, Node, Outcome, Parameter, walk, with_parameters
from qdiag.method import Method, Option

QML = "import pennylane as qml"
EXACT = Style()


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
    writer = Writer(style, {id(circuit.parameters[i]): name for i, name in (live or {}).items()}, {QML})
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
    return CircuitSource(tuple(sorted(writer.imports)), definitions, tuple(lines), _returned(circuit, measurements))


def _used_outcomes(circuit: Circuit) -> frozenset[int]:
    values = (value for node in circuit.nodes for value in walk(node))
    return frozenset(position for value in values if isinstance(value, Outcome) for position in value.measurements)


def _measure(speller: Speller, node: Node, expression: Expression) -> str:
    if node.name not in ("MidMeasure", "MidMeasureMP", "PauliMeasure"):
        return ""
    name = outcomes.name_of(len(speller.positions))
    speller.measured(expression, name)
    return name


def _returned(circuit: Circuit, measurements: Sequence[str]) -> str:
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


def qnode_source(
    function: str,
    method: Method,
    wires: Sequence[object],
    *,
    interface: str = "",
    execution_options: Sequence[tuple[str, Option]] = (),
    shots: Sequence[int] = (),
) -> tuple[str, frozenset[str]]:
    """The expression that makes a QNode from a quantum function under a method, as this PennyLane takes it, and its imports.

    Parameters
    ----------
    function
        The quantum function's name.
    method
        Its device, differentiation method and options.
    wires
        The device's wires.
    interface
        Named only where this PennyLane would not find out by itself.
    execution_options
        Further keyword arguments of the QNode.
    shots
        Empty for analytic.
    """
    parameters = inspect.signature(qml.QNode.__init__).parameters
    count = repr(int(shots[0]) if len(shots) == 1 else [int(n) for n in shots])
    arguments = [function, _device(method, wires, "" if "shots" in parameters or not shots else count)]
    if interface not in ("", "numpy") and not str(parameters["interface"].default).lower().endswith("auto"):
        arguments.append(f'interface="{interface}"')
    if method.diff_method not in ("", "none"):
        arguments.append(f'diff_method="{method.diff_method}"')
    if shots and "shots" in parameters:
        arguments.append(f"shots={count}")
    arguments += [f"{name}={plain_text(value)}" for name, value in execution_options]
    if method.gradient_options:
        arguments.append(_gradient_options(method, "gradient_kwargs" in parameters))
    imports = frozenset([NUMPY]) if "np." in arguments[1] else frozenset()
    return f"qml.QNode({', '.join(arguments)})", imports


def _device(method: Method, wires: Sequence[object], shots: str) -> str:
    consecutive = bool(wires) and list(wires) == list(range(len(wires)))
    arguments = [f'"{method.device}"', f"wires={len(wires) if consecutive else plain_text(list(wires))}" if wires else ""]
    if method.device_precision:
        arguments.append(f"c_dtype=np.{np.dtype(method.device_precision).name}")
    arguments += [f"{name}={plain_text(value)}" for name, value in method.device_options]
    arguments += [f"shots={shots}"] if shots else []
    return f"qml.device({', '.join(filter(None, arguments))})"


def _gradient_options(method: Method, grouped: bool) -> str:
    if grouped:
        return f"gradient_kwargs={plain_text(dict(method.gradient_options))}"
    return ", ".join(f"{name}={plain_text(value)}" for name, value in method.gradient_options)

"""What PennyLane makes of an operation: its decomposition, the parameters it shows, the matrix it builds from tracked numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Optional

import numpy as np
import pennylane as qml

from qdiag.bridges.codec import classes, flattening
from qdiag.bridges.codec.decoding import Decoding
from qdiag.bridges.codec.encoding import Encoding
from qdiag.bridges.codec.live_numbers import plain_number
from qdiag.bridges.codec.tapes import tape_of
from qdiag.bridges.live import shift_rules
from qdiag.bridges.live.shift_rules import MAX_DEPTH
from qdiag.errors import OpaqueCircuitError
from qdiag.model.circuit import Circuit
from qdiag.model.node import Label, Node, parameters_of
from qdiag.model.operator_families import MID_MEASUREMENTS
from qdiag.model.parameter import Parameter

Position = int

ELEMENTARY = frozenset(
    ["Identity", "Hadamard", "PauliX", "PauliY", "PauliZ", "S", "T", "SX", "RX", "RY", "RZ", "PhaseShift", "GlobalPhase"]
    + ["CNOT", "CZ", "CY", "SWAP", "Conditional", "Snapshot", "Barrier", *MID_MEASUREMENTS]
)
"""Gates that are not taken apart any further."""

SAME_MATRIX = 1e-5
"""Matrices this close are the same: built in single precision they differ by some 1e-7 for each factor. What is truncated or dropped is
of the size of the entries."""


def expansion_of(circuit: Circuit, positions: Optional[Sequence[Position]], trusted: bool) -> Optional[Circuit]:
    """The circuit with some operations replaced by their decompositions.

    Parameters
    ----------
    circuit
        The circuit.
    positions
        Which operations, one level; None for all of them, down to elementary gates.
    trusted
        Whether source code that the circuit carries may be executed.

    Returns
    -------
    Circuit or None
        None where nothing changed. The parameters of a decomposition are its own: numbers worked out from the operation's.
    """
    notes: list[str] = []
    if positions is None:
        operations = tuple(part for node in circuit.operations for part in _elementary(node, trusted, notes, MAX_DEPTH))
    else:
        parts = {position: _decomposition(circuit.operations[position], trusted, notes) for position in positions}
        operations = tuple(part for i, node in enumerate(circuit.operations) for part in parts.get(i) or (node,))
    if operations == circuit.operations:
        return None
    return replace(circuit, operations=operations, notes=(*circuit.notes, *notes))


def _elementary(node: Node, trusted: bool, notes: list[str], depth: int) -> tuple[Node, ...]:
    """An operation down to gates of the textbook, as far as PennyLane decomposes it."""
    if depth == 0 or node.name in ELEMENTARY:
        return (node,)
    parts = _decomposition(node, trusted, notes)
    if parts is None:
        return (node,)
    return tuple(inner for part in parts for inner in _elementary(part, trusted, notes, depth - 1))


def _decomposition(node: Node, trusted: bool, notes: list[str]) -> Optional[tuple[Node, ...]]:
    try:
        with flattening.stop_recording():
            parts = flattening.decomposition(Decoding(trusted=trusted).operator(node))
    except Exception:
        # PennyLane says in many ways that an operation is elementary; whichever it was, there is nothing to expand
        return None
    encoding = Encoding()
    nodes = tuple(inner for part in parts for inner in encoding.operation(part))
    notes.extend(encoding.notes)
    if any(inner.opaque for inner in nodes) or (len(nodes) == 1 and nodes[0].name == node.name):
        return None
    return nodes


def gate(name: str, numbers: int, wires: tuple[Label, ...]) -> Optional[Node]:
    """A gate by name with so many numbers, all 0, on these wires; None where this PennyLane has none."""
    try:
        with flattening.stop_recording():
            return Encoding().node(classes.class_named(name)(*[0.0] * numbers, wires=list(wires)))
    except Exception:
        # whatever PennyLane says against it, there is no such gate here
        return None


def hidden_parameters(circuit: Circuit, trusted: bool) -> tuple[int, ...]:
    """Positions of the trainable parameters on which no parameter of PennyLane's tape depends.

    Worked out with torch's graph, whatever the user's interface: the tape is built from fresh leaves, and a leaf that no tape
    parameter reaches is hidden.
    """
    leaves, tape = _tracked_tape(circuit, trusted)
    reached = _leaves_reaching(leaves, tape.get_parameters(trainable_only=False))
    return tuple(position for position in leaves if position not in reached)


def parameters_left_to_differences(circuit: Circuit, trusted: bool) -> tuple[int, ...]:
    """Positions of the trainable parameters that shift rules leave to finite differences (see `shift_rules`)."""
    try:
        plain = tape_of(circuit, [plain_number(replace(p, trainable=False)) for p in circuit.parameters], trusted)
        if not shift_rules.numbers_left_to_differences(plain.operations, plain.measurements):
            return ()
        leaves, tape = _tracked_tape(circuit, trusted)
        return _leaves_reaching(leaves, shift_rules.numbers_left_to_differences(tape.operations, tape.measurements))
    except Exception:
        # an operator of the user's own may say anything against the question
        return ()


def _tracked_tape(circuit: Circuit, trusted: bool) -> tuple[dict[int, Any], Any]:
    """The tape on numbers that torch tracks, and the trainable ones among them by position."""
    import torch

    leaves: dict[int, Any] = {}
    numbers: list[Any] = []
    for position, parameter in enumerate(circuit.parameters):
        if parameter.trainable and np.issubdtype(parameter.value.dtype, np.inexact):
            leaves[position] = torch.tensor(parameter.value, requires_grad=True)
            numbers.append(leaves[position])
        else:
            # beside torch's tensors PennyLane takes arrays of JAX for none of its own
            container = "numpy" if parameter.container == "jax" else parameter.container
            numbers.append(plain_number(replace(parameter, trainable=False, container=container)))
    return leaves, tape_of(circuit, numbers, trusted)


def _leaves_reaching(leaves: dict[int, Any], numbers: Sequence[Any]) -> tuple[int, ...]:
    """Positions of the leaves from which torch's graph leads to one of these numbers."""
    import torch

    shown = [number for number in numbers if isinstance(number, torch.Tensor) and number.requires_grad]
    if not shown:
        return ()
    total = torch.stack([torch.abs(number).sum() for number in shown]).sum()
    gradients = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    return tuple(position for position, gradient in zip(leaves, gradients) if gradient is not None)


def parameters_with_a_rule(circuit: Circuit, trusted: bool) -> tuple[int, ...]:
    """Positions of the trainable parameters of operations that bring a shift rule of their own (``grad_method = "A"``)."""
    found: list[int] = []
    position = 0
    for node in circuit.operations:
        inside = range(position, position + len(parameters_of(node)))
        position = inside.stop
        trainable = [i for i in inside if circuit.parameters[i].trainable]
        if trainable and getattr(_operator_from(node, "", trusted), "grad_method", None) == "A":
            found.extend(trainable)
    return tuple(found)


def lossy_matrices(circuit: Circuit, interface: str, trusted: bool) -> tuple[tuple[int, str], ...]:
    """Operations whose matrix from tracked numbers is not the one from plain numbers.

    Returns
    -------
    tuple
        Position, and ``integer`` (truncated), ``real`` (imaginary part dropped) or ``different``.
    """
    found = []
    for position, node in enumerate(circuit.operations):
        if not any(parameter.trainable for parameter in parameters_of(node)):
            continue
        tracked = _operator_from(node, interface, trusted)
        plain = _operator_from(node, "", trusted)
        if tracked is None or plain is None:
            continue
        loss = _loss(tracked, plain, MAX_DEPTH)
        if loss:
            found.append((position, loss))
    return tuple(found)


def _operator_from(node: Node, interface: str, trusted: bool) -> Optional[Any]:
    """The operator from numbers tracked by an interface, or from plain double-precision ones for ""."""
    container = {"torch": "torch", "autograd": "autograd", "jax": "jax"}.get(interface, "numpy") if interface else "numpy"

    def live(parameter: Parameter) -> Any:
        if not parameter.trainable:
            return plain_number(parameter)
        value = parameter.value
        if not interface:
            value = value.astype(np.result_type(value.dtype, np.float64))
        return plain_number(replace(parameter, value=value, container=container, trainable=bool(interface)))

    numbers: Iterator[Any] = iter([live(parameter) for parameter in parameters_of(node)])
    try:
        with flattening.stop_recording():
            return Decoding(numbers, trusted).operator(node)
    except (OpaqueCircuitError, ValueError, TypeError):
        return None


def _loss(tracked: Any, plain: Any, depth: int) -> str:
    matrices = _matrix(tracked), _matrix(plain)
    if matrices[0] is not None and matrices[1] is not None:
        return _difference(matrices[0], matrices[1])
    if depth == 0:
        return ""
    try:
        with flattening.stop_recording():
            parts = list(zip(flattening.decomposition(tracked), flattening.decomposition(plain)))
    except Exception:
        return ""
    return next((loss for pair in parts if (loss := _loss(*pair, depth - 1))), "")


def _matrix(operator: Any) -> Optional[np.ndarray]:
    try:
        with flattening.stop_recording():
            return np.asarray(qml.math.unwrap([qml.matrix(operator)])[0])
    except Exception:
        # no matrix, or none without a wire order: the decomposition is looked at instead
        return None


def _difference(tracked: np.ndarray, plain: np.ndarray) -> str:
    if tracked.shape != plain.shape:
        return "different"
    if np.allclose(tracked, plain, rtol=0.0, atol=SAME_MATRIX):
        return ""
    if np.issubdtype(tracked.dtype, np.integer) or np.allclose(tracked, np.trunc(plain.real), rtol=0.0, atol=SAME_MATRIX):
        return "integer"
    if np.allclose(tracked, plain.real, rtol=0.0, atol=SAME_MATRIX):
        return "real"
    return "different"

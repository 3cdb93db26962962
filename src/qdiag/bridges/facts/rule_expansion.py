"""A circuit as rules that take its numbers one by one see it: what has no rule of its own, as a template, is what it is made of.

PennyLane does the same before it shifts anything, so a few numbers of this circuit cost what a few shifted circuits cost, where a
template's array could only be tracked whole. What would be another question than that of the circuit itself is left as it is: an
operation that hides a tracked number from PennyLane's tape, that cannot be kept exactly, or that is of the script's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Optional

import numpy as np
import pennylane as qml

from qdiag.bridges.codec import flattening
from qdiag.bridges.codec.decoding import Decoding
from qdiag.bridges.codec.encoding import Encoding
from qdiag.bridges.codec.live_numbers import plain_number
from qdiag.bridges.live.shift_rules import MAX_DEPTH
from qdiag.model.circuit import Circuit, Node, Parameter, parameters_of, with_parameters


def rule_expansion(circuit: Circuit, trusted: bool) -> Optional[Circuit]:
    """The circuit whose operations with many tracked numbers and no rule are replaced by their parts that have one.

    Parameters
    ----------
    circuit
        The circuit.
    trusted
        Whether source code that the circuit carries may be executed.

    Returns
    -------
    Circuit or None
        Its tracked numbers are those that PennyLane works out from the circuit's own; None where nothing is replaced.
    """
    parts = {position: nodes for position, node in enumerate(circuit.operations) if (nodes := _parts(node, trusted))}
    if not parts:
        return None
    operations = tuple(part for position, node in enumerate(circuit.operations) for part in parts.get(position, (node,)))
    expanded = replace(circuit, operations=operations)
    (container,) = {circuit.parameters[position].container for position in circuit.trainable[:1]}
    return with_parameters(expanded, [_in_container(parameter, container) for parameter in expanded.parameters])


def _in_container(parameter: Parameter, container: str) -> Parameter:
    return replace(parameter, container=container) if parameter.trainable else parameter


def _parts(node: Node, trusted: bool) -> tuple[Node, ...]:
    """What stands for an operation; nothing where it stays as it is."""
    own = parameters_of(node)
    tracked = [parameter for parameter in own if parameter.trainable]
    listed = [part for part in node.data if isinstance(part, Parameter)]
    if sum(parameter.value.size for parameter in tracked) < 2 or len(listed) != len(own) or not all(map(_is_plain, tracked)):
        return ()
    try:
        with flattening.stop_recording():
            numbers = [_live(parameter) for parameter in own]
            operator = Decoding(iter(numbers), trusted).operator(node)
            shown = {id(number) for number in operator.data}
            if any(id(number) not in shown for number, parameter in zip(numbers, own) if parameter.trainable):
                return ()
            parts = list(_with_rules(operator, MAX_DEPTH))
    except Exception:
        # whatever an operation says against being taken apart, it is asked about whole
        return ()
    encoding = Encoding()
    nodes = tuple(inner for part in parts for inner in encoding.operation(part))
    inexact = bool(encoding.notes) or any(inner.opaque for inner in nodes)
    return () if inexact or len(nodes) < 2 else nodes


def _is_plain(parameter: Parameter) -> bool:
    return not parameter.foreign and np.issubdtype(parameter.value.dtype, np.inexact)


def _live(parameter: Parameter) -> Any:
    if parameter.trainable:
        return plain_number(replace(parameter, container="torch"))
    # beside torch's tensors PennyLane takes arrays of JAX for none of its own
    return plain_number(replace(parameter, container="numpy") if parameter.container == "jax" else parameter)


def _with_rules(operator: Any, depth: int) -> Iterator[Any]:
    tracked = any(bool(qml.math.requires_grad(number)) for number in operator.data)
    if not tracked or depth == 0 or getattr(operator, "grad_method", None) is not None:
        yield operator
        return
    for part in flattening.decomposition(operator):
        yield from _with_rules(part, depth - 1)

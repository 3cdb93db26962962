"""A circuit as rules that take its numbers one by one see it: what has no rule of its own, as a template, is what it is made of.

PennyLane does the same before it shifts anything, so a few numbers of this circuit cost what a few shifted circuits cost, where a
template's array could only be tracked whole. What would be another question than that of the circuit itself is left as it is: an
operation that works its parts' numbers out from its own, for the way back through that is what may be wrong; one that hides a tracked
number from PennyLane's tape, or leaves some out; one that cannot be kept exactly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Optional

import numpy as np
import pennylane as qml

from qdiag.bridges.codec import flattening
from qdiag.bridges.codec.decoding import Decoding
from qdiag.bridges.codec.encoding import Encoding
from qdiag.bridges.codec.live_numbers import plain_number
from qdiag.bridges.live.shift_rules import MAX_DEPTH
from qdiag.model.circuit import Circuit
from qdiag.model.node import Node, parameters_of
from qdiag.model.parameter import Parameter
from qdiag.model.variants import with_parameters

PICKING = frozenset(
    ["Alias", "Clone", "Expand", "Index", "Permute", "ReshapeAlias", "Select", "Slice", "Split", "Squeeze", "Stack", "T", "Transpose"]
    + ["Unbind", "UnsafeView", "Unsqueeze", "View"]
)
"""What torch does to an array to take numbers out of it, as it calls the steps back through that."""

_STEP = re.compile(r"(\w+?)Backward\d*")


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
        Its tracked numbers are those of the circuit, some more than once; None where nothing is replaced.
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
            leaves = [number for number, parameter in zip(numbers, own) if parameter.trainable]
            operator = Decoding(iter(numbers), trusted).operator(node)
            shown = {id(number) for number in operator.data}
            if any(id(leaf) not in shown for leaf in leaves):
                return ()
            parts = list(_with_rules(operator, MAX_DEPTH))
            given = [number for part in parts for number in part.data if qml.math.requires_grad(number)]
            if not all(map(_is_picked, given)) or not _is_all_there(leaves, given):
                return ()
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


def _is_picked(number: Any) -> bool:
    """Whether a number is one of those that were tracked, and nothing worked out from them."""
    steps = [getattr(number, "grad_fn", None)]
    while steps:
        step = steps.pop()
        name = type(step).__name__
        if step is None or name == "AccumulateGrad":
            continue
        kind = _STEP.fullmatch(name)
        if kind is None or kind[1] not in PICKING:
            return False
        steps += [following for following, _ in step.next_functions]
    return True


def _is_all_there(leaves: Sequence[Any], numbers: Sequence[Any]) -> bool:
    """Whether each entry of the tracked arrays is among the numbers that were picked: none is dropped, or tracked no further."""
    import torch

    # torch before 1.12 has a real part of complex numbers alone
    total = sum((number.real if number.is_complex() else number).sum() for number in numbers)
    counts = torch.autograd.grad(total, leaves, allow_unused=True)
    return all(count is not None and bool((count != 0).all()) for count in counts)


def _with_rules(operator: Any, depth: int) -> Iterator[Any]:
    tracked = any(bool(qml.math.requires_grad(number)) for number in operator.data)
    if not tracked or depth == 0 or getattr(operator, "grad_method", None) is not None:
        yield operator
        return
    for part in flattening.decomposition(operator):
        yield from _with_rules(part, depth - 1)

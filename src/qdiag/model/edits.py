"""Edits of circuits: what may be replaced where, as data, and how a set of edits is made at once.

An edit names a place in a circuit's tree and what takes its place. Edits know nothing of searching; a search decides which
of them to make. They promise nothing either: a circuit that cannot be built is for the evaluation to refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Optional

import numpy as np

from qdiag.model.circuit import Circuit
from qdiag.model.node import Label, Mapping, MeasuredOutcome, Node, Tagged, Value, Wires, parts_of, rebuild
from qdiag.model.operator_families import GATHERING
from qdiag.model.parameter import Parameter
from qdiag.model.variants import with_nodes

Place = tuple[int, ...]
"""Where a value stands: its top node's position in `Circuit.nodes`, then the position among `parts_of` at each level."""


@dataclass(frozen=True, eq=False)
class Edit:
    """Put some values where one stands; none deletes it."""

    place: Place
    values: tuple[Value, ...] = ()


def places(circuit: Circuit) -> Iterator[tuple[Place, Value]]:
    """Every value of a circuit's tree with its place: operations first, outside in."""
    for position, node in enumerate(circuit.nodes):
        yield from _below((position,), node)


def _below(place: Place, value: Value) -> Iterator[tuple[Place, Value]]:
    yield place, value
    for position, part in enumerate(parts_of(value)):
        yield from _below((*place, position), part)


def at(circuit: Circuit, place: Place) -> Value:
    """The value at a place."""
    value: Value = circuit.nodes[place[0]]
    for position in place[1:]:
        value = parts_of(value)[position]
    return value


def apply_edits(circuit: Circuit, edits: Iterable[Edit]) -> Circuit:
    """The circuit with all of these edits made at once.

    Of edits in conflict the outermost wins, and of those at the same place the first. Sums and products of which one
    operand is left become that operand.

    Raises
    ------
    ValueError
        If an edit deletes something that its parent cannot do without.
    """
    chosen: dict[Place, tuple[Value, ...]] = {}
    for edit in edits:
        chosen.setdefault(edit.place, edit.values)
    if not chosen:
        return circuit
    touched = {place[:length] for place in chosen for length in range(1, len(place) + 1)}
    groups = [_apply_at((position,), node, chosen, touched) for position, node in enumerate(circuit.nodes)]
    split = len(circuit.operations)
    return replace(circuit, operations=_nodes(groups[:split]), measurements=_nodes(groups[split:]))


def _nodes(groups: Sequence[tuple[Value, ...]]) -> tuple[Node, ...]:
    nodes = tuple(value for group in groups for value in group)
    if not all(isinstance(node, Node) for node in nodes):
        raise ValueError("only an operator can take the place of an operator")
    return nodes  # type: ignore[return-value]


def _apply_at(place: Place, value: Value, chosen: dict[Place, tuple[Value, ...]], touched: set[Place]) -> tuple[Value, ...]:
    if place in chosen:
        return chosen[place]
    if place not in touched:
        return (value,)
    groups = [_apply_at((*place, position), part, chosen, touched) for position, part in enumerate(parts_of(value))]
    return (_with_parts(value, groups),)


def _with_parts(value: Value, groups: list[tuple[Value, ...]]) -> Value:
    if isinstance(value, (tuple, list)):
        return type(value)(part for group in groups for part in group)
    if isinstance(value, Node):
        (metadata,) = groups[-1]
        return _settle(replace(value, data=tuple(part for group in groups[:-1] for part in group), metadata=metadata))
    if any(len(group) != 1 for group in groups):
        raise ValueError(f"a {type(value).__name__} cannot do without one of its parts")
    parts = [group[0] for group in groups]
    if isinstance(value, Mapping):
        return Mapping(tuple(zip(parts[::2], parts[1::2])))
    if isinstance(value, Tagged):
        return Tagged(value.kind, parts[0])
    raise ValueError(f"a {type(value).__name__} has no parts")


def _settle(node: Node) -> Value:
    """A node whose parts have changed: its wires are what they still name, and one operand of a sum or product is that operand."""
    if node.name in GATHERING and not node.data:
        raise ValueError(f"a {node.name} of nothing is no operator")
    if node.name in GATHERING and len(node.data) == 1 and isinstance(node.data[0], Node):
        return node.data[0]
    if any(isinstance(part, list) and not part for part in node.data):
        raise ValueError(f"a {node.name} without terms is no operator")
    named = set(_labels(node))
    return replace(node, wires=tuple(label for label in node.wires if label in named))


def _labels(node: Node) -> Iterator[Label]:
    pending: list[Value] = list(parts_of(node))
    while pending:
        value = pending.pop()
        if isinstance(value, Wires):
            yield from value.labels
        elif isinstance(value, Node):
            yield from value.wires
        else:
            pending.extend(parts_of(value))


# --- numbers -----------------------------------------------------------------------------------------------------------


def with_elements(circuit: Circuit, elements: Iterable[tuple[int, int]], number: complex) -> Circuit:
    """The same circuit with some numbers set to one value.

    Parameters
    ----------
    circuit
        The circuit.
    elements
        Positions in `Circuit.parameters`, each with a position in the flattened array.
    number
        The value.
    """
    wanted: dict[int, list[int]] = {}
    for position, element in elements:
        wanted.setdefault(position, []).append(element)

    def change(position: int, parameter: Parameter) -> Parameter:
        flat = np.array(parameter.value).reshape(-1)
        flat[wanted[position]] = number
        return replace(parameter, value=flat.reshape(parameter.value.shape))

    return _with_changed(circuit, wanted, change)


def with_rounded_elements(circuit: Circuit, elements: Iterable[tuple[int, int]], digits: int) -> Circuit:
    """The same circuit with some numbers rounded to a number of significant decimal digits."""
    wanted: dict[int, list[int]] = {}
    for position, element in elements:
        wanted.setdefault(position, []).append(element)

    def change(position: int, parameter: Parameter) -> Parameter:
        flat = np.array(parameter.value).reshape(-1)
        flat[wanted[position]] = [significant(number, digits) for number in flat[wanted[position]]]
        return replace(parameter, value=flat.reshape(parameter.value.shape))

    return _with_changed(circuit, wanted, change)


def significant(number: Any, digits: int) -> complex:
    """A number rounded to a number of significant decimal digits."""
    if isinstance(number, (complex, np.complexfloating)):
        return complex(significant(number.real, digits).real, significant(number.imag, digits).real)
    return float(f"{float(number):.{digits - 1}e}")


def _with_changed(circuit: Circuit, positions: Iterable[int], change: Callable[[int, Parameter], Parameter]) -> Circuit:
    wanted = frozenset(positions)
    counter = iter(range(len(circuit.parameters)))

    def visit(value: Value) -> Value:
        if not isinstance(value, Parameter):
            return value
        position = next(counter)
        return change(position, value) if position in wanted else value

    return with_nodes(circuit, visit)


# --- batches -----------------------------------------------------------------------------------------------------------


def without_rows(circuit: Circuit, batched: Sequence[int], rows: Iterable[int]) -> Circuit:
    """The same circuit less some rows of its batch; a last remaining row stays a batch of one.

    Parameters
    ----------
    circuit
        The circuit.
    batched
        Positions of the parameters whose first axis is the batch.
    rows
        Which rows go.
    """
    gone = sorted(rows)
    return _with_changed(circuit, batched, lambda _, p: replace(p, value=np.delete(p.value, gone, axis=0)))


def without_batch(circuit: Circuit, batched: Sequence[int]) -> Circuit:
    """The same circuit for the first row alone, without a batch axis."""
    return _with_changed(circuit, batched, lambda _, p: replace(p, value=p.value[0]) if len(p.value) else p)


# --- narrower operators ------------------------------------------------------------------------------------------------


def without_wire(node: Node, position: int) -> Optional[Node]:
    """An operator on one wire less, as far as its numbers and words show how.

    Every list of wires of the operator's length loses the wire at this position; so do words and flags with an entry a
    wire, arrays with an axis of that length, and states and matrices over those wires (which keep the block where the wire
    is zero, made unitary or normalised again where they were).

    Returns
    -------
    Node or None
        None where the operator nests others or has no list of wires to shorten.
    """
    lists = [value.labels for value in _flat(node.metadata) if isinstance(value, Wires) and len(value.labels) > 1]
    width = max(map(len, lists), default=0)
    if position >= width:
        return None

    def change(value: Value) -> Value:
        if isinstance(value, Wires) and len(value.labels) == width:
            return Wires(_less(value.labels, position))
        if isinstance(value, tuple) and len(value) == width and all(isinstance(entry, (bool, int)) for entry in value):
            return _less(value, position)
        if isinstance(value, str) and len(value) == width and set(value) <= set("IXYZ01"):
            return value[:position] + value[position + 1 :]
        if isinstance(value, Parameter):
            return replace(value, value=_narrower(value.value, width, position))
        if isinstance(value, Tagged) and value.kind.startswith("sparse"):
            return _sparser(value, width, position)
        return value

    nested = [part for part in _flat(node.data) if isinstance(part, Node)]
    data = node.data if nested else tuple(_change_value(part, change) for part in node.data)
    shorter = replace(node, data=data, metadata=rebuild(node.metadata, change))
    named = set(_labels(shorter))
    return replace(shorter, wires=tuple(label for label in node.wires if label in named))


def _change_value(value: Value, change: Callable[[Value], Value]) -> Value:
    """As `rebuild`, but a sparse matrix changes as a whole."""
    return change(value) if isinstance(value, Tagged) else rebuild(value, change)


def _flat(value: Value) -> Iterator[Value]:
    yield value
    if not isinstance(value, (Node, MeasuredOutcome)):
        for part in parts_of(value):
            yield from _flat(part)


def _less(entries: tuple[Any, ...], position: int) -> tuple[Any, ...]:
    return entries[:position] + entries[position + 1 :]


def _narrower(array: np.ndarray, width: int, position: int) -> np.ndarray:
    size = 1 << width
    if array.ndim and array.shape[-1] == size and (array.ndim == 1 or array.shape[-2:] == (size, size)):
        bit = width - 1 - position
        kept = [index for index in range(size) if not index >> bit & 1]
        return _block(array, kept)
    axes = [axis for axis, length in enumerate(array.shape) if length == width]
    return np.delete(array, position, axis=axes[-1]) if axes else array


def _sparser(matrix: Tagged, width: int, position: int) -> Value:
    """A sparse matrix (compressed rows inside, whatever its form outside) as its block where a wire is zero."""
    content: Any = matrix.content
    shape, (numbers, columns, ends), *rest = content
    if shape != (1 << width, 1 << width):
        return matrix
    dense = np.zeros(shape, numbers.value.dtype)
    rows = np.repeat(np.arange(len(ends.value) - 1), np.diff(ends.value))
    dense[rows, columns.value] = numbers.value
    block = _narrower(dense, width, position)
    held = np.nonzero(block)
    counts = np.concatenate([[0], np.cumsum(np.count_nonzero(block, axis=1))])
    parts = tuple(
        replace(part, value=np.asarray(value, part.value.dtype))
        for part, value in zip((numbers, columns, ends), (block[held], held[1], counts))
    )
    return Tagged(matrix.kind, (block.shape, parts, *rest))


def _block(array: np.ndarray, kept: list[int]) -> np.ndarray:
    if array.ndim == 1:
        block, norm = array[kept], np.linalg.norm(array[kept])
        normalised = bool(np.isclose(np.linalg.norm(array), 1)) and norm > 0
        return np.asarray(block / norm if normalised else block, dtype=array.dtype)
    block = array[..., kept, :][..., :, kept]
    if array.ndim == 2 and np.allclose(array.conj().T @ array, np.eye(len(array))):
        left, _, right = np.linalg.svd(block)
        return np.asarray(left @ right, dtype=array.dtype)
    return np.asarray(block)

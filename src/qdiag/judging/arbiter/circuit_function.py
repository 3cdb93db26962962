"""A circuit as a function of plain numbers: from the values of its parameters to its outputs, by our own simulation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qdiag.model.circuit import Circuit, Label, Node, parameters_of
from qdiag.model.numerics.measurements import defect, read
from qdiag.model.numerics.states import Final, NotSimulated, Reading, Step, evolved

MOST_WIRES = 12
"""Circuits on more wires are not simulated."""

MOST_MIXED_WIRES = 6
"""Circuits with noise on more wires are not simulated."""

MOST_MEASURED = 8
"""Circuits with more mid-circuit measurements are not simulated."""


def too_large(circuit: Circuit) -> None:
    """Refuse what our simulation has no room for.

    Raises
    ------
    NotSimulated
        With the limit that is passed.
    """
    if circuit.opaque:
        raise NotSimulated(f"{circuit.opaque[0]} is recorded by name only")
    measured = sum("MidMeasure" in node.name for node in circuit.operations)
    mixed = any("Channel" in node.name or "Damping" in node.name for node in circuit.operations)
    limit = MOST_MIXED_WIRES if mixed else MOST_WIRES
    if len(circuit.wires) > limit:
        raise NotSimulated(f"{len(circuit.wires)} wires are more than the {limit} that are simulated")
    if measured > MOST_MEASURED:
        raise NotSimulated(f"{measured} mid-circuit measurements are more than the {MOST_MEASURED} that are simulated")


def coordinates(values: Sequence[np.ndarray]) -> np.ndarray:
    """Arrays as one row of real numbers: of complex arrays all real parts, then all imaginary parts."""
    parts: list[np.ndarray] = [np.zeros(0)]
    for value in values:
        flat = np.asarray(value).reshape(-1)
        parts += [flat.real, flat.imag] if np.iscomplexobj(flat) else [flat]
    return np.concatenate(parts).astype(np.float64)


def from_coordinates(row: np.ndarray, like: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The inverse of `coordinates`, for arrays of these shapes and kinds."""
    arrays, start = [], 0
    for value in like:
        size = value.size
        part = row[start : start + size]
        start += size
        if np.iscomplexobj(value):
            part = part + 1j * row[start : start + size]
            start += size
        arrays.append(part.reshape(value.shape))
    return arrays


class Simulation:
    """A circuit as a function of the plain values of its parameters.

    Parameters
    ----------
    circuit
        The circuit.
    device_wires
        The wires of the device, in order; empty to let the circuit decide.
    trusted
        Whether source code that the circuit carries may be executed.
    """

    def __init__(self, circuit: Circuit, device_wires: Sequence[Any] = (), trusted: bool = False) -> None:
        from qdiag.bridges.matrices import node_steps

        self.plain = node_steps
        self.circuit, self.trusted = circuit, trusted
        self.wires = wire_order(circuit, device_wires)
        self.values = [node_steps.widened(parameter) for parameter in circuit.parameters]
        self.spans = _spans(circuit.nodes)
        self.fresh = _fresh(circuit.operations)
        self.parts = [self._part(index, self.values) for index in range(len(circuit.nodes))]
        self.evaluations = 0

    def _part(self, index: int, values: Sequence[np.ndarray]) -> Any:
        start, stop = self.spans[index]
        node = self.circuit.nodes[index]
        if index < len(self.circuit.operations):
            return self.plain.operation(node, values[start:stop], fresh=self.fresh[index], trusted=self.trusted)
        return self.plain.measurement(node, values[start:stop], trusted=self.trusted)

    def parts_at(self, values: Sequence[np.ndarray]) -> list[Any]:
        """Rows of steps for each operation, and a reading for each measurement; those whose numbers did not change are kept."""
        changed = [value is not base and not np.array_equal(value, base) for value, base in zip(values, self.values)]
        return [
            self._part(index, values) if any(changed[start:stop]) else part
            for index, ((start, stop), part) in enumerate(zip(self.spans, self.parts))
        ]

    def outputs(self, values: Sequence[np.ndarray]) -> list[np.ndarray]:
        """What each measurement gives."""
        self.evaluations += 1
        parts = self.parts_at(values)
        count = len(self.circuit.operations)
        batch = max((len(rows) for rows in parts[:count]), default=1)
        finals = [self._final(parts[:count], row) for row in range(batch)]
        results = [[read(final, reading) for final in finals] for reading in parts[count:]]
        return [rows[0] if batch == 1 and not self.batched else np.stack(rows) for rows in results]

    def _final(self, rows: Sequence[tuple[tuple[Step, ...], ...]], row: int) -> Final:
        steps = [step for choices in rows for step in choices[row if len(choices) > 1 else 0]]
        return evolved(steps, self.wires)

    @property
    def batched(self) -> bool:
        """Whether a batch of one row is a batch all the same."""
        return any(len(rows) > 1 for rows in self.parts[: len(self.circuit.operations)])

    @property
    def readings(self) -> list[Reading]:
        """The measurements at the recorded numbers."""
        return list(self.parts[len(self.circuit.operations) :])

    def defect_at(self, values: Sequence[np.ndarray]) -> float:
        """How far from what physics allows the steps are at these numbers."""
        changed = [part for part, base in zip(self.parts_at(values), self.parts) if part is not base]
        return max((defect(step) for part in changed for step in flat(part)), default=0.0)


def flat(part: Any) -> list[Any]:
    """The steps of all rows of an operation, or a measurement's reading."""
    return [part] if isinstance(part, Reading) else [step for row in part for step in row]


def wire_order(circuit: Circuit, device_wires: Sequence[Any] = ()) -> tuple[Label, ...]:
    """The wires in the order in which a device without wires of its own puts them: 0, 1, 2, … where these are the labels."""
    if device_wires:
        return tuple(device_wires)
    touched = tuple(dict.fromkeys(label for node in circuit.operations for label in node.wires))
    read_only = tuple(label for label in circuit.wires if label not in touched)
    both = touched + read_only
    integers = all(isinstance(label, int) for label in both)
    if integers and set(touched) == set(range(len(touched))) and set(both) == set(range(len(both))):
        return tuple(range(len(both)))
    return both


def _spans(nodes: Sequence[Node]) -> list[tuple[int, int]]:
    """Where the parameters of each node stand among those of the circuit."""
    spans, start = [], 0
    for node in nodes:
        stop = start + len(parameters_of(node))
        spans.append((start, stop))
        start = stop
    return spans


def _fresh(operations: Sequence[Node]) -> list[bool]:
    """For each operation, whether no earlier one touched its wires."""
    touched: set[Label] = set()
    fresh = []
    for node in operations:
        fresh.append(not touched & set(node.wires))
        touched |= set(node.wires)
    return fresh

"""A circuit as a function of plain numbers: from the values of its parameters to its outputs, by our own simulation.

`Space` is the same function in real coordinates of the trainable numbers, moved only where the circuit stays physical.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Optional

import numpy as np

from qdiag.model.circuit import Circuit
from qdiag.model.node import Label, MeasuredOutcome, Node, nodes_of, parameters_of, walk
from qdiag.model.numerics import gates
from qdiag.model.numerics.measurements import defect, read
from qdiag.model.numerics.states import Final, NotSimulated, Reading, Step, evolve, mixes
from qdiag.model.numerics.surfaces import held_positions, tangential
from qdiag.model.operator_families import MID_MEASUREMENTS, MIXING

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
    inside = [node for top in circuit.operations for node in nodes_of(top)]
    too_wide(circuit, mixed=any(node.name in MIXING for node in inside))
    measured = sum(node.name in MID_MEASUREMENTS for node in inside)
    if measured > MOST_MEASURED:
        raise NotSimulated(f"{measured} mid-circuit measurements are more than the {MOST_MEASURED} that are simulated")
    if any(position >= measured for node in circuit.nodes for outcome in _outcomes(node) for position in outcome.measurements):
        # a part of a circuit may have lost the measurement that another part asks for
        raise NotSimulated("it asks for the outcome of a measurement that it does not hold")


def has_room(circuit: Circuit) -> bool:
    """Whether our simulation has room for a circuit, as far as that shows without taking it apart."""
    try:
        too_large(circuit)
    except NotSimulated:
        return False
    return True


def _outcomes(node: Node) -> Iterator[MeasuredOutcome]:
    """The outcomes of mid-circuit measurements that a node depends on."""
    return (value for value in walk(node) if isinstance(value, MeasuredOutcome))


def too_wide(circuit: Circuit, *, mixed: bool) -> None:
    """Refuse more wires than a state vector, or where the state is mixed a density matrix, has room for.

    Raises
    ------
    NotSimulated
        With the limit that is passed.
    """
    limit = MOST_MIXED_WIRES if mixed else MOST_WIRES
    if len(circuit.wires) > limit:
        raise NotSimulated(f"{len(circuit.wires)} wires are more than the {limit} that are simulated")


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

    Raises
    ------
    NotSimulated
        If an operation cannot be written as matrices, or one that is noise by no name that we know needs more room than there is.
    """

    def __init__(self, circuit: Circuit, device_wires: Sequence[Any] = (), trusted: bool = False) -> None:
        from qdiag.bridges.matrices import node_steps

        self.plain = node_steps
        self.circuit, self.trusted = circuit, trusted
        self.wires = wire_order(circuit, device_wires)
        self.values = [node_steps.double_precision_value(parameter) for parameter in circuit.parameters]
        self.spans = _spans(circuit.nodes)
        self.fresh = _fresh(circuit.operations)
        self.parts = [self._recorded_part(index) for index in range(len(circuit.nodes))]
        self.mixed = any(mixes(step) for part in self.parts for step in flat(part))
        too_wide(circuit, mixed=self.mixed)
        self.evaluations = 0

    def _recorded_part(self, index: int) -> Any:
        if index >= len(self.circuit.operations):
            return self.part(index, self.values)
        return self.plain.recorded_operation(self.circuit.nodes[index], fresh=self.fresh[index], trusted=self.trusted)

    def part(self, index: int, values: Sequence[np.ndarray]) -> Any:
        """The rows of steps of one operation, or the reading of one measurement, at these values of all parameters."""
        start, stop = self.spans[index]
        node = self.circuit.nodes[index]
        if index < len(self.circuit.operations):
            return self.plain.operation(node, values[start:stop], fresh=self.fresh[index], trusted=self.trusted)
        return self.plain.measurement(node, values[start:stop], trusted=self.trusted)

    def parts_at(self, values: Sequence[np.ndarray]) -> list[Any]:
        """Rows of steps for each operation, and a reading for each measurement; those whose numbers did not change are kept."""
        changed = [value is not base and not np.array_equal(value, base) for value, base in zip(values, self.values)]
        return [
            self.part(index, values) if any(changed[start:stop]) else part
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
        return evolve(steps, self.wires)

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


TURNS = frozenset(gates.PARAMETRIC) | {"GlobalPhase", "MultiRZ", "PCPhase", "PauliRot"}
"""Gates that are unitary at any real angles."""

_AROUND_GATES = ("Adjoint", "Controlled", "ControlledOp")


def angle_positions(circuit: Circuit) -> frozenset[int]:
    """The parameters that are real angles of gates of ours: whatever they are moved to is physical."""
    found: set[int] = set()
    for node, (start, stop) in zip(circuit.nodes, _spans(circuit.nodes)):
        if _is_turn(node):
            found.update(k for k in range(start, stop) if circuit.parameters[k].value.dtype.kind == "f")
    return frozenset(found)


def _is_turn(node: Node) -> bool:
    if node.definition or node.opaque:
        return False
    if node.name in TURNS:
        return all(not isinstance(part, Node) for part in node.data)
    inner = [part for part in node.data if isinstance(part, Node)]
    return node.name in _AROUND_GATES and len(inner) == len(node.data) == 1 and _is_turn(inner[0])


# --- the same function in real coordinates ------------------------------------------------------------------------------------

_OFF = 1e-5
"""How far a circuit is moved off its point to see whether it stays physical, …"""

_OFF_LIMIT = 1e-7
"""… and how far from physical it may be there: more than what is of second order in the step."""

_SINGLY = 64
"""Coordinates of so large a parameter are asked about one by one where not all of them may be moved."""


class Space:
    """The trainable numbers of a circuit as real coordinates, and the outputs as a function of them."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation, self.circuit = simulation, simulation.circuit
        self.positions = [i for i in self.circuit.trainable if simulation.values[i].dtype.kind in "fc"]
        self.base = [simulation.values[i] for i in self.positions]
        self.centre = coordinates(self.base)
        held = held_positions(self.circuit)
        self.curved = bool(held)
        sizes = [value.size * (2 if np.iscomplexobj(value) else 1) for value in self.base]
        self._on_surfaces = np.repeat(np.array([position in held for position in self.positions], dtype=bool), sizes)
        self._own_axes: Optional[list[np.ndarray]] = None

    def values_at(self, row: np.ndarray) -> list[np.ndarray]:
        """The values of all parameters of the circuit."""
        values = list(self.simulation.values)
        for position, value in zip(self.positions, from_coordinates(row, self.base)):
            values[position] = value
        return values

    def outputs_at(self, row: np.ndarray) -> np.ndarray:
        """All elements of all outputs, real and imaginary parts in turn."""
        try:
            outputs = self.simulation.outputs(self.values_at(row))
        except NotSimulated as error:
            raise ValueError(str(error)) from error
        return np.concatenate([np.asarray(output, dtype=np.complex128).reshape(-1).view(np.float64) for output in outputs])

    def along(self, direction: np.ndarray) -> np.ndarray:
        """The part of a direction along the surfaces on which the parameters live."""
        if not self.curved:
            return direction
        return coordinates(tangential(self.circuit, from_coordinates(direction, self.base)))

    def axes(self, allowed: np.ndarray) -> list[np.ndarray]:
        """All allowed axes, each along its surface."""
        if self._own_axes is None:
            units = np.eye(len(self.centre))
            self._own_axes = [self.along(axis) if curved else axis for axis, curved in zip(units, self._on_surfaces)]
        return [axis for axis, usable in zip(self._own_axes, allowed) if usable]

    def still_coordinates(self) -> np.ndarray:
        """For each coordinate, whether the surface on which its parameter lives leaves it no way to go."""
        return np.array([not axis.any() for axis in self.axes(np.ones(len(self.centre), dtype=bool))], dtype=bool)

    def physical(self, direction: np.ndarray) -> bool:
        """Whether the circuit stays physical when it is moved along a direction to either side, or to the one where it exists."""
        ends = []
        for step in (_OFF, -_OFF):
            try:
                ends.append(self.simulation.defect_at(self.values_at(self.centre + step * direction)) <= _OFF_LIMIT)
            except (NotSimulated, ArithmeticError, ValueError):
                continue
        return bool(ends) and all(ends) and bool(direction.any())

    def movable_coordinates(self) -> np.ndarray:
        """For each coordinate, whether the circuit stays physical when it is moved; those of one parameter are asked about at once."""
        everything = np.ones(len(self.centre), dtype=bool)
        axes = self.axes(everything)
        allowed = ~everything
        start = 0
        angles = angle_positions(self.circuit)
        blocks = [(i, v.size) for i, v in zip(self.positions, self.base) for _ in range(2 if np.iscomplexobj(v) else 1)]
        for position, size in blocks:
            block = range(start, start + size)
            start += size
            if position in angles:
                allowed[block] = True
                continue
            together = np.sum([axes[k] * (1 + k % 7) / 7 for k in block], axis=0)
            if size and self.physical(together):
                allowed[block] = [bool(axes[k].any()) for k in block]
            elif size <= _SINGLY:
                allowed[block] = [self.physical(axes[k]) for k in block]
        return allowed

"""The arbiter's own evaluation of a circuit: outputs from our own simulation in complex128, slopes by numerical differentiation.

It shares no gradient rule with any method, and only the taking apart of templates with PennyLane. Slopes are taken along directions
in the space of all trainable numbers: one seeded random direction, or every axis. Runs where PennyLane is loaded.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Optional

import numpy as np

from qdiag.circuit import Circuit, Node, Outcome, walk
from qdiag.derivative import Derivative, derivative
from qdiag.manifold import tangential
from qdiag.simulation import Simulation, coordinates, flat, from_coordinates, too_large
from qdiag.states import NotSimulated, Reading, defect, dense

MOST_COORDINATES = 2048
"""Circuits with more trainable numbers are not differentiated."""

EPS = float(np.finfo(np.float64).eps)

_OFF = 1e-5
_OFF_LIMIT = 1e-7
_MARGIN = 8.0


@dataclass(frozen=True, eq=False)
class Reference:
    """What the arbiter found.

    Parameters
    ----------
    outputs
        One array for each measurement; None where the circuit could not be simulated, and `reason` says why.
    errors
        For each output, the absolute error of its worst element.
    norms
        For each output, the largest value that it can have.
    ranges
        For each output, the least and the largest value that physics allows; None where nothing is known.
    directions
        Rows of real coordinates (see `coordinates`) along which slopes were taken.
    slopes
        For each element of all outputs (rows, in order) and each direction (columns), the derivative; NaN where there is none.
    slope_errors
        Absolute, of the same shape.
    reason
        Why there are no outputs.
    gradient_reason
        Why some slopes or all are missing, or "".
    doubts
        Operations whose own matrix and decomposition contradict one another on plain numbers.
    axes
        The coordinate that each direction stands for where these are all that can be judged, each along the surface on which its
        parameter lives; empty for one random direction.
    seconds, evaluations
        The cost.
    """

    outputs: Optional[tuple[np.ndarray, ...]] = None
    errors: tuple[float, ...] = ()
    norms: tuple[float, ...] = ()
    ranges: tuple[Optional[tuple[float, float]], ...] = ()
    directions: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    slopes: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    slope_errors: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    reason: str = ""
    gradient_reason: str = ""
    doubts: tuple[str, ...] = ()
    axes: tuple[int, ...] = ()
    seconds: float = 0.0
    evaluations: int = 0

    @property
    def full(self) -> bool:
        """Whether there is a direction for every coordinate that can be judged."""
        return bool(self.axes)


def reference(
    circuit: Circuit,
    device_wires: Sequence[Any] = (),
    depth: str = "direction",
    trusted: bool = False,
    seed: int = 0,
    seconds: float = 20.0,
) -> Reference:
    """Evaluate a circuit by our own routes.

    Parameters
    ----------
    circuit
        The circuit.
    device_wires
        The wires of the user's device; empty to let the circuit decide.
    depth
        ``outputs`` alone, one random ``direction``, or the ``full`` set of axes where the time allows (else one direction).
    trusted
        Whether source code that the circuit carries may be executed.
    seed
        Of the random direction.
    seconds
        Time for the derivatives.

    Returns
    -------
    Reference
        Never an exception for a circuit that cannot be judged: then it says why.
    """
    started = time.perf_counter()
    try:
        too_large(circuit)
        simulation = Simulation(circuit, device_wires, trusted)
    except NotSimulated as error:
        return Reference(reason=str(error))
    ranges = tuple(_range(reading) for reading in simulation.readings)
    norms = tuple(1.0 if limits is None else max(map(abs, limits)) for limits in ranges)
    found = Reference(norms=norms, ranges=ranges, doubts=_doubts(circuit, trusted))
    try:
        outputs = tuple(simulation.outputs(simulation.values))
    except NotSimulated as error:
        return replace(found, reason=str(error))
    off = max((defect(step) for part in simulation.parts for step in flat(part)), default=0.0)
    if off > 1e-6:
        found = replace(found, doubts=(*found.doubts, f"an operation or observable is {off:.1e} away from what physics allows"))
    errors = tuple(_noise(simulation, norm) for norm in norms)
    found = replace(found, outputs=outputs, errors=errors, evaluations=simulation.evaluations)
    if depth != "outputs":
        found = _with_slopes(found, simulation, depth, seed, seconds)
    return replace(found, seconds=time.perf_counter() - started, evaluations=simulation.evaluations)


def _noise(simulation: Simulation, norm: float) -> float:
    """Rounding of one output of our own simulation."""
    steps = sum(len(rows[0]) for rows in simulation.parts[: len(simulation.circuit.operations)])
    return _MARGIN * EPS * float(np.sqrt(steps + 1)) * norm


def _range(reading: Reading) -> Optional[tuple[float, float]]:
    """What a measurement can give."""
    if reading.outcomes:
        table = [float(entry) for outcome in reading.outcomes for entry in outcome.table]
        return {"expval": (min(table), max(table)), "var": (0.0, max(table) ** 2 + min(table) ** 2), "probs": (0.0, 1.0)}[reading.kind]
    if reading.kind in ("expval", "var"):
        try:
            matrix = dense(reading.terms, tuple(dict.fromkeys(reading.wires)), limit=8)
        except (NotSimulated, ValueError):
            size = sum(abs(coefficient) for coefficient, _ in reading.terms)
            return (-size, size) if reading.kind == "expval" else (0.0, size**2)
        if not np.allclose(matrix, matrix.conj().T):
            return None
        values = np.linalg.eigvalsh(matrix)
        low, high = float(values[0]), float(values[-1])
        return (low, high) if reading.kind == "expval" else (0.0, (high - low) ** 2 / 4)
    if reading.kind in ("probs", "purity"):
        return (0.0, 1.0)
    return None


def _doubts(circuit: Circuit, trusted: bool) -> tuple[str, ...]:
    from qdiag.bridges import plain

    found = [plain.disagreement(node, trusted=trusted) for node in circuit.operations if not _conditional(node)]
    return tuple(dict.fromkeys(doubt for doubt in found if doubt))


def _conditional(node: Node) -> bool:
    return any(isinstance(part, Outcome) for part in walk(node))


# --- slopes ----------------------------------------------------------------------------------------------------------------


def _with_slopes(found: Reference, simulation: Simulation, depth: str, seed: int, seconds: float) -> Reference:
    circuit = simulation.circuit
    positions = [i for i in circuit.trainable if simulation.values[i].dtype.kind in "fc"]
    base = [simulation.values[i] for i in positions]
    centre = coordinates(base)
    if len(positions) != len(circuit.trainable):
        return replace(found, gradient_reason="a trainable parameter is a whole number")
    if not 0 < len(centre) <= MOST_COORDINATES:
        return replace(found, gradient_reason=f"{len(centre)} trainable numbers" if len(centre) else "nothing is trainable")

    def values_at(row: np.ndarray) -> list[np.ndarray]:
        values = list(simulation.values)
        for position, value in zip(positions, from_coordinates(row, base)):
            values[position] = value
        return values

    def function(row: np.ndarray) -> np.ndarray:
        try:
            return np.concatenate([_doubled(output) for output in simulation.outputs(values_at(row))])
        except NotSimulated as error:
            raise ValueError(str(error)) from error

    def along(direction: np.ndarray) -> np.ndarray:
        return coordinates(tangential(circuit, from_coordinates(direction, base)))

    axes = [along(axis) for axis in np.eye(len(centre))]
    allowed = [_physical(simulation, values_at, centre, axis) for axis in axes]
    lost = allowed.count(False)
    reasons = [f"{lost} of {len(centre)} trainable numbers leave what physics allows when moved"] if lost else []
    if not any(allowed):
        return replace(found, gradient_reason=reasons[0])
    noise = max(found.errors)
    rows = [along(_random_direction(np.array(allowed), seed))]
    slopes = [derivative(function, centre, rows[0], noise=noise)]
    cost = simulation_time(function, centre)
    full = depth == "full" and cost * 40 * sum(allowed) <= seconds
    if full:
        rows = [axis for axis, usable in zip(axes, allowed) if usable]
        slopes = [derivative(function, centre, row, noise=noise) for row in rows]
    if not all(slope.smooth for slope in slopes):
        reasons.append("the slopes to the left and to the right of this point differ")
    size = len(function(centre)) // 2
    return replace(
        found,
        directions=np.array(rows),
        slopes=_real_where_possible(np.stack([_complex(slope, size) for slope in slopes], axis=1), found),
        slope_errors=np.stack([slope.error[0::2] + slope.error[1::2] for slope in slopes], axis=1),
        gradient_reason="; ".join(reasons),
        axes=tuple(np.flatnonzero(allowed)) if full else (),
    )


def _real_where_possible(slopes: np.ndarray, found: Reference) -> np.ndarray:
    return slopes if any(np.iscomplexobj(output) for output in found.outputs or ()) else slopes.real


def simulation_time(function: Any, centre: np.ndarray) -> float:
    """Seconds of one evaluation."""
    started = time.perf_counter()
    function(centre + 1e-3)
    return time.perf_counter() - started


def _doubled(output: np.ndarray) -> np.ndarray:
    """Real and imaginary parts in turn."""
    flat = np.asarray(output, dtype=np.complex128).reshape(-1)
    return flat.view(np.float64)


def _complex(slope: Derivative, size: int) -> np.ndarray:
    if not slope.smooth:
        return np.full(size, np.nan, dtype=np.complex128)
    return slope.value[0::2] + 1j * slope.value[1::2]


def _physical(simulation: Simulation, values_at: Any, centre: np.ndarray, direction: np.ndarray) -> bool:
    """Whether the circuit stays physical when it is moved along a direction to either side, or to the one side where it exists."""
    ends = []
    for step in (_OFF, -_OFF):
        try:
            ends.append(simulation.defect_at(values_at(centre + step * direction)) <= _OFF_LIMIT)
        except (NotSimulated, ArithmeticError, ValueError):
            continue
    return bool(ends) and all(ends) and bool(direction.any())


def _random_direction(allowed: np.ndarray, seed: int) -> np.ndarray:
    """A seeded direction of about unit size, with no entry near zero where a coordinate may be moved."""
    generator = np.random.default_rng(seed)
    entries = generator.uniform(0.5, 1.0, len(allowed)) * generator.choice([-1.0, 1.0], len(allowed))
    return np.asarray(np.where(allowed, entries, 0.0) / max(1.0, 0.5 * np.sqrt(allowed.sum())))


"""The arbiter's own evaluation of a circuit: outputs from our own simulation in complex128, slopes from tangents that evolve with it.

It shares no gradient rule with any method, and only the taking apart of templates with PennyLane. Slopes are taken along directions
in the space of all trainable numbers: one seeded random direction, or every axis. Runs where PennyLane is loaded.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Optional

import numpy as np

from qdiag.evaluation.answers import is_own_failure
from qdiag.judging.arbiter.circuit_function import Simulation, Space, flat, too_large
from qdiag.judging.arbiter.directions import Allowance, random_directions, slopes_along, with_axes
from qdiag.model.circuit import Circuit
from qdiag.model.node import MeasuredOutcome, Node, walk
from qdiag.model.numerics.measurements import defect, dense
from qdiag.model.numerics.observable_norms import norms_of
from qdiag.model.numerics.states import NotSimulated, Preparation, Reading

MOST_COORDINATES = 2048
"""Circuits with more trainable numbers are not differentiated."""

UNPHYSICAL = 1e-6
"""An operation or observable that is further from what physics allows is said to be so. A matrix or amplitudes that were rounded to
single precision are off by some 1e-7."""

EPS = float(np.finfo(np.float64).eps)

_MARGIN = 8.0


SHORT = 1.0
"""An evaluation of less seconds is timed twice before it is said that all directions take too long."""


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
        Operations for which the reference rests on PennyLane's own word, and which contradict themselves on plain numbers.
    evidence
        Operations known to us whose matrix or decomposition in PennyLane is wrong already on plain numbers.
    axes
        The coordinate that each direction stands for where these are all that can be judged, each along the surface on which its
        parameter lives; empty for one random direction.
    still
        Coordinates that cannot be moved on that surface, such as the imaginary part of a Hermitian matrix's diagonal: no slope is
        missing.
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
    evidence: tuple[str, ...] = ()
    axes: tuple[int, ...] = ()
    still: tuple[int, ...] = ()
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
    eps: float = EPS,
    towards: Sequence[int] = (),
) -> Reference:
    """Evaluate a circuit by our own routes.

    Parameters
    ----------
    circuit
        The circuit.
    device_wires
        The wires of the user's device; empty to let the circuit decide.
    depth
        ``outputs`` alone, one random ``direction``, or the ``full`` set of axes (where there is no time for it, ``towards`` and one).
    trusted
        Whether source code that the circuit carries may be executed.
    seed
        Of the random direction.
    seconds
        Time for the derivatives.
    eps
        That of the coarsest method that is judged: what rounds more is looked at along more directions.
    towards
        Coordinates whose axes are wanted most, in this order, where the time does not allow all.

    Returns
    -------
    Reference
        Never an exception for a circuit that cannot be judged: then it says why. A mistake of our own is one.
    """
    started = time.process_time()
    try:
        found = _worked_out(circuit, device_wires, depth, trusted, seed, seconds, eps, towards)
    except NotSimulated as error:
        found = Reference(reason=str(error))
    except Exception as error:
        # Whatever a foreign operation does to our simulation, the methods' own results stay.
        if is_own_failure(error):
            raise
        found = Reference(reason=f"our own simulation fails on this circuit ({type(error).__name__}: {error})")
    return replace(found, seconds=time.process_time() - started)


def _worked_out(
    circuit: Circuit,
    device_wires: Sequence[Any],
    depth: str,
    trusted: bool,
    seed: int,
    seconds: float,
    eps: float,
    towards: Sequence[int],
) -> Reference:
    too_large(circuit)
    started = time.process_time()
    simulation = Simulation(circuit, device_wires, trusted)
    made = time.process_time() - started
    ranges = tuple(_range(reading) for reading in simulation.readings)
    bounds = norms_of(circuit, len(ranges))
    norms = tuple(_size(reading, limits, bound) for reading, limits, bound in zip(simulation.readings, ranges, bounds))
    found = _with_doubts(Reference(norms=norms, ranges=ranges), circuit, trusted)
    started = time.process_time()
    try:
        outputs = tuple(simulation.outputs(simulation.values))
    except NotSimulated as error:
        return replace(found, reason=str(error))
    once = made + time.process_time() - started
    if depth == "full" and once < SHORT:
        # what is done for the first time in a process takes longer than it will
        started = time.process_time()
        again = Simulation(circuit, device_wires, trusted)
        again.outputs(again.values)
        once = min(once, time.process_time() - started)
    off = max((defect(step) for part in simulation.parts for step in flat(part)), default=0.0)
    if off > UNPHYSICAL:
        found = replace(found, evidence=(*found.evidence, f"an operation or observable is {off:.1e} away from what physics allows"))
    errors = tuple(_noise(simulation, norm) for norm in norms)
    found = replace(found, outputs=outputs, errors=errors, evaluations=simulation.evaluations)
    if depth != "outputs":
        found = _with_slopes(found, simulation, depth, seed, Allowance(seconds, once), eps, towards)
    found = replace(_with_slack(found, simulation), evaluations=simulation.evaluations)
    return _stack_outputs(found, [reading.kind for reading in simulation.readings])


def _stack_outputs(found: Reference, kinds: Sequence[str]) -> Reference:
    """The outputs in one array where this PennyLane gives them so: their elements are in the same order either way."""
    from qdiag.bridges.stack import stacks_results

    outputs = found.outputs or ()
    dimensions = {"expval": 0, "var": 0, "probs": 1}
    # with an axis for a batch the order may be another one: such results are left apart, and not judged
    plain = all(output.ndim == dimensions.get(kind) for output, kind in zip(outputs, kinds))
    if len(outputs) < 2 or not plain or not stacks_results():
        return found
    joined = np.stack(outputs) if len({output.shape for output in outputs}) == 1 else np.hstack(outputs)
    limits = [limit for limit in found.ranges if limit is not None]
    whole = (min(low for low, _ in limits), max(high for _, high in limits)) if len(limits) == len(outputs) else None
    return replace(found, outputs=(joined,), errors=(max(found.errors),), norms=(max(found.norms),), ranges=(whole,))


def _with_slack(found: Reference, simulation: Simulation) -> Reference:
    """What is left open by amplitudes whose norm is not quite one: all outputs are in proportion to its square."""
    share = 2 * sum(step.slack for part in simulation.parts for step in flat(part) if isinstance(step, Preparation))
    if not share:
        return found
    sizes = [float(np.max(np.abs(output), initial=0.0)) for output in found.outputs or ()]
    return replace(
        found,
        errors=tuple(error + share * size for error, size in zip(found.errors, sizes)),
        slope_errors=found.slope_errors + share * np.where(np.isfinite(found.slopes), np.abs(found.slopes), 0.0),
    )


def _noise(simulation: Simulation, norm: float) -> float:
    """Rounding of one output of our own simulation."""
    steps = sum(len(rows[0]) for rows in simulation.parts[: len(simulation.circuit.operations)])
    return _MARGIN * EPS * float(np.sqrt(steps + 1)) * norm


def _size(reading: Reading, limits: Optional[tuple[float, float]], bound: float) -> float:
    """The largest number on the way to an output: a variance is a difference of two that may be far larger than itself."""
    largest = 1.0 if limits is None else max(map(abs, limits))
    return max(largest, bound) if reading.kind == "var" else largest


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


def _with_doubts(found: Reference, circuit: Circuit, trusted: bool) -> Reference:
    from qdiag.bridges.matrices import node_steps

    asked = [node_steps.disagreement(node, trusted=trusted) for node in circuit.operations if not _conditional(node)]
    doubts = tuple(dict.fromkeys(text for text, defined in asked if text and not defined))
    return replace(found, doubts=doubts, evidence=tuple(dict.fromkeys(text for text, defined in asked if text and defined)))


def _conditional(node: Node) -> bool:
    return any(isinstance(part, MeasuredOutcome) for part in walk(node))


# --- slopes ----------------------------------------------------------------------------------------------------------------


def _with_slopes(
    found: Reference, simulation: Simulation, depth: str, seed: int, allowance: Allowance, eps: float, towards: Sequence[int]
) -> Reference:
    space = Space(simulation)
    count = len(space.centre)
    if len(space.positions) != len(space.circuit.trainable):
        return replace(found, gradient_reason="a trainable parameter is a whole number")
    if not 0 < count <= MOST_COORDINATES:
        return replace(found, gradient_reason=f"{count} trainable numbers" if count else "nothing is trainable")
    if not allowance.suffices(space, 1):
        return replace(found, gradient_reason=f"a derivative by our own simulation takes {allowance.cost(space):.2g} s")
    movable = space.movable_coordinates()
    still = space.still_coordinates()
    lost = int(np.sum(~movable & ~still))
    reasons = [f"{lost} of {count} trainable numbers leave what physics allows when moved"] if lost else []
    if not movable.any():
        return replace(found, gradient_reason="; ".join(reasons) or "no trainable number can be moved along its surface")
    full = depth == "full" and allowance.suffices(space, int(movable.sum()))
    directions = space.axes(movable) if full else random_directions(space, movable, seed, eps)
    wanted = [k for k in towards if movable[k]]
    if depth == "full" and wanted and not full:
        directions = with_axes(space, directions, wanted, allowance)
    slopes = slopes_along(space, directions, found.outputs or (), found.norms, max(found.errors), allowance)
    return replace(
        found,
        directions=np.array(directions),
        slopes=slopes.value if any(np.iscomplexobj(output) for output in found.outputs or ()) else slopes.value.real,
        slope_errors=slopes.error,
        gradient_reason="; ".join([*reasons, *slopes.reasons]),
        axes=tuple(int(k) for k in np.flatnonzero(movable)) if full else (),
        still=tuple(int(k) for k in np.flatnonzero(still)) if full else (),
    )

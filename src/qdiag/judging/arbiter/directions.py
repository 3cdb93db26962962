"""Along which directions a circuit is differentiated, how, and whether there is time: by tangents, and where these say nothing, or to
check them, by differences of the whole circuit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qdiag.errors import CircuitFormatError
from qdiag.judging.arbiter.circuit_function import Space
from qdiag.judging.arbiter.tangent_slopes import has_laws, tangent_slopes
from qdiag.model.circuit import Circuit
from qdiag.model.numerics import smooth_slope
from qdiag.model.numerics.derivative import derivative
from qdiag.model.numerics.rounding import operations_of, rounding
from qdiag.trace.keys import circuit_key

EVALUATIONS = 30
"""So many evaluations one derivative by differences of the whole circuit takes, at most."""

TANGENTS = 3
"""So many evaluations a derivative by tangents costs, at most, where the steps move by known laws."""

FURTHER = 5
"""So many each further direction, at most, also where small matrices are differentiated: one evolution serves all directions."""

CROSS_CHECKED = 20
"""In one circuit of so many, tangents are held against differences of the whole circuit."""

NOTICED = 1e-3
"""An error of a gradient that a training would notice, beside what the observable can give; …"""

OVERLOOKED = 1e-4
"""… the chance with which one of that size may be overlooked, where it is spread over many numbers; …"""

MOST_DIRECTIONS = 4
"""… and along so many directions it is looked for at most: what rounds so coarsely is not told from rounding by more of them."""

_APART = 7919
"""By this the seeds of further directions are apart: the first direction of another seed is another one."""


@dataclass(frozen=True)
class Allowance:
    """What derivatives may take, and what one evaluation of the circuit has taken."""

    seconds: float
    evaluation: float

    def cost(self, space: Space, directions: int = 1) -> float:
        """Of so many directions by tangents."""
        return self.evaluation * (TANGENTS * directions if has_laws(space) else _by_small_matrices(directions))

    def suffices(self, space: Space, directions: int, evaluations: int = 0) -> bool:
        """Whether there is time for so many directions, by tangents or by so many ``evaluations`` of the whole circuit for each."""
        if evaluations:
            return self.evaluation * evaluations * directions <= self.seconds
        return self.evaluation * _by_small_matrices(directions) <= self.seconds or self.cost(space, directions) <= self.seconds


def _by_small_matrices(directions: int) -> int:
    """Evaluations that so many directions cost, at most, where small matrices are differentiated."""
    return TANGENTS + smooth_slope.EVALUATIONS + FURTHER * max(0, directions - 1)


def directions_for(circuit: Circuit, count: int, eps: float) -> int:
    """How many random directions it takes until an error that a training would notice is hardly overlooked.

    An error of ``e`` that is spread over many numbers is overlooked along one direction with a chance of about 0.8 · tolerance ÷ e: of
    it a normal number of that width is seen, which has to fall into the tolerance.
    """
    widest = max([eps, *(circuit.parameters[k].eps for k in circuit.trainable)])
    tolerance = rounding(widest, operations_of(circuit)) * count
    chance = min(0.8 * tolerance / NOTICED, 0.5)
    return min(max(int(np.ceil(np.log(OVERLOOKED) / np.log(chance))), 1), MOST_DIRECTIONS)


@dataclass(frozen=True)
class Taken:
    """Slopes in the order of directions, and why some are missing."""

    value: np.ndarray
    error: np.ndarray
    reasons: list[str]


def slopes_along(
    space: Space,
    directions: Sequence[np.ndarray],
    outputs: Sequence[np.ndarray],
    norms: Sequence[float],
    noise: float,
    allowance: Allowance,
) -> Taken:
    """Slopes by tangents; by differences of the whole circuit where these say nothing, and beside them in one circuit of twenty.

    Parameters
    ----------
    space, directions
        The circuit, and rows of coordinates.
    outputs, norms, noise
        What it gives there, the largest values that it can have, and the rounding of one.
    allowance
        Time.
    """
    slopes = tangent_slopes(space, directions, outputs, norms)
    value, error, reasons = slopes.value, slopes.error, []
    asked = [int(k) for k in np.flatnonzero(~slopes.known)]
    if len(asked) < len(directions) and _is_cross_checked(space.circuit) and allowance.suffices(space, 1 + len(asked), EVALUATIONS):
        asked.append(int(np.flatnonzero(slopes.known)[0]))
    if not allowance.suffices(space, len(asked), EVALUATIONS):
        reasons.append("along some directions the time does not suffice for differences of the whole circuit")
        asked = []
    for k in asked:
        other = derivative(space.outputs_at, space.centre, directions[k], noise=noise)
        numbers, bars = other.value[0::2] + 1j * other.value[1::2], other.error[0::2] + other.error[1::2]
        if not slopes.known[k]:
            value[:, k], error[:, k] = (numbers, bars) if other.smooth else (np.nan, np.inf)
            reasons += [] if other.smooth else ["the slopes to the left and to the right of this point differ"]
        elif other.smooth and not bool((np.abs(numbers - value[:, k]) <= 2 * (bars + error[:, k])).all()):
            reasons.append(f"tangents and differences of our own simulation are {np.max(np.abs(numbers - value[:, k])):.1e} apart")
            value[:, :], error[:, :] = np.nan, np.inf
    return Taken(value, error, list(dict.fromkeys(reasons)))


def _is_cross_checked(circuit: Circuit) -> bool:
    """Whether it is this circuit's turn: the same for the same circuit, wherever and whenever it is asked."""
    try:
        return int(circuit_key(circuit), 16) % CROSS_CHECKED == 0
    except CircuitFormatError:
        return False


def random_directions(space: Space, movable: np.ndarray, seed: int, eps: float) -> list[np.ndarray]:
    """As many seeded directions as it takes, along the surfaces on which the parameters live."""
    count = directions_for(space.circuit, int(movable.sum()), eps)
    return [space.along(_random_direction(movable, seed + _APART * k)) for k in range(count)]


def with_axes(space: Space, directions: Sequence[np.ndarray], wanted: Sequence[int], allowance: Allowance) -> list[np.ndarray]:
    """The axes of some coordinates, in their order, and then random directions: as many of both as there is time for.

    Where it is short a random direction gives way to the axes: what they are wanted for hardly shows along it. One is kept beside them.
    """
    room = len(wanted) + len(directions)
    while room > 1 and not allowance.suffices(space, room):
        room -= 1
    taken = min(len(wanted), max(1, room - 1))
    every = space.axes(np.ones(len(space.centre), dtype=bool))
    return [*(every[k] for k in wanted[:taken]), *directions[: room - taken]]


def _random_direction(allowed: np.ndarray, seed: int) -> np.ndarray:
    """A seeded direction of about unit size, with no entry near zero where a coordinate may be moved."""
    generator = np.random.default_rng(seed)
    entries = generator.uniform(0.5, 1.0, len(allowed)) * generator.choice([-1.0, 1.0], len(allowed))
    return np.asarray(np.where(allowed, entries, 0.0) / max(1.0, 0.5 * np.sqrt(allowed.sum())))

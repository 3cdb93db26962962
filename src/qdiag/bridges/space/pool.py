"""What random circuits and mutations are put together from: gates on few wires, alone and wrapped, and all readings.

Every draw is seeded by a few numbers of its own: what circuit a name stands for does not depend on how many others there are.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Optional

import numpy as np

from qdiag.bridges.codec.encoding import Encoding
from qdiag.bridges.space.builds import Build, is_unitary, on_wires, wrapped_builds
from qdiag.bridges.space.readings import READINGS, Reading, measurement_readings
from qdiag.bridges.space.specimens import with_numbers
from qdiag.model.node import Label, Node, parameters_of

MOST_WIRES, MOST_NUMBERS = 3, 3
"""Gates on no more wires, with no more numbers."""

Numbers = Callable[[np.ndarray], np.ndarray]

POINTS: tuple[Numbers, ...] = (
    lambda value: value,
    lambda value: np.zeros_like(value),
    lambda value: np.full_like(value, np.pi / 2),
    lambda value: np.full_like(value, np.pi),
    lambda value: np.full_like(value, 1e-9),
    lambda value: np.full_like(value, 0.4),
)
"""What becomes of an operation's numbers: generic ones, singular ones, tiny ones, equal ones."""

GENERIC = 0.6
"""How many of all draws leave them generic."""


def is_gate(build: Build, wires: int = MOST_WIRES, numbers: int = MOST_NUMBERS) -> bool:
    """Whether it is a plain gate on few wires, whatever it stands beside."""
    small = len(build.node.wires) <= wires and sum(p.value.size for p in parameters_of(build.node)) <= numbers
    own = type(build.operator).__module__.startswith("pennylane.ops.") and build.label == build.core
    return small and own and not build.first and not build.empty and is_unitary(build.operator)


@dataclass(frozen=True)
class Pool:
    """What is drawn from.

    Parameters
    ----------
    made
        The builds of the space.
    """

    made: tuple[Build, ...]

    @cached_property
    def gates(self) -> tuple[Build, ...]:
        """Gates, each also reversed, controlled and repeated where that fits."""
        plain = [build for build in self.made if is_gate(build)]
        wrapped = (one for build in plain for _, one in wrapped_builds(build))
        return (*plain, *(one for one in wrapped if len(one.node.wires) <= MOST_WIRES))

    @cached_property
    def readings(self) -> tuple[tuple[str, Reading], ...]:
        """Ways of reading a circuit, those of every operation twice as often as those of measurements alone."""
        common = tuple(READINGS.items())
        return (*common, *common, *measurement_readings().items())

    def node(self, wires: Sequence[Label], draws: np.random.Generator, among: Iterable[Build] = ()) -> Optional[Node]:
        """A gate, drawn, on wires that are drawn, at numbers that are drawn; None where PennyLane cannot move it there.

        Parameters
        ----------
        wires
            The wires that there are.
        draws
            The source of chance.
        among
            Gates to choose from, instead of all.
        """
        fitting = [build for build in (tuple(among) or self.gates) if len(build.node.wires) <= len(wires)]
        if not fitting:
            return None
        build = fitting[int(draws.integers(len(fitting)))]
        labels = tuple(wires[int(k)] for k in draws.permutation(len(wires))[: len(build.node.wires)])
        return self.placed(build, labels, draws)

    def placed(self, build: Build, labels: tuple[Label, ...], draws: np.random.Generator) -> Optional[Node]:
        """A gate on these wires, at numbers that are drawn; None where PennyLane cannot move it there."""
        moved = build if tuple(build.node.wires) == labels else on_wires(build, labels)
        generic = float(draws.uniform()) < GENERIC
        point = POINTS[0] if generic else POINTS[int(draws.integers(len(POINTS)))]
        factor = float(draws.uniform(0.75, 1.0))
        return None if moved is None else with_numbers(moved, point, factor)

    def reading(self, wires: Sequence[Label], draws: np.random.Generator) -> tuple[str, tuple[Node, ...]]:
        """How a circuit is read, drawn: what it is called, and the measurements."""
        name, read = self.readings[int(draws.integers(len(self.readings)))]
        return name, read_on(read, wires)


def read_on(read: Reading, wires: Sequence[Label]) -> tuple[Node, ...]:
    """The measurements of a reading on some wires; empty where it needs more of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return tuple(Encoding().whole(measured) for measured in read([wires[k % len(wires)] for k in range(3)]))
        except Exception:
            # an observable on a wire twice is refused by each class in its own way
            return ()

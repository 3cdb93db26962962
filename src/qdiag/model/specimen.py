"""A circuit made to ask one thing of a device: one operation, or one measurement, between parts that every device is good at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from qdiag.model.circuit import Circuit
from qdiag.model.node import Label

BARE = "no operation"
"""The operation of specimens that ask for a measurement alone."""


class Rank(IntEnum):
    """In which order specimens are asked: what a fault shows in most plainly comes first, and a budget cuts the rest."""

    GROUND = 0
    MEASURED = 1
    ALONE = 2
    WRAPPED = 3
    PROBABILITIES = 4
    WIRES = 5
    PRECISION = 6
    SINGULAR = 7
    BATCH = 8
    OTHER_MEASUREMENT = 9
    SHOTS = 10
    NUMBERS = 11
    TWICE = 12
    INTERFACE = 13
    BESIDE = 14
    PAIRS = 15
    PAIRS_OTHERWISE = 16
    RANDOM = 17
    SEED = 18
    NEAR = 19


@dataclass(frozen=True, eq=False)
class Specimen:
    """One circuit of the space.

    Parameters
    ----------
    operation
        What is asked about: an operation by the name of its build, as ``TrotterProduct check``, or `BARE`.
    core
        The name of its class.
    measurement
        How it is read, as ``probs``.
    circuit
        The circuit.
    rank
        When it is asked.
    variation
        What is changed of the plainest circuit of this kind, as ``at 0`` or ``adjoint``, or "".
    device_wires
        Wires of the device, where they are not those of the circuit.
    made_of
        The operations into which PennyLane takes the operation apart, by the names of their classes.
    own
        Positions, among the circuit's parameters, of the operation's own numbers that derivatives are asked by.
    tracked
        Whether derivatives are asked by numbers of what it is about, and not of its surroundings alone.
    interface
        Whose numbers are tracked.
    beside
        The operation before the one that is asked about, by the name of its build, or "".
    rows
        Rows of the batch that the operation's own numbers carry; 0 where they carry none.
    near
        The key of the specimen that this one differs from in one thing; empty where it is near none.
    """

    operation: str
    core: str
    measurement: str
    circuit: Circuit
    rank: Rank = Rank.ALONE
    variation: str = ""
    device_wires: tuple[Label, ...] = ()
    made_of: frozenset[str] = frozenset()
    own: tuple[int, ...] = ()
    tracked: bool = True
    interface: str = "torch"
    beside: str = ""
    rows: int = 0
    near: tuple[str, ...] = ()

    @property
    def wires(self) -> tuple[Label, ...]:
        """Wires of the device: many do not work without, or make themselves none."""
        labels = self.circuit.wires
        plain = tuple(sorted(label for label in labels if isinstance(label, int)))
        return self.device_wires or (plain if len(plain) == len(labels) else labels)

    @property
    def drawn(self) -> bool:
        """Whether it was drawn, or recorded: what it is about only its diagnosis says."""
        return self.rank in (Rank.RANDOM, Rank.SEED, Rank.NEAR)

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is known by, whatever the seed."""
        return self.operation, self.measurement, self.variation


def in_order(specimens: Iterable[Specimen]) -> tuple[Specimen, ...]:
    """Specimens as they are asked: by rank, and what is made of few others first."""
    return tuple(sorted(specimens, key=lambda one: (one.rank, len(one.made_of))))


def about(specimens: Iterable[Specimen], names: frozenset[str]) -> tuple[Specimen, ...]:
    """Those about some operations or measurements, by the name of their class or build; the ground is always among them.

    Random circuits are drawn for the names that are asked about.
    """
    always = (Rank.GROUND, Rank.RANDOM)
    return tuple(s for s in specimens if s.rank in always or names & {s.core, s.operation, s.measurement, s.beside})

"""A circuit made to ask one thing of a device: one operation, or one measurement, between parts that every device is good at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from qdiag.model.circuit import Circuit, Label

BARE = "no operation"
"""The operation of specimens that ask for a measurement alone."""


class Rank(IntEnum):
    """In which order specimens are asked: what a fault shows in most plainly comes first, and a budget cuts the rest."""

    GROUND = 0
    ALONE = 1
    MEASURED = 2
    WRAPPED = 3
    WIRES = 4
    PRECISION = 5
    SINGULAR = 6
    BATCH = 7
    OTHER_MEASUREMENT = 8


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
        Wires of the device; empty to let the circuit decide.
    """

    operation: str
    core: str
    measurement: str
    circuit: Circuit
    rank: Rank = Rank.ALONE
    variation: str = ""
    device_wires: tuple[Label, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is known by, whatever the seed."""
        return self.operation, self.measurement, self.variation


def in_order(specimens: Iterable[Specimen]) -> tuple[Specimen, ...]:
    """Specimens as they are asked: by rank, and those of one operation together."""
    return tuple(sorted(specimens, key=lambda one: one.rank))


def about(specimens: Iterable[Specimen], names: frozenset[str]) -> tuple[Specimen, ...]:
    """Those about some operations or measurements, by the name of their class or build; the ground is always among them."""
    return tuple(one for one in specimens if one.rank is Rank.GROUND or names & {one.core, one.operation, one.measurement})

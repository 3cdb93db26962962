"""Where a search looks first: the operations that are under suspicion, and what stands around them on their wires.

A difference mostly sits in one operation, and needs of the others only what leads a state into it and out of it. A small circuit is
also the cheapest to ask about. Whether a suspicion holds is asked like anything else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from qdiag.model.circuit import Circuit
from qdiag.model.node import Label
from qdiag.proving.minimizing.order import is_plain

REACHES = (1, 4)
"""How many operations on each wire of a suspect, before it and after it, are kept with it."""

WORTH_ASKING = 1 / 3
"""The part of the operations that may be kept: where more are, group testing needs no more questions without being told."""


def suspects(circuit: Circuit, blamed: Collection[int] = ()) -> frozenset[int]:
    """Positions of the operations that a difference may sit in: those that are blamed, and those that readers know least.

    Parameters
    ----------
    circuit
        The circuit.
    blamed
        What its gradients, or leaving out one operation at a time, put the blame on.
    """
    return frozenset(blamed) | {position for position, node in enumerate(circuit.operations) if not is_plain(node)}


def neighbourhoods(circuit: Circuit, around: Collection[int]) -> Iterator[frozenset[int]]:
    """Positions of some operations with their neighbours, first the closest alone."""
    for reach in REACHES:
        kept = frozenset(around).union(*(_near(circuit, position, reach) for position in around))
        if kept and len(kept) <= WORTH_ASKING * len(circuit.operations):
            yield kept


def _near(circuit: Circuit, position: int, reach: int) -> frozenset[int]:
    """The operations closest to one, so many on each of its wires and on either side."""
    found: set[int] = set()
    for wire in circuit.operations[position].wires:
        on_wire = _on_wire(circuit, wire)
        place = on_wire.index(position)
        found.update(on_wire[max(0, place - reach) : place + reach + 1])
    return frozenset(found)


def _on_wire(circuit: Circuit, wire: Label) -> list[int]:
    return [position for position, node in enumerate(circuit.operations) if wire in node.wires]

"""What a pass proposes: independent changes of a circuit, and how any set of them is made.

A pass only proposes. It says nothing of which changes to try first or together: its strategy does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Optional

from qdiag.model.circuit import Circuit
from qdiag.model.edits import Edit, apply_edits
from qdiag.model.node import Label, Node
from qdiag.model.parameter import Parameter
from qdiag.proving.minimizing.deletion import Items, Strategy


@dataclass(frozen=True)
class Changes:
    """Some independent changes.

    Parameters
    ----------
    count
        How many.
    make
        The circuit with a set of them made; raises where that makes no circuit.
    """

    count: int
    make: Callable[[Items], Circuit]

    def circuit_with(self, items: Items) -> Optional[Circuit]:
        """The circuit with these changes made, or None where there is no such circuit."""
        try:
            return self.make(items)
        except (ValueError, TypeError, IndexError, ArithmeticError):
            return None

    def each(self) -> tuple[Optional[Circuit], ...]:
        """The circuit with each change made alone."""
        return tuple(self.circuit_with(frozenset({item})) for item in range(self.count))

    @staticmethod
    def of_edits(circuit: Circuit, groups: Sequence[Sequence[Edit]]) -> Changes:
        """Changes made of edits, each of one or several that belong together."""
        return Changes(len(groups), lambda items: apply_edits(circuit, [edit for item in sorted(items) for edit in groups[item]]))

    @staticmethod
    def whole(circuits: Sequence[Circuit]) -> Changes:
        """Changes that each replace the whole circuit; of several the first wins."""
        return Changes(len(circuits), lambda items: circuits[min(items)])

    @staticmethod
    def deleting_operations(circuit: Circuit) -> Changes:
        """Deleting each operation."""
        return Changes.of_edits(circuit, [[Edit((position,))] for position in range(len(circuit.operations))])


@dataclass(frozen=True)
class PennyLaneEdits:
    """What only PennyLane can do to a circuit, as functions that the pipeline hands in; without it, those passes propose nothing.

    Parameters
    ----------
    expanded
        The circuit with the operation at a position replaced by its decomposition, or None where it has none.
    gate
        A gate by name, numbers and wires, or None where this PennyLane cannot make it.
    batched
        Positions of the parameters whose first axis is the circuit's batch.
    """

    expanded: Callable[[Circuit, int], Optional[Circuit]] = lambda circuit, position: None
    gate: Callable[[str, tuple[Parameter, ...], tuple[Label, ...]], Optional[Node]] = lambda name, numbers, wires: None
    batched: Callable[[Circuit], tuple[int, ...]] = lambda circuit: ()


NO_EDITS = PennyLaneEdits()

Propose = Callable[[Circuit, PennyLaneEdits], Changes]
"""What a pass is: from the best circuit to what might be changed in it."""


@dataclass(frozen=True)
class Pass:
    """One kind of change.

    Parameters
    ----------
    name
        What it does, as an order.
    propose
        The changes.
    strategy
        How to find which of them can be made.
    enlarges
        Whether a change first makes the circuit larger, for a deletion that may then make it smaller than before.
    """

    name: str
    propose: Propose
    strategy: Strategy
    enlarges: bool = False

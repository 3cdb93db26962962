"""What of a minimal circuit is the point: which numbers and operations may vary freely, and the closest circuit that agrees.

The difference between two scripts of ten lines, of which one fails and one passes, is the explanation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Optional

from qdiag.model.circuit import Circuit
from qdiag.model.edits import Edit, apply_edits, with_elements
from qdiag.model.node import Node, nodes_of
from qdiag.model.parameter import Parameter
from qdiag.model.variants import without_measurements, without_operations
from qdiag.proving.minimizing.changes import PennyLaneEdits
from qdiag.proving.minimizing.oracle import Oracle
from qdiag.proving.minimizing.passes.parts import drop_terms
from qdiag.proving.minimizing.passes.simpler_gates import peel, simplify_gates, simplify_observables
from qdiag.proving.minimizing.passes.simpler_numbers import adjustable, freeze_parameters, held_parameters, widen_precision
from qdiag.proving.minimizing.passes.wires import narrow

OTHER_NUMBERS = (0.37, 1.9, -2.6)
"""Numbers at which nothing special happens: one that may be any of these may vary freely."""

ALIKE = (
    ("Hadamard", "PauliX", "S", "PauliZ"),
    ("RX", "RY", "RZ", "PhaseShift"),
    ("CNOT", "CZ", "SWAP", "CY"),
    ("CRX", "CRY", "CRZ", "IsingXX"),
)
"""Gates of as many wires and numbers: one that may be any of the others may vary freely."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """What may vary and what may not.

    Parameters
    ----------
    free_numbers
        Positions in `Circuit.parameters`, each with one in the flattened array: any number there shows the difference.
    free_operations
        Positions of operations in the place of which other gates of their kind show it, too.
    twin
        The closest circuit found that evaluates and agrees, or None.
    change
        What was changed for it, in words.
    """

    free_numbers: tuple[tuple[int, int], ...] = ()
    free_operations: tuple[int, ...] = ()
    twin: Optional[Circuit] = None
    change: str = ""

    def sentences(self, circuit: Circuit) -> tuple[str, ...]:
        """What a reader should know of the circuit that was explained."""
        owners = {found.position: found.owner for found in held_parameters(circuit)}
        fixed = {position for elements, _ in adjustable(circuit) for position, _ in set(elements) - set(self.free_numbers)}
        free = dict.fromkeys(_operator_on_wires(owners[position]) for position, _ in self.free_numbers if position not in fixed)
        some = dict.fromkeys(_operator_on_wires(owners[position]) for position, _ in self.free_numbers if position in fixed)
        others = (_operator_on_wires(circuit.operations[position]) for position in self.free_operations)
        found = [f"any number in {name} shows it" for name in free]
        found += [f"some of the numbers in {name} may be any others" for name in some]
        found += [f"another gate in the place of {name} shows it, too" for name in others]
        if self.twin is not None:
            found.append(f"the two agree {self.change if self.change.startswith('without') else f'with {self.change}'}")
        return tuple(dict.fromkeys(found))


def explain(
    circuit: Circuit, oracle: Oracle, agrees: Callable[[Circuit], bool], workshop: Optional[PennyLaneEdits] = None
) -> Explanation:
    """Vary a minimal circuit.

    Parameters
    ----------
    circuit
        The result of a search.
    oracle
        The search's own.
    agrees
        Whether both methods evaluate a circuit and agree.
    workshop
        What only PennyLane can do.
    """
    tools = workshop or PennyLaneEdits()
    numbers = tuple(
        element for elements, _ in adjustable(circuit) if all(map(oracle.ask, _with_others(circuit, elements))) for element in elements
    )
    operations = tuple(
        position
        for position in range(len(circuit.operations))
        if (swapped := list(_gate_swaps(circuit, position, tools))) and all(oracle.ask(other) for _, other in swapped)
    )
    for words, candidate in _neighbours(circuit, tools):
        if circuit.trainable and not candidate.trainable:
            # without derivatives everything agrees, which explains nothing
            continue
        if not oracle.ask(candidate) and agrees(candidate):
            return Explanation(numbers, operations, candidate, words)
    return Explanation(numbers, operations)


def _with_others(circuit: Circuit, elements: list[tuple[int, int]]) -> Iterator[Circuit]:
    kind = circuit.parameters[elements[0][0]].value.dtype.kind
    for number in OTHER_NUMBERS if kind in "fc" else ():
        yield with_elements(circuit, elements, number)


def _gate_swaps(circuit: Circuit, position: int, workshop: PennyLaneEdits) -> Iterator[tuple[str, Circuit]]:
    node = circuit.operations[position]
    numbers = tuple(part for part in node.data if isinstance(part, Parameter))
    for name in next((row for row in ALIKE if node.name in row), ()):
        gate = workshop.gate(name, numbers, node.wires) if name != node.name else None
        if gate is not None:
            yield f"{name} in the place of {_operator_on_wires(node)}", apply_edits(circuit, [Edit((position,), (gate,))])


def _neighbours(circuit: Circuit, workshop: PennyLaneEdits) -> Iterator[tuple[str, Circuit]]:
    """Circuits one change away, the smallest changes first."""
    owners = {found.position: found.owner for found in held_parameters(circuit)}
    for elements, current in adjustable(circuit):
        for candidate in _with_others(circuit, elements):
            number = candidate.parameters[elements[0][0]].value.reshape(-1)[elements[0][1]]
            yield f"{number:.6g} for {current:.6g} in {_operator_on_wires(owners[elements[0][0]])}", candidate
    yield from _each("float64 numbers", widen_precision(circuit, workshop).each())
    for position, frozen in zip(circuit.trainable, freeze_parameters(circuit, workshop).each()):
        where = f" in {_operator_on_wires(owners[position])}" if position in owners else ""
        yield from _each(f"a constant number{where}", (frozen,))
    for position in range(len(circuit.operations)):
        yield from _gate_swaps(circuit, position, workshop)
    for propose in _SIMPLER:
        candidates = (candidate for candidate in propose(circuit, workshop).each() if candidate is not None)
        yield from ((_instead(circuit, candidate), candidate) for candidate in candidates)
    for position, node in enumerate(circuit.operations):
        yield f"without {_operator_on_wires(node)}", without_operations(circuit, [position])
    if len(circuit.measurements) > 1:
        for position, node in enumerate(circuit.measurements):
            yield f"without the measurement {_operator_on_wires(node)}", without_measurements(circuit, [position])


_SIMPLER = (simplify_observables, simplify_gates, drop_terms, peel, narrow)


def _instead(circuit: Circuit, candidate: Circuit) -> str:
    """What stands in the place of what, where two circuits differ in one node."""
    pairs = zip(circuit.nodes, candidate.nodes)
    changed = ((before, after) for before, after in pairs if before is not after)
    return next((f"{_operator_with_parts(after)} for {_operator_with_parts(before)}" for before, after in changed), "one thing less")


def _operator_with_parts(node: Node) -> str:
    """An operator with what it holds, such as ``Controlled(RX) on wires 0, 1``."""
    names = [inner.name for inner in nodes_of(node)]
    wires = _operator_on_wires(node)[len(node.name) :]
    return "(".join(names) + ")" * (len(names) - 1) + wires if len(names) < 3 else f"{node.name}({', '.join(names[1:])}){wires}"


def _each(words: str, candidates: tuple[Optional[Circuit], ...]) -> Iterator[tuple[str, Circuit]]:
    return ((words, candidate) for candidate in candidates if candidate is not None)


def _operator_on_wires(node: Node) -> str:
    wires = ", ".join(map(str, node.wires))
    return f"{node.name} on wire{'s' if len(node.wires) > 1 else ''} {wires}" if wires else node.name

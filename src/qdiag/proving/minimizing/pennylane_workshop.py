"""The workshop of passes where PennyLane is loaded: in the workers that evaluate."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from qdiag.evaluation import remote
from qdiag.evaluation.evaluator import Evaluator
from qdiag.model.circuit import Circuit
from qdiag.model.node import Label, Node
from qdiag.model.parameter import Parameter
from qdiag.proving.minimizing.changes import PennyLaneEdits


def workshop_of(evaluator: Evaluator, *, trusted: bool) -> PennyLaneEdits:
    """The workshop that asks an evaluator.

    Parameters
    ----------
    evaluator
        Where the frameworks are loaded.
    trusted
        Whether source code that the circuit carries may be executed.
    """
    gates: dict[tuple[str, int, tuple[Label, ...]], Optional[Node]] = {}

    def expand(circuit: Circuit, position: int) -> Optional[Circuit]:
        found: Optional[Circuit] = evaluator.call(remote.expansion_of, circuit, (position,), trusted).result()
        return found

    def gate(name: str, numbers: tuple[Parameter, ...], wires: tuple[Label, ...]) -> Optional[Node]:
        asked = (name, len(numbers), wires)
        if asked not in gates:
            gates[asked] = evaluator.call(remote.gate, *asked).result()
        made = gates[asked]
        return None if made is None else replace(made, data=numbers)

    def batched_parameters(circuit: Circuit) -> tuple[int, ...]:
        found: tuple[int, ...] = evaluator.call(remote.batched_parameters, circuit, trusted).result()
        return found

    return PennyLaneEdits(expand, gate, batched_parameters)

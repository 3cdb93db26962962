"""Experiments on what is measured: less of it, or something plainer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

from qdiag.diagnosis.cause import Experiment
from qdiag.diagnosis.disturbance import with_measurements
from qdiag.diagnosis.experiments.changes import edit
from qdiag.evaluation import remote
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.question import Question, with_circuit
from qdiag.model.circuit import Circuit
from qdiag.model.method import ARBITER
from qdiag.model.node import Label, Node, Wires
from qdiag.model.operator_families import PAULIS, VARIANCES


def _hermitian_part(question: Question, evaluator: Evaluator) -> Optional[Question]:
    circuit = evaluator.call(remote.hermitian_part, question.circuit, question.trusted).result()
    return None if circuit is None else with_circuit(question, circuit)


HERMITIAN_PART = Experiment("observable's Hermitian part", _hermitian_part)


def measured_alone(position: int) -> Experiment:
    """One measurement in a circuit of its own."""
    return _with_fewer_measurements("measured alone", (position,))


def measured_beside(position: int, others: Sequence[int]) -> Experiment:
    """One measurement beside some of the others; the rest left out."""
    return _with_fewer_measurements("the other measurements removed", (position, *others))


def _with_fewer_measurements(name: str, kept: Sequence[int]) -> Experiment:
    return edit(name, lambda circuit: with_measurements(circuit, kept) if len(kept) < len(circuit.measurements) else None)


def plain_expectations(position: Optional[int]) -> Experiment:
    """One measurement (or all, for None) replaced by expectation values of PauliX, PauliY and PauliZ on each of its wires.

    All three, since a single observable may not feel what is wrong, and would heal without telling anything. Where PennyLane
    does not measure them together (before 0.24), PauliZ alone.
    """

    def change(question: Question, evaluator: Evaluator) -> Question:
        together = with_circuit(question, plainly(question.circuit, position, PAULIS))
        sides = [side for side, method in enumerate(together.methods) if method != ARBITER]
        failures = [evaluator.submit(together.request(side)).result().failure for side in sides]
        if not any(failure is not None and "commuting" in failure.message for failure in failures):
            return together
        return with_circuit(question, plainly(question.circuit, position, PAULIS[2:]))

    which = "the measurements" if position is None else f"measurement {position}"
    return Experiment(f"Pauli expectation values instead of {which}", change)


def _linear(circuit: Circuit) -> Circuit:
    varied = any(measurement.name in VARIANCES for measurement in circuit.measurements)
    measurements = (replace(m, name="ExpectationMP") if m.name in VARIANCES else m for m in circuit.measurements)
    return replace(circuit, measurements=tuple(measurements)) if varied else circuit


EXPECTATIONS_OF_THE_SAME = edit("expectation values instead of the variances", _linear)


def plainly(circuit: Circuit, position: Optional[int], names: Sequence[str] = PAULIS) -> Circuit:
    """A circuit with expectation values of Paulis on each wire instead of one measurement, or of all for None."""

    def replacement(index: int, measurement: Node) -> tuple[Node, ...]:
        if position not in (None, index):
            return (measurement,)
        return tuple(_expectation(name, wire) for wire in (measurement.wires or circuit.wires) for name in names)

    measurements = tuple(new for i, m in enumerate(circuit.measurements) for new in replacement(i, m))
    return replace(circuit, measurements=measurements, returns="tuple")


def _expectation(name: str, wire: Label) -> Node:
    observable = Node(name, (), (Wires((wire,)), ()), (wire,))
    return Node("ExpectationMP", (observable, None), (("wires", None),), (wire,))

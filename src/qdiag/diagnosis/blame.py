"""Where a difference sits, before any cause is asked: as far as the gradients show it, or leaving out and freezing others tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Callable, Optional

from qdiag.diagnosis.experiments.chance import count_of_shots, without_shots
from qdiag.diagnosis.experiments.operations import left_out
from qdiag.diagnosis.experiments.precision import HALF, narrow_dtypes
from qdiag.diagnosis.experiments.surroundings import count_of_wires, with_wires_to_spare
from qdiag.diagnosis.experiments.trainability import parameters_at
from qdiag.diagnosis.symptoms import DTYPE, SHOTS, WIRES, Blamed, is_jax_in_double
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.question import Question, observe, with_circuit
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Signature
from qdiag.model.node import parameters_of
from qdiag.model.operator_families import as_written
from qdiag.model.parameter import NARROW
from qdiag.model.variants import with_precision, with_trainable

Raises = Callable[[Circuit], bool]
"""Whether one of the two still raises on another circuit."""


def blamed_for_gradients(question: Question, apart: Sequence[int]) -> Optional[Blamed]:
    """The first operation or measurement that carries a parameter whose gradient is apart, and with it those of the same name."""
    position = 0
    circuit = question.circuit
    found: Optional[Blamed] = None
    for index, node in enumerate(circuit.nodes):
        count = len(parameters_of(node))
        inside = tuple(i for i in apart if position <= i < position + count)
        position += count
        kind = "operation" if index < len(circuit.operations) else "measurement"
        if inside and found is None:
            found = Blamed(kind, index if kind == "operation" else index - len(circuit.operations), as_written(node.name), inside)
        elif inside and found is not None and (kind, as_written(node.name)) == (found.kind, found.name):
            found = replace(found, parameters=(*found.parameters, *inside))
    return found


def blamed_for_raising(question: Question, evaluator: Evaluator) -> Optional[Blamed]:
    """What a method raises on: the first of these that there is; None where it does not raise on the circuit by itself.

    The shots, where it does not raise without; the wires of the device, where PennyLane refuses, and does not with wires to spare; the
    dtype of parameters of half precision, where it does not raise in double precision; operations whose parameters alone make it raise;
    an operation without which it does not; all operations of a name without which it does not; a measurement.
    """

    def raises(candidate: Circuit) -> bool:
        return observe(with_circuit(question, candidate), evaluator).comparison.where is Signature.RAISE

    circuit = question.circuit
    if not raises(circuit):
        # what was raised came of something around the circuit
        return None
    analytic = without_shots(question)
    if analytic is not None and observe(analytic, evaluator).comparison.where is not Signature.RAISE:
        return Blamed(SHOTS, 0, count_of_shots(circuit))
    if _wants_wires(question, evaluator):
        return Blamed(WIRES, 0, count_of_wires(question))
    if _may_be_its_dtype(question) and not raises(with_precision(circuit, "float64")):
        return Blamed(DTYPE, 0, narrow_dtypes(circuit))
    operations = _blame_trainable(circuit, raises) or _left_out(circuit, raises) or _left_out_by_name(circuit, raises)
    return operations or _blame_measurement(circuit)


def _wants_wires(question: Question, evaluator: Evaluator) -> bool:
    """Whether PennyLane refuses for want of a wire, as of one for Hadamard tests."""
    wider = with_wires_to_spare(question)
    failure = None if wider is None else observe(question, evaluator).sides[0].failure
    if wider is None or failure is None or not failure.refusal:
        return False
    return observe(wider, evaluator).comparison.where is not Signature.RAISE


def _may_be_its_dtype(question: Question) -> bool:
    """Half precision is not taken everywhere; nor, under JAX with arrays of 64 bits, is single precision that is differentiated."""
    dtypes = {parameter.dtype for parameter in question.circuit.parameters}
    return bool(dtypes & {*HALF}) or (is_jax_in_double(question) and bool(dtypes & {*NARROW}))


def _blame_trainable(circuit: Circuit, raises: Raises) -> Optional[Blamed]:
    """Operations that make it raise when their parameters alone are trainable, where it is not all of them."""
    inside = _parameters(circuit)
    apart = [position for position, own in enumerate(inside) if own and len(own) < len(circuit.trainable)]
    alone = [position for position in apart if raises(with_trainable(circuit, inside[position]))]
    if not alone or len(alone) == sum(map(bool, inside)):
        return None
    names = dict.fromkeys(circuit.operations[position].name for position in alone)
    return Blamed("operation", alone[0], ", ".join(names), tuple(p for position in alone for p in inside[position]))


def _left_out(circuit: Circuit, raises: Raises) -> Optional[Blamed]:
    """The first operation without which it no longer raises."""
    for position, node in enumerate(circuit.operations):
        if not raises(left_out(circuit, (position,))):
            return Blamed("operation", position, node.name, parameters_at(circuit, position), (position,))
    return None


def _left_out_by_name(circuit: Circuit, raises: Raises) -> Optional[Blamed]:
    """The operations of one name, several but not all, without which it no longer raises."""
    inside = _parameters(circuit)
    for name, count in Counter(node.name for node in circuit.operations).items():
        positions = tuple(i for i, node in enumerate(circuit.operations) if node.name == name)
        if 1 < count < len(circuit.operations) and not raises(left_out(circuit, positions)):
            return Blamed("operation", positions[0], name, tuple(p for i in positions for p in inside[i]), positions)
    return None


def _blame_measurement(circuit: Circuit) -> Optional[Blamed]:
    """What is left where it raises whatever operation is missing."""
    return Blamed("measurement", 0, as_written(circuit.measurements[0].name)) if circuit.measurements else None


def _parameters(circuit: Circuit) -> list[tuple[int, ...]]:
    """Positions of the trainable parameters of each operation."""
    return [parameters_at(circuit, position) for position in range(len(circuit.operations))]

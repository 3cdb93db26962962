"""Where a difference sits, before any cause is asked: as far as the gradients show it, or leaving out and freezing others tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Callable, Optional

from qdiag.diagnosis.experiments.chance import count_of_shots, without_shots
from qdiag.diagnosis.experiments.measurements import plainly
from qdiag.diagnosis.experiments.operations import left_out
from qdiag.diagnosis.experiments.precision import HALF, narrow_dtypes
from qdiag.diagnosis.experiments.surroundings import count_of_wires, with_wires_to_spare
from qdiag.diagnosis.experiments.trainability import parameters_at
from qdiag.diagnosis.symptoms import DTYPE, SHOTS, WIRES, Blamed, is_jax_in_double
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.question import AskArbiter, Observation, Question, observe, with_circuit
from qdiag.model.circuit import Circuit, is_non_linear, reads_outcomes
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.node import parameters_of
from qdiag.model.numerics import gates
from qdiag.model.operator_families import as_written
from qdiag.model.parameter import NARROW
from qdiag.model.variants import with_precision, with_trainable

Compared = Callable[[Circuit], Comparison]
"""How far the two are apart on another circuit."""

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


def names_with(circuit: Circuit, parameters: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Which of some parameters the operations of a circuit hold, by the operations' names as they are written."""
    held: dict[str, tuple[int, ...]] = {}
    position = 0
    for node in circuit.operations:
        inside = tuple(i for i in parameters if position <= i < position + len(parameters_of(node)))
        position += len(parameters_of(node))
        if inside:
            held[as_written(node.name)] = (*held.get(as_written(node.name), ()), *inside)
    return held


def blamed_for_raising(question: Question, evaluator: Evaluator, reference: Optional[AskArbiter] = None) -> Optional[Blamed]:
    """What a method raises on: the first of these that there is; None where it does not raise on the circuit by itself.

    The shots, where it does not raise without; the wires of the device, where PennyLane refuses, and does not with wires to spare; the
    dtype of parameters of half precision, where it does not raise in double precision; a measurement that not every rule covers, where
    it does not with another in its place; operations whose parameters alone make it raise, unless they are elementary gates and
    something else is what they make raise; an operation without which it does not; all operations of a name without which it does not;
    operations of several names that raise by themselves, without all of which it does not; a measurement.

    Parameters
    ----------
    question
        Which one, and beside whom.
    evaluator, reference
        Who answers; without the arbiter nothing can be said of a question with it on one side.
    """

    def seen(asked: Question) -> Observation:
        return observe(asked, evaluator, reference)

    def compared(candidate: Circuit) -> Comparison:
        return seen(with_circuit(question, candidate)).comparison

    def raises(candidate: Circuit) -> bool:
        return compared(candidate).where is Signature.RAISE

    circuit = question.circuit
    if not raises(circuit):
        # what was raised came of something around the circuit
        return None
    analytic = without_shots(question)
    if analytic is not None and seen(analytic).comparison.where is not Signature.RAISE:
        return Blamed(SHOTS, 0, count_of_shots(circuit))
    if _wants_wires(question, seen):
        return Blamed(WIRES, 0, count_of_wires(question))
    if _may_be_its_dtype(question) and not raises(with_precision(circuit, "float64")):
        return Blamed(DTYPE, 0, narrow_dtypes(circuit))
    uncovered = _blame_uncovered(circuit, raises)
    if uncovered is not None:
        return uncovered
    trained = _blame_trainable(circuit, raises)
    if trained is not None and not _leaves_an_error(circuit, trained, compared):
        return _another_than(trained, circuit, compared) or trained
    operations = _left_out(circuit, compared) or trained or _left_out_by_name(circuit, raises) or _left_out_together(circuit, raises)
    return operations or _blame_measurement(circuit)


def _wants_wires(question: Question, seen: Callable[[Question], Observation]) -> bool:
    """Whether PennyLane refuses for want of a wire, as of one for Hadamard tests."""
    wider = with_wires_to_spare(question)
    failure = None if wider is None else seen(question).sides[0].failure
    if wider is None or failure is None or not failure.refusal:
        return False
    return seen(wider).comparison.where is not Signature.RAISE


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


ELEMENTARY = frozenset(gates.FIXED) | frozenset(gates.PARAMETRIC)
"""Gates that no method raises on by themselves, but beside something else."""

MOST_LEFT_OUT = 16
"""Operations that are left out one by one, after the first without which it no longer raises, to see whether another is to blame."""


def _leaves_an_error(circuit: Circuit, trained: Blamed, compared: Compared) -> bool:
    """Whether the two are apart by more than rounding where an operation's parameters are constants: then another is to blame."""
    kept = [position for position in circuit.trainable if position not in trained.parameters]
    return compared(with_trainable(circuit, kept)).verdict is Verdict.ERROR


def _another_than(trained: Blamed, circuit: Circuit, compared: Compared) -> Optional[Blamed]:
    """What raises wherever something before it is trained, as it may under adjoint: no elementary gate raises by itself."""
    if ELEMENTARY.isdisjoint(trained.name.split(", ")):
        return None
    found = _left_out(circuit, compared)
    return found if found is not None and found.name not in ELEMENTARY else None


def _left_out(circuit: Circuit, compared: Compared) -> Optional[Blamed]:
    """An operation without which it no longer raises: of several one whose absence leaves nothing apart, and no elementary gate."""
    found: list[tuple[bool, bool, int]] = []
    for position, node in enumerate(circuit.operations):
        if found and position - found[0][-1] > MOST_LEFT_OUT:
            break
        seen = compared(left_out(circuit, (position,)))
        if seen.where is not Signature.RAISE:
            found.append((seen.verdict is Verdict.ERROR, node.name in ELEMENTARY, position))
    if not found:
        return None
    position = min(found)[-1]
    others = tuple(other for *_, other in found if other != position)
    return Blamed("operation", position, circuit.operations[position].name, parameters_at(circuit, position), (position,), others)


def _left_out_by_name(circuit: Circuit, raises: Raises) -> Optional[Blamed]:
    """The operations of one name, several but not all, without which it no longer raises."""
    inside = _parameters(circuit)
    for name, count in Counter(node.name for node in circuit.operations).items():
        positions = tuple(i for i, node in enumerate(circuit.operations) if node.name == name)
        if 1 < count < len(circuit.operations) and not raises(left_out(circuit, positions)):
            return Blamed("operation", positions[0], name, tuple(p for i in positions for p in inside[i]), positions)
    return None


def _left_out_together(circuit: Circuit, raises: Raises) -> Optional[Blamed]:
    """The operations, several but not all, each of which raises by itself, and without all of which it no longer raises."""
    inside, every = _parameters(circuit), range(len(circuit.operations))
    if len(every) > MOST_LEFT_OUT:
        return None
    alone = tuple(i for i in every if raises(left_out(circuit, [other for other in every if other != i])))
    if not 1 < len(alone) < len(every) or raises(left_out(circuit, alone)):
        return None
    names = dict.fromkeys(circuit.operations[i].name for i in alone)
    return Blamed("operation", alone[0], ", ".join(names), tuple(p for i in alone for p in inside[i]), alone)


def _blame_uncovered(circuit: Circuit, raises: Raises) -> Optional[Blamed]:
    """A measurement that not every rule covers, where it does not raise with Pauli expectation values in the place of that one."""
    for index, measurement in enumerate(circuit.measurements):
        if (is_non_linear(measurement) or reads_outcomes(measurement)) and not raises(plainly(circuit, index)):
            return Blamed("measurement", index, as_written(measurement.name))
    return None


def _blame_measurement(circuit: Circuit) -> Optional[Blamed]:
    """What is left where it raises whatever operation is missing."""
    return Blamed("measurement", 0, as_written(circuit.measurements[0].name)) if circuit.measurements else None


def _parameters(circuit: Circuit) -> list[tuple[int, ...]]:
    """Positions of the trainable parameters of each operation."""
    return [parameters_at(circuit, position) for position in range(len(circuit.operations))]

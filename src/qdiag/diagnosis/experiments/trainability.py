"""Experiments on what is differentiated by, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

from qdiag.diagnosis.cause import Experiment
from qdiag.diagnosis.experiments.changes import edit
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.question import Question
from qdiag.model.circuit import Circuit
from qdiag.model.method import SHIFTED
from qdiag.model.node import parameters_of
from qdiag.model.numerics.surfaces import owned
from qdiag.model.operator_families import MATRICES_OF_NUMBERS, STATE_DATA
from qdiag.model.variants import with_trainable, without_marks


def as_constants(name: str, positions: Sequence[int]) -> Experiment:
    """These parameters made constants."""
    gone = frozenset(positions)

    def change(circuit: Circuit) -> Optional[Circuit]:
        kept = [i for i in circuit.trainable if i not in gone]
        return None if not kept or len(kept) == len(circuit.trainable) else with_trainable(circuit, kept)

    return edit(f"{name} frozen", change)


def only_trainable(name: str, positions: Sequence[int]) -> Experiment:
    """All other parameters made constants."""
    return edit(f"only {name} trainable", lambda circuit: with_trainable(circuit, positions))


DIFFERENCED = "what is differenced"
"""What experiments call the parameters that a shift rule leaves to finite differences."""


def against_differences(positions: Sequence[int]) -> Experiment:
    """These parameters alone, a shift rule against a plain difference quotient: they agree where the one is the other."""

    def change(question: Question, _: Evaluator) -> Optional[Question]:
        shifted = next((method for method in question.methods if method.diff_method in SHIFTED), None)
        if shifted is None:
            return None
        quotient = replace(shifted, diff_method="finite-diff", gradient_options=())
        return replace(question, methods=(shifted, quotient), circuit=with_trainable(question.circuit, positions))

    return Experiment(f"against finite-diff, only {DIFFERENCED} trainable", change)


def observable_parameters(circuit: Circuit) -> tuple[int, ...]:
    """Positions of the parameters inside measurements that are trainable, or marked so."""
    first = sum(len(parameters_of(operation)) for operation in circuit.operations)
    return tuple(i for i in sorted({*circuit.trainable, *circuit.marked}) if i >= first)


def parameters_at(circuit: Circuit, operation: int) -> tuple[int, ...]:
    """Positions of the trainable parameters of one operation."""
    first = sum(len(parameters_of(node)) for node in circuit.operations[:operation])
    last = first + len(parameters_of(circuit.operations[operation]))
    return tuple(i for i in circuit.trainable if first <= i < last)


def _observable_frozen(circuit: Circuit) -> Optional[Circuit]:
    inside = observable_parameters(circuit)
    kept = [i for i in circuit.trainable if i not in inside]
    return without_marks(with_trainable(circuit, kept), inside) if inside and kept else None


OBSERVABLE_FROZEN = edit("observable's coefficients frozen", _observable_frozen)


def constant_angles(circuit: Circuit, beside: str = "") -> frozenset[int]:
    """Positions of the angles that nothing differentiates by, but for those in one name's operations.

    Entries of a state or a matrix are none: where they are to be differentiated, methods refuse, and nothing is answered.
    """
    inside = sum(len(parameters_of(operation)) for operation in circuit.operations)
    numbers = {i for i, p in enumerate(circuit.parameters[:inside]) if p.value.dtype.kind == "f"}
    held = owned(with_trainable(circuit, sorted({*circuit.trainable, *numbers})))
    entries = {place for node, places in held if node.name in MATRICES_OF_NUMBERS | STATE_DATA for place in places}
    owners = (node.name for node in circuit.operations for _ in parameters_of(node))
    own = {i for i, name in enumerate(owners) if name == beside}
    return frozenset(numbers - entries - own - {*circuit.trainable})


def _all_trainable(circuit: Circuit, beside: str = "") -> Optional[Circuit]:
    constants = constant_angles(circuit, beside)
    return with_trainable(circuit, sorted({*circuit.trainable, *constants})) if constants else None


ALL_TRAINABLE = edit("constant angles trainable, too", _all_trainable)


def others_trainable(name: str) -> Experiment:
    """Constant angles made trainable, but for those of one name's operations."""
    return edit(f"constant angles of others than {name} trainable, too", lambda circuit: _all_trainable(circuit, name))

MARKS_OFF = edit("marks taken off what nothing trains", lambda c: without_marks(c, c.marked) if c.marked else None)


FIRST_DERIVATIVE = Experiment("first derivative only", lambda question, _: replace(question, second=False) if question.second else None)

"""What more than one family of causes asks of PennyLane; a fact that one family alone wants stands in its file."""

from __future__ import annotations

import numpy as np

from qdiag.diagnosis.symptoms import Fact, Symptoms
from qdiag.evaluation import remote
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import SHIFTED
from qdiag.model.node import Node, parameters_of, walk
from qdiag.model.numerics.rounding import Law
from qdiag.model.operator_families import PRODUCTS
from qdiag.model.parameter import Parameter

HIDDEN = Fact[tuple[int, ...]]("parameters that the tape hides", remote.hidden_parameters, ())
"""Positions of trainable parameters that PennyLane's tape does not list."""

LEFT_TO_DIFFERENCES = Fact[tuple[int, ...]]("parameters without a shift rule", remote.parameters_left_to_differences, ())
RULED = Fact[tuple[int, ...]]("parameters with a shift rule", remote.parameters_with_a_rule, ())

LOSSY = Fact[tuple[tuple[int, str], ...]](
    "matrices of operations",
    remote.lossy_matrices,
    (),
    arguments=lambda question: (question.circuit, question.interface, question.trusted),
)
"""Operations whose matrix from tracked numbers is not the one from plain numbers: position, and what was lost (``integer`` · ``real`` ·
``different``)."""


REBOUND = Fact[tuple[tuple[int, str], ...]](
    "operations with their numbers bound anew",
    remote.rebound_operations,
    (),
    needs_asking=lambda circuit: bool(parameters_of(circuit.operations)),
)
"""Operations that are others once their own numbers are bound to them again: position and name."""


def _may_be_skewed(circuit: Circuit) -> bool:
    """Whether an observable has a matrix, complex coefficients, or factors that need not commute."""
    parts = [part for measurement in circuit.measurements for part in walk(measurement)]
    matrices = any(np.iscomplexobj(p.value) or p.value.ndim > 1 for p in parts if isinstance(p, Parameter))
    return matrices or any(part.name in PRODUCTS for part in parts if isinstance(part, Node))


SKEWED = Fact(
    "an observable's Hermitian part", remote.hermitian_part, False, read=lambda another: True, needs_asking=_may_be_skewed
)
"""Whether an observable is not Hermitian: its Hermitian part is another one."""


ROWS = Fact("rows of a batch", remote.rows, 1, read=len)
"""How many rows the circuit's batch has; one without a batch axis."""


def is_batched(symptoms: Symptoms) -> bool:
    """Whether the circuit has a batch axis."""
    return symptoms.fact(ROWS) > 1


def differenced_parameters(symptoms: Symptoms) -> tuple[int, ...]:
    """Positions of the trainable parameters that shift rules leave to finite differences."""
    return _seen_on_tape(symptoms, symptoms.fact(LEFT_TO_DIFFERENCES))


def is_differenced(symptoms: Symptoms) -> bool:
    """Whether a shift rule is wrong about parameters that it leaves to finite differences."""
    return symptoms.derivative and bool({*differenced_parameters(symptoms)} & {*symptoms.apart}) and symptoms.involves(*SHIFTED)


def ruled_parameters(symptoms: Symptoms) -> tuple[int, ...]:
    """Positions of the trainable parameters for which operations bring a shift rule."""
    return _seen_on_tape(symptoms, symptoms.fact(RULED))


def _seen_on_tape(symptoms: Symptoms, positions: tuple[int, ...]) -> tuple[int, ...]:
    """Those among them that the tape shows: what it does not is neither shifted nor differenced."""
    return tuple(position for position in positions if position not in symptoms.fact(HIDDEN)) if positions else ()


def law_of(symptoms: Symptoms) -> Law:
    """How far the two methods in question may be apart where nothing is wrong."""
    question = symptoms.question
    shifted = any(method.diff_method in SHIFTED for method in question.methods)
    silent = shifted and bool(differenced_parameters(symptoms))
    return Law.of(question.circuit, [Evaluation(method, differenced=silent) for method in question.methods])

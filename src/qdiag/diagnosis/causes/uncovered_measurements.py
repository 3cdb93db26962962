"""QD307: what is measured is nothing that the rule of a method holds for."""

from __future__ import annotations

from qdiag.diagnosis.cause import Cause, Experiment, flips
from qdiag.diagnosis.causes.approximation import approximation_rival
from qdiag.diagnosis.causes.company import company_rival
from qdiag.diagnosis.causes.singular_points import off_the_point
from qdiag.diagnosis.experiments.changes import in_turn
from qdiag.diagnosis.experiments.measurements import EXPECTATIONS_OF_THE_SAME, plain_expectations
from qdiag.diagnosis.experiments.operations import POSTSELECTION_REMOVED
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.model.circuit import is_non_linear, postselects, reads_outcomes
from qdiag.model.node import nodes_of
from qdiag.model.operator_families import OF_NO_QUBITS

UNCOVERED_MEASUREMENT = Cause(
    code="QD307",
    slug="measurement-not-covered",
    title="measurement that the rule does not cover (variance, purity, postselection, …)",
    remedy='diff_method="backprop", or finite differences in float64',
    applies=lambda symptoms: (
        symptoms.derivative and is_uncovered(symptoms) and symptoms.involves("parameter-shift", "hadamard", "adjoint")
    ),
    predicts=lambda symptoms: (
        *flips(covered_measurement(symptoms)),
        *off_the_point(symptoms),
        *company_rival(symptoms),
        *approximation_rival(symptoms),
    ),
    because=lambda symptoms: _uncovered_words(symptoms),
)


def covered_measurement(symptoms: Symptoms) -> Experiment:
    """The same circuit with what every rule covers in the place of what is measured."""
    if not postselects(symptoms.question.circuit):
        return EXPECTATIONS_OF_THE_SAME if _measures_no_qubits(symptoms) else plain_expectations(None)
    also = _measures_outcomes(symptoms) or _measures_what_is_not_linear(symptoms)
    return in_turn(POSTSELECTION_REMOVED, plain_expectations(None)) if also else POSTSELECTION_REMOVED


def _uncovered_words(symptoms: Symptoms) -> str:
    if postselects(symptoms.question.circuit):
        return "a postselected expectation value is a ratio, for which the rule does not hold"
    if _measures_non_linearly(symptoms):
        return "the measurement is no linear function of the density matrix, for which the rule does not hold"
    return "statistics of what was measured midway are asked for, and the rule takes them for those of an observable"


def is_uncovered(symptoms: Symptoms) -> bool:
    """Whether something is measured that not every rule covers."""
    return _measures_non_linearly(symptoms) or _measures_outcomes(symptoms)


def _measures_outcomes(symptoms: Symptoms) -> bool:
    """Whether statistics of measurements in the middle are asked for."""
    return any(map(reads_outcomes, symptoms.question.circuit.measurements))


def _measures_non_linearly(symptoms: Symptoms) -> bool:
    return postselects(symptoms.question.circuit) or _measures_what_is_not_linear(symptoms)


def _measures_no_qubits(symptoms: Symptoms) -> bool:
    """Whether modes or qutrits are measured, which know no Pauli."""
    measured = (node for one in symptoms.question.circuit.measurements for node in nodes_of(one))
    return any(node.name in OF_NO_QUBITS for node in measured)


def _measures_what_is_not_linear(symptoms: Symptoms) -> bool:
    return any(map(is_non_linear, symptoms.question.circuit.measurements))


CAUSES = (UNCOVERED_MEASUREMENT,)

"""The facts of a divergence that need no hypothesis: which gradients are apart, which are lost or displaced, where the fault sits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

import numpy as np

from qdiag.diagnosis.approximation import approximation_of
from qdiag.diagnosis.blame import ELEMENTARY, MOST_LEFT_OUT, blamed_for_gradients, blamed_for_raising
from qdiag.diagnosis.disturbance import disturbance_of
from qdiag.diagnosis.experiments.measurements import plain_expectations
from qdiag.diagnosis.experiments.operations import DECOMPOSED, taken_apart
from qdiag.diagnosis.facts import law_of, ruled_parameters
from qdiag.diagnosis.symptoms import Blamed, Symptoms
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.comparison.compare import compare
from qdiag.judging.question import AskArbiter, Question, observe
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Divergence
from qdiag.model.method import ARBITER, Method
from qdiag.model.numerics.rounding import NUMERICAL_DERIVATIVE
from qdiag.model.numerics.surfaces import tangential
from qdiag.model.operator_families import as_written

Blocks = tuple[np.ndarray, ...]


def survey(divergence: Divergence, question: Question, evaluator: Evaluator, reference: Optional[AskArbiter] = None) -> Symptoms:
    """Look at a divergence before any hypothesis.

    Parameters
    ----------
    divergence, question
        What was found, and the question that it raises.
    evaluator, reference
        Where evaluations are made, and the arbiter.
    """
    symptoms = Symptoms(divergence, question, evaluator, reference)
    if divergence.signature is Signature.RAISE:
        return replace(symptoms, blamed=blamed_for_raising(question, evaluator, reference))
    symptoms = _with_disturbance(_with_approximation(symptoms, evaluator, reference), evaluator)
    if not symptoms.derivative:
        return replace(symptoms, decomposes_alike=_decomposes_alike(symptoms, evaluator))
    wrong, right = _sides(divergence, question, evaluator, reference)
    if wrong is None or right is None:
        return symptoms
    if symptoms.disturbance is not None:
        return replace(_with_gradients(symptoms, wrong, right), blamed=symptoms.blamed)
    return _locate_difference(_with_gradients(symptoms, wrong, right), evaluator, reference)


REFERENCE = Method("default.qubit", "none")


def _decomposes_alike(symptoms: Symptoms, evaluator: Evaluator) -> bool:
    """Whether the reference device gives the same of the operations and of their decompositions.

    Asked where another device is off, and where one method is while another is right: where all are wrong, this device is, too.
    """
    question = symptoms.question
    asks = symptoms.elsewhere or _has_a_right_side(symptoms)
    if symptoms.signature is not Signature.OUTPUT or not asks or question.circuit.shots:
        return False
    elementary = DECOMPOSED.applied_to(question, evaluator)
    if elementary is None:
        return False
    asked = (replace(one, methods=(REFERENCE, REFERENCE)) for one in (question, elementary))
    whole, parts = (evaluator.submit(one.request(0)).result() for one in asked)
    return compare(whole, parts, elementary.circuit).verdict in HEALED


def _has_a_right_side(symptoms: Symptoms) -> bool:
    """Whether one of the pair is known to be wrong, and the other is a method of PennyLane's that is not."""
    wrong = [method in symptoms.divergence.wrong for method in symptoms.question.methods]
    return any(wrong) and not all(wrong) and ARBITER not in symptoms.question.methods


def _with_approximation(symptoms: Symptoms, evaluator: Evaluator, reference: Optional[AskArbiter]) -> Symptoms:
    """Whether the difference is that of an approximation, which an option of the device steers."""
    if symptoms.divergence.verdict is not Verdict.ERROR or not symptoms.numeric or symptoms.question.circuit.shots:
        return symptoms
    return replace(symptoms, approximation=approximation_of(symptoms.question, symptoms.comparison, evaluator, reference))


def _with_disturbance(symptoms: Symptoms, evaluator: Evaluator) -> Symptoms:
    """Whether what is wrong is a measurement that comes out otherwise beside the others; then it is to blame, whatever else is seen."""
    if symptoms.divergence.verdict is not Verdict.ERROR:
        return symptoms
    question = symptoms.question
    sides = [side for side, method in enumerate(question.methods) if method in symptoms.suspects]
    found = disturbance_of(question, symptoms.comparison, sides, evaluator)
    if found is None:
        return symptoms
    name = as_written(question.circuit.measurements[found.disturbed].name)
    return replace(symptoms, disturbance=found, blamed=Blamed("measurement", found.disturbed, name))


def _locate_difference(symptoms: Symptoms, evaluator: Evaluator, reference: Optional[AskArbiter]) -> Symptoms:
    """Whether the difference sits in composite operations or in the measurements, where a gradient is lost altogether."""
    if not symptoms.lost:
        return symptoms
    elementary = DECOMPOSED.applied_to(symptoms.question, evaluator)
    if elementary is not None and observe(elementary, evaluator, reference).comparison.verdict in HEALED:
        return replace(symptoms, composite=True, blamed=_composite_at_fault(symptoms, evaluator, reference))
    paulis = plain_expectations(None).applied_to(symptoms.question, evaluator)
    if paulis is not None and observe(paulis, evaluator, reference).comparison.verdict in HEALED:
        return replace(symptoms, blamed=Blamed("measurement", 0, as_written(symptoms.question.circuit.measurements[0].name)))
    return symptoms


def _composite_at_fault(symptoms: Symptoms, evaluator: Evaluator, reference: Optional[AskArbiter]) -> Optional[Blamed]:
    """What holds the number whose gradient is lost; where that is an elementary gate, what loses it on the way.

    A gate cannot be taken apart: so it is an operation behind it, or before it, whose gates alone heal that.
    """
    blamed, operations = symptoms.blamed, symptoms.question.circuit.operations
    if blamed is None or blamed.kind != "operation" or operations[blamed.position].name not in ELEMENTARY:
        return blamed
    composite = [position for position, node in enumerate(operations) if node.name not in ELEMENTARY]
    for position in composite[:MOST_LEFT_OUT]:
        apart = taken_apart(position).applied_to(symptoms.question, evaluator)
        if apart is not None and observe(apart, evaluator, reference).comparison.verdict in HEALED:
            return replace(blamed, position=position, name=as_written(operations[position].name))
    return blamed


HEALED = (Verdict.AGREE, Verdict.ROUNDING)


def _sides(
    divergence: Divergence, question: Question, evaluator: Evaluator, reference: Optional[AskArbiter]
) -> tuple[Optional[Blocks], Optional[Blocks]]:
    """The Jacobian of the wrong side and of the other one, summed up by parameter."""
    futures = [evaluator.submit(question.request(side)) for side in (0, 1)]
    evaluations = [future.result() for future in futures]
    first_is_wrong = question.methods[0] in divergence.wrong or question.methods[1] not in divergence.wrong
    wrong, other = evaluations if first_is_wrong else reversed(evaluations)
    judge = reference(question) if reference is not None and divergence.wrong else other
    circuit = question.circuit
    sizes = [question.circuit.parameters[i].value.size for i in question.circuit.trainable]
    return _blocks(wrong, circuit, sizes), _blocks(judge, circuit, sizes) or _blocks(other, circuit, sizes)


COINCIDENCE = 1e-3
"""The chance with which numbers may be the same by coincidence and still be called the same."""


def _blocks(evaluation: Evaluation, circuit: Circuit, sizes: Sequence[int]) -> Optional[Blocks]:
    """One matrix for each trainable parameter: a row for each output element, a column for each of its own elements."""
    if not evaluation.jacobian:
        return None
    rows = [tangential(circuit, output) for output in evaluation.jacobian]
    return tuple(np.concatenate([np.reshape(row[i], (-1, size)) for row in rows]) for i, size in enumerate(sizes))


def _with_gradients(symptoms: Symptoms, wrong: Blocks, right: Blocks) -> Symptoms:
    trainable = symptoms.question.circuit.trainable
    scale = max((float(np.nanmax(np.abs(block), initial=0.0)) for block in (*wrong, *right)), default=0.0) or 1.0
    explained = law_of(symptoms).bounds(scale, gradient=True).largest
    # one side may be the arbiter's, whose error bar is not at hand
    bound = max(symptoms.comparison.bound, explained, NUMERICAL_DERIVATIVE * scale)
    gaps = [_gap(a, b) for a, b in zip(wrong, right)]
    apart = [i for i, gap in enumerate(gaps) if not gap <= bound]
    shifted = all(method.diff_method == "parameter-shift" for method in symptoms.suspects)
    zero = [i for i in apart if not np.any(wrong[i]) and np.nanmax(np.abs(right[i]), initial=0.0) > bound]
    # where a rule was applied, zero is what it gave: that is a wrong rule, not a gradient that was passed over
    lost = [i for i in zero if not (shifted and trainable[i] in ruled_parameters(symptoms))]
    return replace(
        symptoms,
        apart=tuple(trainable[i] for i in apart),
        lost=tuple(trainable[i] for i in lost),
        displaced=len(zero) < len(apart) and _are_displaced(wrong, right, bound, scale),
        blamed=blamed_for_gradients(symptoms.question, [trainable[i] for i in apart]),
    )


def _gap(first: np.ndarray, second: np.ndarray) -> float:
    if first.shape != second.shape:
        return float("inf")
    return float(np.max(np.abs(first - second), initial=0.0))


def _are_displaced(wrong: Blocks, right: Blocks, bound: float, scale: float) -> bool:
    """Whether the wrong gradients, strung together, are the right ones moved by some places.

    Numbers that coincide by chance say nothing: of so many, within a bound that samples make wide. Nor do gradients that are alike at
    all places: what is wrong must be right at another one.
    """
    if any(a.shape != b.shape for a, b in zip(wrong, right)):
        return False
    ours, theirs = np.concatenate(wrong, axis=1), np.concatenate(right, axis=1)
    size = ours.shape[1]
    off = np.abs(ours - theirs) > bound
    for places in range(1, size):
        for here, there in ((slice(places, None), slice(None, -places)), (slice(None, -places), slice(places, None))):
            a, b = ours[:, here], theirs[:, there]
            told = int(np.sum(np.abs(b) > bound))
            if told and off[:, here].any() and (bound / scale) ** told <= COINCIDENCE and np.max(np.abs(a - b)) <= bound:
                return True
    return False

"""QD5: what a circuit is made into before it runs is another one: by a transform, an interface, or a way of measuring midway."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from qdiag.diagnosis.cause import Cause, Experiment, Prediction, flips, leaves, survives
from qdiag.diagnosis.experiments.midway import mcm_method_of, other_mcm_method, under_other_mcm_method
from qdiag.diagnosis.experiments.point import NUDGED_FAR
from qdiag.diagnosis.experiments.surroundings import OTHER_DEVICE, OTHER_INTERFACE
from qdiag.diagnosis.facts import LOSSY
from qdiag.diagnosis.symptoms import WIRES, Symptoms
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.question import Question, with_circuit
from qdiag.model.circuit import measures_midway
from qdiag.model.comparison import Signature
from qdiag.model.probe import Proof
from qdiag.model.transform_families import spelt


def _without_transforms(symptoms: Symptoms) -> Experiment:
    def change(question: Question, _: Evaluator) -> Optional[Question]:
        written = symptoms.call.written
        return None if written is None else with_circuit(question, replace(written, shots=question.circuit.shots))

    return Experiment("transforms removed", change)


TRANSFORM = Cause(
    code="QD505",
    slug="transform-changes-circuit",
    title="transform changes the circuit",
    remedy="remove the transform, or move the parameters off the point where it is singular",
    applies=lambda symptoms: (
        symptoms.divergence.proof is Proof.TRANSFORMS
        if symptoms.divergence.probe is not None
        else symptoms.call.written is not None and bool(symptoms.call.configuration.transforms)
    ),
    predicts=lambda symptoms: (
        () if symptoms.divergence.probe is not None else (*flips(_without_transforms(symptoms)), *leaves(NUDGED_FAR))
    ),
    because=lambda symptoms: _transform_words(symptoms),
    seen_by_probes=True,
)


REPORT_IT = "remove the transform, and report it; until then it can be replaced by gates written as they should run"


CORRECT_IT = "correct the rule that the script gives the transform, or leave the rule out"


OTHER_METRIC = "qml.adjoint_metric_tensor, where the device allows it; and a report to PennyLane"


IF_INTENDED = "nothing, if that is what the transform is for; else compare the circuit before and after it (qml.draw, level)"


def _transform_words(symptoms: Symptoms) -> str:
    names = ", ".join(symptoms.call.configuration.transforms)
    if symptoms.divergence.of_metric:
        made = spelt(symptoms.call.configuration.remade_by)
        return f"what {made} works out from its circuits is not the metric of the circuit's state"
    if symptoms.divergence.rewritten:
        return f"{names} made another circuit of the one that was written; the methods agree on what they were given"
    if symptoms.divergence.probe is not None and symptoms.call.configuration.made:
        right = f"without {names} the QNode has the right gradient at the same arguments"
        return f"{right}; it makes several circuits, and what goes back to these may be wrong as well as what becomes of their results"
    if symptoms.divergence.probe is not None:
        return f"without {names} the QNode has the right gradient at the same arguments"
    return f"the circuit before {names} shows no difference"


MATRIX_BY_INTERFACE = Cause(
    code="QD506",
    slug="matrix-depends-on-interface",
    title="operation's matrix depends on interface or trainability",
    remedy="another interface, or a method that runs on plain numbers (parameter-shift, adjoint)",
    applies=lambda symptoms: any(kind == "different" for _, kind in symptoms.fact(LOSSY)),
    predicts=lambda symptoms: (*flips(OTHER_INTERFACE), *leaves(NUDGED_FAR)),
    because=lambda symptoms: _interface_words(symptoms),
)


def _interface_words(symptoms: Symptoms) -> str:
    position = next(p for p, kind in symptoms.fact(LOSSY) if kind == "different")
    name = symptoms.question.circuit.operations[position].name
    return f"the matrix of {name} from numbers tracked by {symptoms.question.interface} is not the one from plain numbers"


MCM_METHOD = Cause(
    code="QD507",
    slug="mid-circuit-method-changes-result",
    title="method of mid-circuit measurement changes the result",
    remedy='another mcm_method: qml.QNode(..., mcm_method="deferred") or "tree-traversal"',
    remedy_for=lambda symptoms: f'qml.QNode(..., mcm_method="{other_mcm_method(symptoms.question.execution_options)}")',
    applies=lambda symptoms: (
        symptoms.signature is not Signature.DTYPE and measures_midway(symptoms.question.circuit) and not _wants_wires(symptoms)
    ),
    predicts=lambda symptoms: (*flips(_other_measured(symptoms)), *leaves(NUDGED_FAR), *device_rival(symptoms)),
    because=lambda symptoms: _measured_words(symptoms),
)


def _wants_wires(symptoms: Symptoms) -> bool:
    """Tells a way of measuring midway that goes wrong (QD507) from a device without wires for it (QD304)."""
    return symptoms.blamed is not None and symptoms.blamed.kind == WIRES


def _other_measured(symptoms: Symptoms) -> Experiment:
    return under_other_mcm_method(symptoms.question.execution_options)


def device_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells what devices share, a way of measuring midway (QD507) or of binding (QD510), from the kernel of one of them (QD503)."""
    return survives(OTHER_DEVICE) if symptoms.elsewhere else ()


def _measured_words(symptoms: Symptoms) -> str:
    options = symptoms.question.execution_options
    other = other_mcm_method(options)
    right = "does not raise" if symptoms.signature is Signature.RAISE else "gives what our own simulation gives"
    return f'mid-circuit measurements were treated by "{mcm_method_of(options)}"; by "{other}" the same call {right}'


CAUSES = (MCM_METHOD, MATRIX_BY_INTERFACE, TRANSFORM)

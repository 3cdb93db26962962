"""QD504: the script takes the axis of a batch for one of features."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from qdiag.diagnosis.cause import Cause, Experiment, Place, flips, leaves
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.probe_findings import rows_moved
from qdiag.judging.question import Question
from qdiag.model.comparison import Signature
from qdiag.model.findings import ScriptKind
from qdiag.model.probe import Proof

BATCH_AS_FEATURE = Cause(
    code="QD504",
    slug="batch-axis-as-feature",
    title="batch axis mistaken for a feature",
    remedy="take features along the last axis: for i in range(inputs.shape[-1]): qml.RX(inputs[..., i], wires=i)",
    applies=lambda symptoms: (symptoms.signature is Signature.RAISE and _counts_the_batch(symptoms)) or _mixes_rows(symptoms),
    predicts=lambda symptoms: (
        () if _mixes_rows(symptoms) else (*flips(_wires_for_rows(symptoms, 0)), *leaves(_wires_for_rows(symptoms, 1)))
    ),
    because=lambda symptoms: _batch_words(symptoms),
    sits=Place.SCRIPT,
    fileable=False,
    seen_by_probes=True,
    script=ScriptKind.BATCH_AXIS,
)


def _batch_shape(symptoms: Symptoms) -> Optional[tuple[int, ...]]:
    probe = symptoms.divergence.probe
    if probe is not None and probe.batch is not None:
        return probe.batch.shape
    shapes = [a.shape for a in symptoms.call.arguments if a.name == "inputs" or symptoms.call.configuration.layer]
    return next((shape for shape in shapes if len(shape) >= 2), None)


def _counts_the_batch(symptoms: Symptoms) -> bool:
    failure, shape = symptoms.call.failure, _batch_shape(symptoms)
    if failure is None or failure.type != "WireError" or shape is None:
        return False
    return len(symptoms.question.circuit.wires) >= shape[0] > len(symptoms.question.device_wires)


def _wires_for_rows(symptoms: Symptoms, less: int) -> Experiment:
    """A device with a wire for each row of the batch, or with some less."""

    def change(question: Question, _: Evaluator) -> Optional[Question]:
        have = question.device_wires
        wires = (*have, *(wire for wire in question.circuit.wires if wire not in have))
        return replace(question, device_wires=wires[: len(wires) - less])

    rows = (_batch_shape(symptoms) or (0,))[0]
    return Experiment(f"{rows - less} wires on the device", change)


def _mixes_rows(symptoms: Symptoms) -> bool:
    """Whether the QNode itself was probed, and one row's result depends on another row."""
    return symptoms.divergence.proof is Proof.MIXED_ROWS and _batch_shape(symptoms) is not None


def _batch_words(symptoms: Symptoms) -> str:
    shape = _batch_shape(symptoms) or ()
    if _mixes_rows(symptoms):
        probe = symptoms.divergence.probe
        assert probe is not None, "only a probe sees mixed rows"
        name = "inputs" if probe.batch is None else probe.batch.argument
        return f"the QNode got {name} of shape {tuple(shape)}, and took its first axis, the batch, for features: {rows_moved(probe)}"
    return (
        f"the QNode got inputs of shape {tuple(shape)}: len(inputs) is the batch size, {shape[0]}, "
        f"not the number of features, {shape[-1]}"
    )


CAUSES = (BATCH_AS_FEATURE,)

"""QD304: a method that raises on a circuit."""

from __future__ import annotations

from qdiag.bridges.failures import is_inside_torch_func
from qdiag.diagnosis.cause import Cause, Prediction, flips, leaves, survives, unlike
from qdiag.diagnosis.causes.complex_numbers import skewed_rival
from qdiag.diagnosis.experiments.chance import MORE_SHOTS, SHOTS_REMOVED
from qdiag.diagnosis.experiments.measurements import plain_expectations
from qdiag.diagnosis.experiments.midway import other_mcm_method
from qdiag.diagnosis.experiments.operations import delete_operations, leave_out
from qdiag.diagnosis.experiments.precision import FLOAT64_PARAMETERS, narrow_again
from qdiag.diagnosis.experiments.rows import each_row
from qdiag.diagnosis.experiments.surroundings import UNCOMPILED, WIRES_TO_SPARE, WIRES_TURNED, missing_wires
from qdiag.diagnosis.experiments.trainability import MARKS_OFF, as_constants, only_trainable
from qdiag.diagnosis.facts import is_batched
from qdiag.diagnosis.in_transforms import inside_transform
from qdiag.diagnosis.symptoms import DTYPE, SHOTS, WIRES, Symptoms
from qdiag.model.circuit import midway_measurements
from qdiag.model.comparison import Signature
from qdiag.model.node import Node, parameters_of

REFUSES = Cause(
    code="QD304",
    slug="method-refuses-or-breaks",
    title="method refuses or breaks on this circuit",
    remedy="another diff_method for this circuit, or the operation's decomposition",
    # Torch's refusal of a complex gradient is a cause of its own (QD203), and JAX's of narrow tangents (QD109)
    applies=lambda symptoms: (
        symptoms.signature is Signature.RAISE
        and symptoms.call.configuration.interface != ""
        and not symptoms.complex_gradient
        and not symptoms.narrow_beside_double
    ),
    predicts=lambda symptoms: (
        *_raising(symptoms),
        *skewed_rival(symptoms),
        *_marks_rival(symptoms),
        *_compiling_rival(symptoms),
        *_batch_rival(symptoms),
    ),
    because=lambda symptoms: _raise_words(symptoms),
    remedy_for=lambda symptoms: _another_way(symptoms),
    says_why=False,
)


def _another_way(symptoms: Symptoms) -> str:
    if any(is_inside_torch_func(failure) for _, failure in symptoms.divergence.raised):
        return 'torch.autograd.functional (jacobian, hessian) instead of torch.func, which sees into diff_method="backprop" alone'
    if symptoms.blamed is not None and symptoms.blamed.kind == SHOTS:
        return 'diff_method="parameter-shift", which takes shots; or no shots'
    if symptoms.blamed is not None and symptoms.blamed.kind == WIRES:
        return _more_wires(symptoms)
    measured = symptoms.blamed is not None and symptoms.blamed.kind == "measurement"
    if _none_runs(symptoms) and symptoms.blamed is not None:
        instead = "something else to measure" if measured else f"other numbers for {symptoms.blamed_name}, or its gates written out"
        return f"{instead}: no diff_method runs it as it is"
    return "another diff_method for what is measured here" if measured else REFUSES.remedy


def _none_runs(symptoms: Symptoms) -> bool:
    """Whether every other method was asked and raises as well: then the one that raises is held against itself."""
    return len(set(symptoms.question.methods)) == 1 and len(symptoms.divergence.raised) > 1


def _more_wires(symptoms: Symptoms) -> str:
    missing = missing_wires(symptoms.question)
    if missing:
        named = ", ".join(map(repr, missing))
        return f"wire{'s' * (len(missing) > 1)} {named} on the device, too, where it is made; or other wires in the circuit"
    if midway_measurements(symptoms.question.circuit):
        other = f'mcm_method="{other_mcm_method(symptoms.question.execution_options)}"'
        return f"a device with more wires: each measurement in the middle takes one of its own where it is deferred; or {other}"
    return f"one wire more on the device, which {symptoms.question.methods[0].diff_method} takes for itself; or another diff_method"


def _raising(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Without what is to blame it no longer raises; without another operation it still does."""
    blamed, circuit = symptoms.blamed, symptoms.question.circuit
    if blamed is None:
        return ()
    if blamed.kind == SHOTS:
        return (*flips(SHOTS_REMOVED), *leaves(MORE_SHOTS))
    if blamed.kind == WIRES:
        return (*flips(WIRES_TO_SPARE), *leaves(WIRES_TURNED))
    if blamed.kind == DTYPE:
        return (*flips(FLOAT64_PARAMETERS), *leaves(narrow_again(blamed.name)))
    if blamed.kind == "measurement":
        return flips(plain_expectations(None))
    if not blamed.removable and blamed.parameters and set(circuit.trainable) - set(blamed.parameters):
        return (*flips(as_constants(blamed.name, blamed.parameters)), *leaves(only_trainable(blamed.name, blamed.parameters)))
    gone = blamed.removable or (blamed.position,)
    others = [i for i, node in enumerate(circuit.operations) if i not in (*gone, *blamed.too) and not _trains(node)]
    kept = leaves(delete_operations(f"{circuit.operations[others[0]].name} ({others[0]})", others[:1])) if others else ()
    return (*flips(leave_out(blamed.name, gone, circuit)), *kept)


def _marks_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells what raises by itself (QD304) from numbers that count as trainable for their mark alone (QD402)."""
    return unlike(MARKS_OFF) if symptoms.question.circuit.marked else ()


def _compiling_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells a method that raises (QD304) from one that raises only where it is compiled (QD511)."""
    return survives(UNCOMPILED) if any(method.compiled for method in symptoms.question.methods) else ()


def _batch_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells a circuit on which a method raises (QD304) from a batch of them that it does not take (QD501)."""
    return survives(each_row(symptoms.reference)) if is_batched(symptoms) else ()


def _trains(node: Node) -> bool:
    return any(parameter.trainable for parameter in parameters_of(node))


def _raise_words(symptoms: Symptoms) -> str:
    if symptoms.call.configuration.remade_by:
        return inside_transform(symptoms.call)
    words = next((f"{failure.type}: {failure.message}" for _, failure in symptoms.divergence.raised), symptoms.comparison.detail)
    where = f" on {symptoms.blamed}" if symptoms.blamed is not None else ""
    return f"{symptoms.question.methods[0].diff_method} raises{where}: {words}"


CAUSES = (REFUSES,)

"""QD5: the circuit that runs is not the one that was written, or runs differently."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from qdiag.diagnosis.cause import Cause, Experiment, Place, Prediction, Role, flips, leaves, survives, unlike
from qdiag.diagnosis.causes.approximation import APPROXIMATION, approximation_rival
from qdiag.diagnosis.causes.company import company_rival
from qdiag.diagnosis.causes.complex_numbers import skewed_rival
from qdiag.diagnosis.causes.precision import default_dtype_rival
from qdiag.diagnosis.experiments.chance import each_twice
from qdiag.diagnosis.experiments.measurements import measured_alone, measured_beside
from qdiag.diagnosis.experiments.midway import mcm_method_of, other_mcm_method, under_other_mcm_method
from qdiag.diagnosis.experiments.operations import BOUND_ANEW, DECOMPOSED
from qdiag.diagnosis.experiments.point import NUDGED_FAR
from qdiag.diagnosis.experiments.rows import EACH_ROW, row_alone
from qdiag.diagnosis.experiments.surroundings import OTHER_DEVICE, OTHER_INTERFACE, UNCOMPILED, WIRES_AS_USED
from qdiag.diagnosis.experiments.trainability import OBSERVABLE_FROZEN, observable_parameters
from qdiag.diagnosis.facts import LOSSY, REBOUND, ROWS, is_batched
from qdiag.diagnosis.symptoms import WIRES, Symptoms
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.probe_findings import rows_moved
from qdiag.judging.question import Question, with_circuit
from qdiag.model.circuit import measures_midway
from qdiag.model.comparison import Signature
from qdiag.model.element import Kind
from qdiag.model.findings import Outcome, ScriptKind
from qdiag.model.method import COMPILED_BY, JIT, QJIT
from qdiag.model.node import Node, nodes_of
from qdiag.model.operator_families import as_written
from qdiag.model.probe import Proof
from qdiag.model.transform_families import spelt


def _rows_alone(symptoms: Symptoms) -> Experiment:
    """The row in which the difference shows by itself; where it is of no single row (a shared weight's gradient), each of them."""
    shown = None if symptoms.signature is Signature.RAISE else _shown_row(symptoms)
    return EACH_ROW if shown is None else row_alone(shown)


def _shown_row(symptoms: Symptoms) -> Optional[int]:
    """The row of the number that is shown; None where it is of no single row."""
    element = symptoms.comparison.element
    of_row = element is not None and element.kind in (Kind.OUTPUT, Kind.JACOBIAN) and bool(element.index)
    return element.index[0] if element is not None and of_row and element.index[0] < symptoms.fact(ROWS) else None


BROADCASTING = Cause(
    code="QD501",
    slug="broadcasting",
    title="broadcasting",
    remedy="call the QNode row by row: qml.math.stack([circuit(x) for x in batch])",
    applies=is_batched,
    predicts=lambda symptoms: (
        *flips(_rows_alone(symptoms)),
        *leaves(NUDGED_FAR),
    ),
    because=lambda symptoms: _batched_words(symptoms),
)


def _batched_words(symptoms: Symptoms) -> str:
    if symptoms.signature is not Signature.RAISE:
        return "row by row the methods agree; together they do not"
    own = symptoms.question.methods[0].diff_method
    return f"row by row {own} takes the circuit; a batch of them together it does not"


REBINDING = Cause(
    code="QD510",
    slug="lost-in-binding",
    title="an operation is another one once its numbers are bound anew",
    remedy="the gates that it is made of, written out, or (but for a state under adjoint) constants as NumPy arrays; and report it",
    # what runs then is another circuit, which its outputs show first
    applies=lambda symptoms: symptoms.signature is Signature.OUTPUT and bool(symptoms.fact(REBOUND)),
    predicts=lambda symptoms: (
        *flips(BOUND_ANEW),
        *leaves(NUDGED_FAR),
        *_device_rival(symptoms),
        *default_dtype_rival(symptoms),
    ),
    because=lambda symptoms: (
        f"{' and '.join(sorted({name for _, name in symptoms.fact(REBOUND)}))}, bound to its own numbers again, is another "
        "operation; PennyLane binds numbers anew wherever it takes them out of an interface"
    ),
)


DECOMPOSITION = Cause(
    code="QD502",
    slug="decomposition-changes-result",
    title="decomposition changes the result",
    remedy="report it; until then write out the gates that you mean",
    applies=lambda symptoms: symptoms.signature is Signature.OUTPUT and not symptoms.fact(LOSSY) and not _is_of_the_kernel(symptoms),
    predicts=lambda symptoms: (
        *flips(DECOMPOSED),
        *leaves(NUDGED_FAR),
        *_binding_rival(symptoms),
        *company_rival(symptoms),
        *approximation_rival(symptoms),
        *default_dtype_rival(symptoms),
    ),
    because=lambda symptoms: f"{symptoms.blamed or 'an operation'} and its decomposition give different results",
)


def _binding_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells a decomposition (QD502) from binding (QD510), which an operation that is decomposed does not live to see."""
    return survives(BOUND_ANEW) if symptoms.fact(REBOUND) else ()


def _is_of_the_kernel(symptoms: Symptoms) -> bool:
    """Tells a decomposition (QD502) from a kernel (QD503), which what is decomposed never comes to: elsewhere both give the same."""
    return symptoms.elsewhere and symptoms.decomposes_alike


DEVICE_KERNEL = Cause(
    code="QD503",
    slug="device-kernel",
    title="device kernel",
    remedy="another device or method for this circuit, or wires named in the order of their use; and a report to the device's authors",
    applies=lambda symptoms: (
        symptoms.numeric and not _is_differenced(symptoms) and (_is_of_another_device(symptoms) or _is_of_the_order(symptoms))
    ),
    predicts=lambda symptoms: (
        *flips(OTHER_DEVICE if symptoms.elsewhere else WIRES_AS_USED),
        *leaves(NUDGED_FAR),
        *skewed_rival(symptoms),
        *company_rival(symptoms),
        *approximation_rival(symptoms),
        *default_dtype_rival(symptoms),
    ),
    because=lambda symptoms: (
        f"{symptoms.suspects[0].device} gives another result than default.qubit for the same method"
        if symptoms.elsewhere
        else f"{symptoms.suspects[0]} goes wrong over the order of the wires, which is not that of their use"
    ),
)


def _is_of_another_device(symptoms: Symptoms) -> bool:
    """Tells a kernel (QD503) from a gradient that is dropped (QD302): a method that drops one may do so on one device only.

    Where all devices of a method drop it, another device heals nothing; where one does, it is still the method's rule that is missing.
    """
    return symptoms.elsewhere and not symptoms.lost


def _is_of_the_order(symptoms: Symptoms) -> bool:
    """Tells an order of wires that the reference device itself goes wrong over from another device's kernel (both QD503).

    Of a gradient, rows may well be exactly zero where the permutation puts them: that is no gradient dropped (QD302).
    """
    return symptoms.uses_another_order and not symptoms.elsewhere


def _is_differenced(symptoms: Symptoms) -> bool:
    """Tells a kernel (QD503) from a difference quotient (QD105), which is off on any device."""
    return symptoms.involves("finite-diff")


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
OTHER_METRIC = "qml.adjoint_metric_tensor, where the device allows it; and a report to PennyLane"
IF_INTENDED = "nothing, if that is what the transform is for; else compare the circuit before and after it (qml.draw, level)"


def _transform_words(symptoms: Symptoms) -> str:
    names = ", ".join(symptoms.call.configuration.transforms)
    if symptoms.divergence.of_metric:
        made = spelt(symptoms.call.configuration.remade_by)
        return f"what {made} works out from its circuits is not the metric of the circuit's state"
    if symptoms.divergence.rewritten:
        return f"{names} made another circuit of the one that was written; the methods agree on what they were given"
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
    applies=lambda symptoms: (
        symptoms.signature is not Signature.DTYPE and measures_midway(symptoms.question.circuit) and not _wants_wires(symptoms)
    ),
    predicts=lambda symptoms: (*flips(_other_measured(symptoms)), *leaves(NUDGED_FAR), *_device_rival(symptoms)),
    because=lambda symptoms: _measured_words(symptoms),
)


def _wants_wires(symptoms: Symptoms) -> bool:
    """Tells a way of measuring midway that goes wrong (QD507) from a device without wires for it (QD304)."""
    return symptoms.blamed is not None and symptoms.blamed.kind == WIRES


def _other_measured(symptoms: Symptoms) -> Experiment:
    return under_other_mcm_method(symptoms.question.execution_options)


def _device_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells what devices share, a way of measuring midway (QD507) or of binding (QD510), from the kernel of one of them (QD503)."""
    return survives(OTHER_DEVICE) if symptoms.elsewhere else ()


def _measured_words(symptoms: Symptoms) -> str:
    options = symptoms.question.execution_options
    other = other_mcm_method(options)
    right = "does not raise" if symptoms.signature is Signature.RAISE else "gives what our own simulation gives"
    return f'mid-circuit measurements were treated by "{mcm_method_of(options)}"; by "{other}" the same call {right}'


DISTURBED = Cause(
    code="QD508",
    slug="measurements-disturb-each-other",
    title="measurements of one QNode disturb each other",
    remedy="measure them in QNodes of their own, or on another device; and a report to the device's authors",
    applies=lambda symptoms: symptoms.disturbance is not None and not _has_moved(symptoms),
    predicts=lambda symptoms: (
        *flips(*_alone(symptoms)),
        *leaves(NUDGED_FAR, *_beside_what_disturbs(symptoms)),
        *(survives(_rows_alone(symptoms)) if is_batched(symptoms) else ()),
        *(survives(WIRES_AS_USED) if symptoms.uses_another_order else ()),
        *(unlike(OBSERVABLE_FROZEN) if symptoms.derivative and observable_parameters(symptoms.question.circuit) else ()),
    ),
    because=lambda symptoms: _disturbed_words(symptoms),
)


def _has_moved(symptoms: Symptoms) -> bool:
    """Tells measurements that disturb each other (QD508) from numbers of one that move the gradients of another (QD303)."""
    return symptoms.derivative and symptoms.displaced


def _alone(symptoms: Symptoms) -> tuple[Experiment, ...]:
    return () if symptoms.disturbance is None else (measured_alone(symptoms.disturbance.disturbed),)


def _beside_what_disturbs(symptoms: Symptoms) -> tuple[Experiment, ...]:
    found = symptoms.disturbance
    return () if found is None else (measured_beside(found.disturbed, found.by),)


def _disturbed_words(symptoms: Symptoms) -> str:
    found, measurements = symptoms.disturbance, symptoms.question.circuit.measurements
    assert found is not None, "without a disturbance it does not apply"
    others = " and ".join(_in_words(measurements[position]) for position in found.by)
    return f"under {found.method}, {_in_words(measurements[found.disturbed])} comes out otherwise beside {others} than alone"


def _in_words(measurement: Node) -> str:
    """A measurement such as ``expval of PauliX on wire 1``."""
    of = "".join(f" of {node.name}" for node in nodes_of(measurement)[1:2])
    wires = ", ".join(map(str, measurement.wires))
    on = f" on wire{'s' if len(measurement.wires) > 1 else ''} {wires}" if wires else ""
    return f"{as_written(measurement.name)}{of}{on}"


SOMETHING_ELSE = "compiled by jax.jit, the circuit gives something else"

_WITHOUT = {
    COMPILED_BY[JIT]: 'call it without jax.jit, or jit a QNode with diff_method="backprop" on default.qubit; and report it',
    COMPILED_BY[QJIT]: "call it without qml.qjit, or under another diff_method that Catalyst compiles; and report it",
}

COMPILING = Cause(
    code="QD511",
    slug="compiling-changes-result",
    title=SOMETHING_ELSE,
    remedy=_WITHOUT[COMPILED_BY[JIT]],
    applies=lambda symptoms: _differ_in_compiling_alone(symptoms),
    predicts=lambda symptoms: (*flips(UNCOMPILED), *leaves(NUDGED_FAR), *_chance_rival(symptoms)),
    because=lambda symptoms: _compiled_words(symptoms),
    remedy_for=lambda symptoms: _WITHOUT[_compiler_of(symptoms)],
    title_for=lambda symptoms: (
        f"raises only where {_compiler_of(symptoms)} compiles the call" if symptoms.signature is Signature.RAISE else SOMETHING_ELSE
    ),
)


def _differ_in_compiling_alone(symptoms: Symptoms) -> bool:
    """Whether the pair is one method, compiled and not: then taking the compiler away changes exactly one thing."""
    one, other = symptoms.question.methods
    if QJIT in (one.compiled, other.compiled) and symptoms.signature is not Signature.RAISE:
        # Catalyst has rules of its own: which one is wrong says more
        return False
    return one.compiled != other.compiled and replace(one, compiled="") == replace(other, compiled="")


def _compiler_of(symptoms: Symptoms) -> str:
    return next((COMPILED_BY[method.compiled] for method in symptoms.question.methods if method.compiled), COMPILED_BY["jit"])


def _chance_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells what the compiler makes of a call (QD511) from a method that gives other numbers each time (QD602)."""
    if symptoms.signature is Signature.RAISE:
        return ()
    return tuple(Prediction(each_twice(compiled), Outcome.HEALS, Role.RIVAL) for compiled in (False, True))


def _compiled_words(symptoms: Symptoms) -> str:
    compiled = next(method for method in symptoms.question.methods if method.compiled)
    plain = replace(compiled, compiled="")
    if symptoms.signature is not Signature.RAISE:
        return f"{compiled} and {plain} are one method, and each gives the same numbers every time: theirs differ"
    raised = next((failure for failure in (symptoms.call.failure, *symptoms.comparison.failures) if failure is not None), None)
    what = "it raises" if raised is None else f"it raises {raised.type}: {_first_line(raised.message)}"
    where = f" on {symptoms.blamed}" if symptoms.blamed is not None else ""
    return f"{plain} takes the same call; compiled by {COMPILED_BY[compiled.compiled]}, {what}{where}"


def _first_line(message: str) -> str:
    """What JAX says of an exception; below it stands the program that it was tracing."""
    return message.strip().partition("\n")[0]


CAUSES = (
    BATCH_AS_FEATURE,
    MCM_METHOD,
    MATRIX_BY_INTERFACE,
    TRANSFORM,
    COMPILING,
    DISTURBED,
    APPROXIMATION,
    BROADCASTING,
    REBINDING,
    DECOMPOSITION,
    DEVICE_KERNEL,
)

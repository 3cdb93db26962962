"""QD1: the numbers are right up to a precision that is lower than the user thinks."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import numpy as np

from qdiag.diagnosis.cause import Cause, Experiment, Place, Prediction, Role, flips, leaves, survives, unlike
from qdiag.diagnosis.experiments.changes import edit, in_turn
from qdiag.diagnosis.experiments.method_options import LARGER_STEP
from qdiag.diagnosis.experiments.point import NUDGED_FAR
from qdiag.diagnosis.experiments.precision import (
    DEFAULT_FLOAT64,
    FLOAT64_DEVICE,
    FLOAT64_PARAMETERS,
    FLOAT64_THROUGHOUT,
    HALF,
    amplitude_positions,
    in_single_precision,
    narrow_again,
    narrow_dtypes,
    widened,
    widened_amplitudes,
)
from qdiag.diagnosis.experiments.surroundings import ON_THE_CPU, OTHER_DEVICE
from qdiag.diagnosis.experiments.trainability import DIFFERENCED, as_constants
from qdiag.diagnosis.facts import differenced_parameters, law_of
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.findings import Outcome, ScriptKind
from qdiag.model.method import COMPILED_BY
from qdiag.model.parameter import NARROW, Parameter
from qdiag.model.variants import with_parameters


def _narrow(parameter: Parameter) -> bool:
    return parameter.dtype in NARROW


def _has_narrow_amplitudes(circuit: Circuit) -> bool:
    return any(_narrow(circuit.parameters[position]) for position in amplitude_positions(circuit))


def _narrow_circuit(symptoms: Symptoms) -> bool:
    return any(_narrow(parameter) for parameter in symptoms.question.circuit.parameters)


def _narrow_device(symptoms: Symptoms) -> bool:
    return _told_narrow(symptoms) or bool(symptoms.narrow_devices)


def _told_narrow(symptoms: Symptoms) -> bool:
    """Whether a device was asked to work in single precision."""
    return any(method.device_precision == "complex64" for method in symptoms.question.methods)


def _wide_device(symptoms: Symptoms) -> Experiment:
    """The change that takes single precision away from the device: one that has no other gives place to the reference device."""
    return OTHER_DEVICE if symptoms.narrow_devices else FLOAT64_DEVICE


def _nothing_narrow_but_the_device(symptoms: Symptoms) -> tuple[Experiment, ...]:
    """The changes that leave the device as the only thing in single precision, where the parameters are so as well, or the results."""
    return (
        *((FLOAT64_PARAMETERS,) if _narrow_circuit(symptoms) else ()),
        *((DEFAULT_FLOAT64,) if _handed_on_in_float32(symptoms) else ()),
    )


def _wide_device_at_last(symptoms: Symptoms) -> Experiment:
    """The change of the device, where nothing else is in single precision any more: by that alone the gap did not close."""
    return reduce(in_turn, (*_nothing_narrow_but_the_device(symptoms), _wide_device(symptoms)))


def _handed_on_in_float32(symptoms: Symptoms) -> bool:
    """Whether a method that runs on plain numbers gave float32: then its results became torch's default dtype, on top of all else.

    Where both gave the same dtype, it is that of what the script got.
    """
    methods, dtypes = symptoms.question.methods, symptoms.comparison.dtypes
    if not dtypes:
        got = {output.dtype.name for output in symptoms.call.outputs or ()}
        dtypes = ("float32",) * len(methods) if got == {"float32"} and all(m.diff_method != "backprop" for m in methods) else ()
    narrow = any(method.diff_method != "backprop" and dtype == "float32" for method, dtype in zip(methods, dtypes))
    return narrow and symptoms.question.default_dtype == "float32"


def _widen_precision(circuit: Circuit, inside: bool) -> Circuit:
    """The circuit with its amplitudes (or everything but them) in double precision."""
    amplitudes = amplitude_positions(circuit)
    wide = widened_amplitudes if inside else widened
    narrow = {i for i, p in enumerate(circuit.parameters) if _narrow(p) and (i in amplitudes) is inside}
    return with_parameters(circuit, [wide(p) if i in narrow else p for i, p in enumerate(circuit.parameters)]) if narrow else circuit


AMPLITUDES_FLOAT64 = edit("float64 amplitudes", lambda circuit: _widen_precision(circuit, True))
ANGLES_FLOAT64 = edit("float64 parameters other than amplitudes", lambda circuit: _widen_precision(circuit, False))


def _move_angles(circuit: Circuit) -> Circuit:
    """All angles elsewhere, constants and data among them; amplitudes and matrices stay."""
    amplitudes, signs = amplitude_positions(circuit), np.random.default_rng(106)

    def move(parameter: Parameter) -> Parameter:
        value = parameter.value
        return replace(parameter, value=(value + signs.uniform(0.3, 1.0, value.shape)).astype(value.dtype))

    free = {i for i, p in enumerate(circuit.parameters) if p.value.dtype.kind == "f" and p.value.ndim < 2 and i not in amplitudes}
    return with_parameters(circuit, [move(p) if i in free else p for i, p in enumerate(circuit.parameters)]) if free else circuit


EVERYTHING_MOVED = edit("all angles moved, data among them", _move_angles)


def _finite_difference_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    return unlike(LARGER_STEP) if symptoms.involves("finite-diff") else ()


def _difference_quotient_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Rounding sits in every gate; an error that goes with what a shift rule differences is no rounding."""
    if symptoms.comparison.verdict is not Verdict.ERROR or not differenced_parameters(symptoms):
        return ()
    return survives(as_constants(DIFFERENCED, differenced_parameters(symptoms)))


_DOUBLE_IN_TORCH = "torch.set_default_dtype(torch.float64) before the model is made, and x.double() for data"
_DOUBLE_IN_JAX = 'jax.config.update("jax_enable_x64", True) at the top of the script: without it JAX makes no array of 64 bits'


_DOUBLE_ARRAYS_IN_JAX = (
    "jnp.asarray(weights, dtype=float) before the training, and of what is loaded as float32: with jax_enable_x64 results are float64, "
    "and what was made in float32 stays so"
)


def is_under_jax(symptoms: Symptoms) -> bool:
    """Whether the call was made under JAX."""
    return symptoms.question.interface == "jax"


def remedy_in_jax(symptoms: Symptoms) -> str:
    """Where arrays of 64 bits are switched on, those that are narrow were made so."""
    return _DOUBLE_ARRAYS_IN_JAX if symptoms.question.default_dtype == "float64" else _DOUBLE_IN_JAX


FLOAT32_PARAMETERS = Cause(
    code="QD101",
    slug="float32-parameters",
    title="float32 parameters",
    remedy=_DOUBLE_IN_TORCH,
    remedy_for=lambda symptoms: remedy_in_jax(symptoms) if is_under_jax(symptoms) else _DOUBLE_IN_TORCH,
    applies=lambda symptoms: symptoms.numeric and _narrow_circuit(symptoms),
    predicts=lambda symptoms: (
        *flips(FLOAT64_THROUGHOUT if _handed_on_in_float32(symptoms) else FLOAT64_PARAMETERS),
        *leaves(narrow_again(narrow_dtypes(symptoms.question.circuit))),
        *(unlike(_wide_device(symptoms)) if _narrow_device(symptoms) else ()),
        *(survives(AMPLITUDES_FLOAT64) if amplitude_positions(symptoms.question.circuit) else ()),
        *_finite_difference_rival(symptoms),
        *_difference_quotient_rival(symptoms),
        *_point_rival(symptoms),
    ),
    because=lambda symptoms: _float32_words(symptoms),
    title_for=lambda symptoms: f"{narrow_dtypes(symptoms.question.circuit)} parameters",
    verdicts=(Verdict.ROUNDING, Verdict.ERROR),
)


def _float32_words(symptoms: Symptoms) -> str:
    methods = {method.diff_method for method in symptoms.question.methods}
    others = " and ".join(sorted(methods - {"backprop"})) or "the other method"
    dtypes = narrow_dtypes(symptoms.question.circuit)
    one, other = symptoms.question.methods
    if one.compiled != other.compiled and one.diff_method == other.diff_method:
        compiler = COMPILED_BY[one.compiled or other.compiled]
        return f"what {compiler} compiles does its arithmetic in another order, and {dtypes} parameters are rounded at other places"
    state = "complex64" if dtypes == "float32" else "half precision" if dtypes in HALF else "their own precision"
    first = f"backprop builds gate matrices in {state} from {dtypes} parameters; {others} computes in complex128"
    if "backprop" in methods and _handed_on_in_float32(symptoms):
        why = "as all arrays of JAX without x64" if is_under_jax(symptoms) else "Torch's default dtype"
        return f"{first}, and its results become float32, {why}"
    if "backprop" in methods:
        return first
    return f"{dtypes} parameters are rounded at different places by the two methods"


COMPLEX64_DEVICE = Cause(
    code="QD102",
    slug="complex64-device",
    title="device works in complex64",
    remedy="qml.device(..., c_dtype=np.complex128)",
    applies=lambda symptoms: symptoms.numeric and _narrow_device(symptoms),
    predicts=lambda symptoms: (
        *flips(_wide_device_at_last(symptoms)),
        *leaves(FLOAT64_PARAMETERS),
        *_as_on_another_narrow_device(symptoms),
        *(unlike(DEFAULT_FLOAT64) if _handed_on_in_float32(symptoms) else ()),
        *_finite_difference_rival(symptoms),
        *_point_rival(symptoms),
    ),
    because=lambda symptoms: _complex64_words(symptoms),
    remedy_for=lambda symptoms: (
        "another device where more than seven digits are needed; no finite differences with their default step on this one"
        if symptoms.narrow_devices
        else "qml.device(..., c_dtype=np.complex128)"
    ),
    verdicts=(Verdict.ROUNDING, Verdict.ERROR),
)


def _may_be_of_the_default_dtype(symptoms: Symptoms) -> bool:
    return (
        symptoms.numeric
        and symptoms.question.default_dtype == "float32"
        and not is_under_jax(symptoms)
        and not _narrow_circuit(symptoms)
        and not _narrow_device(symptoms)
    )


def default_dtype_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells what an operation or a device has wrong from Torch's default dtype (QD103), where its rounding explains the gap."""
    small = _may_be_of_the_default_dtype(symptoms) and _is_explained_in_single(symptoms)
    return survives(DEFAULT_FLOAT64) if small else ()


def _is_explained_in_single(symptoms: Symptoms) -> bool:
    """Whether single precision explains the gap."""
    single = replace(law_of(symptoms), eps=float(np.finfo(np.float32).eps))
    return bool(symptoms.comparison.max_abs <= single.bounds(symptoms.comparison.scale, gradient=symptoms.derivative).working)


def _is_drawn(symptoms: Symptoms) -> bool:
    """Tells rounding to Torch's default dtype (QD103) from two draws (QD601): with one seed they agree, whatever is changed."""
    return bool(symptoms.question.circuit.shots) and not _is_explained_in_single(symptoms)


def _complex64_words(symptoms: Symptoms) -> str:
    if symptoms.narrow_devices:
        names = " and ".join(symptoms.narrow_devices)
        seen = "neighbouring points give results that are granular at 6e-8, as in complex64"
        return f"{names} works in single precision, whatever the dtype of its results: {seen}"
    return "the state is kept in complex64: every amplitude is rounded to 6e-8, whatever the dtype of the parameters"


def _as_on_another_narrow_device(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Where the device has no other precision: single precision on another one makes a gap of the kind, too."""
    if not symptoms.narrow_devices:
        return ()
    return (Prediction(in_single_precision(symptoms.narrow_devices), Outcome.PERSISTS, Role.NEUTRAL, (Outcome.MOVES,)),)


DEFAULT_DTYPE_RESULTS = Cause(
    code="QD103",
    slug="results-in-default-dtype",
    title="results become Torch's default dtype",
    remedy="torch.set_default_dtype(torch.float64)",
    applies=lambda symptoms: _may_be_of_the_default_dtype(symptoms) and not _is_drawn(symptoms),
    predicts=lambda symptoms: flips(DEFAULT_FLOAT64),
    because=lambda symptoms: (
        "constants inside the device's own operations become tensors of Torch's default dtype, float32"
        if symptoms.involves("backprop")
        else "the device returns Python floats and Torch's default dtype, float32, decides what they become"
    ),
    verdicts=(Verdict.ROUNDING, Verdict.ERROR),
    sits=Place.RESULT,
    script=ScriptKind.RESULT_DTYPE,
)

PLACEMENT = Cause(
    code="QD108",
    slug="numbers-on-a-gpu",
    title="a GPU gives other numbers than the CPU",
    remedy='keep the numbers of the quantum layer on the CPU: layer.to("cpu"), layer(x.cpu()); or accept the rounding of the GPU',
    applies=lambda symptoms: symptoms.numeric and any(method.placement for method in symptoms.suspects),
    predicts=lambda symptoms: (
        *flips(ON_THE_CPU),
        *leaves(NUDGED_FAR),
        *(survives(FLOAT64_PARAMETERS) if _narrow_circuit(symptoms) else ()),
    ),
    because=lambda symptoms: f"{_placed(symptoms)} is off where its numbers lie on the GPU, and not where they lie on the CPU",
    verdicts=(Verdict.ROUNDING, Verdict.ERROR),
)


def _placed(symptoms: Symptoms) -> str:
    return " and ".join(method.diff_method for method in symptoms.suspects if method.placement)


LAYER_CAST = Cause(
    code="QD104",
    slug="layer-casts-to-input-dtype",
    title="layer casts to its input's dtype",
    remedy="layer(x.double()): give the layer floating-point inputs; return real measurements from it",
    applies=lambda symptoms: symptoms.divergence.in_layer,
    predicts=lambda symptoms: (),
    because=lambda symptoms: f"the layer turned the QNode's results into {symptoms.call.layer_dtype}, the dtype of its input",
    sits=Place.LAYER,
    script=ScriptKind.LAYER_CAST,
)


ILL_CONDITIONED = Cause(
    code="QD106",
    slug="ill-conditioned-point",
    title="ill-conditioned point",
    remedy="float64, or keep the training away from the point (a floor under the norm, a smaller step)",
    applies=lambda symptoms: symptoms.numeric and _ill_conditioned(symptoms),
    predicts=lambda symptoms: (*flips(EVERYTHING_MOVED), *(flips(FLOAT64_PARAMETERS) if _narrow_circuit(symptoms) else ())),
    because=lambda symptoms: (
        f"one eps of the parameters moves the result by {symptoms.comparison.bound:.1e}, "
        f"where rounding by itself explains {_ordinary_bound(symptoms):.1e}"
    ),
    verdicts=(Verdict.ROUNDING, Verdict.ERROR),
    sits=Place.POINT,
)


def _ordinary_bound(symptoms: Symptoms) -> float:
    """What rounding explains at a well-conditioned point."""
    comparison = symptoms.comparison
    law = replace(law_of(symptoms), eps=comparison.eps)
    return law.bounds(comparison.scale, gradient=symptoms.derivative).largest


def _ill_conditioned(symptoms: Symptoms) -> bool:
    """Whether what explains the difference is the point, and not rounding by itself."""
    tolerance = symptoms.question.tolerance
    chosen = tolerance.absolute is not None or tolerance.relative is not None
    return not chosen and symptoms.comparison.bound > 10 * _ordinary_bound(symptoms)


def _point_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Ordinary rounding does not depend on the point."""
    return unlike(EVERYTHING_MOVED) if _ill_conditioned(symptoms) else ()


FLOAT32_STATE = Cause(
    code="QD107",
    slug="float32-state-preparation",
    title="float32 data in state preparation",
    remedy="convert the data to float64 before the state preparation",
    applies=lambda symptoms: symptoms.numeric and _has_narrow_amplitudes(symptoms.question.circuit),
    predicts=lambda symptoms: (*flips(AMPLITUDES_FLOAT64), *leaves(ANGLES_FLOAT64), *_point_rival(symptoms)),
    because=lambda symptoms: "the amplitudes are single precision, and the simulation inherits their dtype",
    verdicts=(Verdict.ROUNDING, Verdict.ERROR),
)

NARROW_BESIDE_DOUBLE = Cause(
    code="QD109",
    slug="narrow-argument-beside-double-results",
    title="differentiated by narrow numbers, where results are float64",
    remedy=_DOUBLE_ARRAYS_IN_JAX,
    applies=lambda symptoms: symptoms.signature is Signature.RAISE and symptoms.narrow_beside_double,
    predicts=lambda symptoms: (
        *flips(FLOAT64_PARAMETERS),
        *leaves(narrow_again(narrow_dtypes(symptoms.question.circuit))),
    ),
    because=lambda symptoms: (
        "with jax_enable_x64 the results are float64, and beside them PennyLane hands JAX tangents in "
        f"{narrow_dtypes(symptoms.question.circuit)}, the dtype of what is differentiated, which JAX refuses"
    ),
)


CAUSES = (
    ILL_CONDITIONED,
    FLOAT32_STATE,
    FLOAT32_PARAMETERS,
    COMPLEX64_DEVICE,
    DEFAULT_DTYPE_RESULTS,
    PLACEMENT,
    LAYER_CAST,
    NARROW_BESIDE_DOUBLE,
)

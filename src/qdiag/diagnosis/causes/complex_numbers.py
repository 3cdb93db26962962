"""QD2: complex numbers meet real ones."""

from __future__ import annotations

import numpy as np

from qdiag.diagnosis.cause import Cause, Prediction, flips, leaves, unlike
from qdiag.diagnosis.experiments.measurements import HERMITIAN_PART, plain_expectations
from qdiag.diagnosis.experiments.operations import DECOMPOSED
from qdiag.diagnosis.experiments.point import MADE_UNITARY, NUDGED_FAR, REAL_DTYPES, REAL_NUMBERS, real_in_all_but_dtype
from qdiag.diagnosis.experiments.trainability import as_constants
from qdiag.diagnosis.facts import LOSSY, SKEWED
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.model.comparison import Signature
from qdiag.model.numerics.unitarity import farthest
from qdiag.model.operator_families import WHOLE_STATES


def _complex_trainable(symptoms: Symptoms) -> tuple[int, ...]:
    parameters = symptoms.question.circuit.parameters
    return tuple(i for i in symptoms.question.circuit.trainable if np.iscomplexobj(parameters[i].value))


LOSSY_CAST = Cause(
    code="QD201",
    slug="lossy-cast",
    title="lossy cast inside an operation",
    remedy="write the operation as its elementary gates, or use a method that decomposes it (parameter-shift, adjoint)",
    applies=lambda symptoms: any(kind in ("integer", "real") for _, kind in symptoms.fact(LOSSY)),
    predicts=lambda symptoms: (*flips(DECOMPOSED), *leaves(NUDGED_FAR)),
    because=lambda symptoms: _lossy_words(symptoms),
)


def _lossy_words(symptoms: Symptoms) -> str:
    position, kind = next((p, k) for p, k in symptoms.fact(LOSSY) if k in ("integer", "real"))
    name = symptoms.question.circuit.operations[position].name
    return f"the matrix of {name} is converted to {kind} numbers when its parameters are tracked: its complex entries are lost"


def _explains_no_difference(_: Symptoms) -> bool:
    """It explains a warning, where no method is wrong: `qdiag.pipeline.stage_cast_warnings` names it."""
    return False


HARMLESS_CAST = Cause(
    code="QD202",
    slug="harmless-complex-to-real",
    title="harmless complex-to-real warning",
    remedy="nothing: the gradients are right",
    applies=_explains_no_difference,
    predicts=lambda symptoms: (),
    because=lambda symptoms: "",
)

CONJUGATION = Cause(
    code="QD203",
    slug="conjugation-convention",
    title="conjugation convention",
    remedy='diff_method="backprop" or "parameter-shift" for this measurement, or expectation values of projectors instead of probs',
    applies=lambda symptoms: symptoms.signature is Signature.RAISE and symptoms.complex_gradient,
    predicts=lambda symptoms: (
        *flips(plain_expectations(None)),
        *leaves(NUDGED_FAR),
        *skewed_rival(symptoms),
    ),
    because=lambda symptoms: "the vector-Jacobian product of a real parameter comes back complex, and Torch refuses it",
    remedy_for=lambda symptoms: _without_conjugation(symptoms),
)


def _without_conjugation(symptoms: Symptoms) -> str:
    if not any(measurement.name in WHOLE_STATES for measurement in symptoms.question.circuit.measurements):
        return CONJUGATION.remedy
    # parameter-shift refuses states
    return f"{symptoms.way_by_another_method or _BACKPROP} for this measurement, or expectation values or qml.probs instead of a state"


_BACKPROP = 'diff_method="backprop"'

_REAL_PARAMETER = f'{_BACKPROP}; or a gate with a real parameter: qml.evolve(H, theta / 2), qml.RX, qml.PauliRot'

COMPLEX_PARAMETER = Cause(
    code="QD204",
    slug="complex-parameter",
    title="complex parameter",
    remedy=_REAL_PARAMETER,
    applies=lambda symptoms: _makes_results_complex(symptoms) or (symptoms.derivative and _is_by_complex_numbers_alone(symptoms)),
    predicts=lambda symptoms: (
        (*flips(REAL_DTYPES), *leaves(NUDGED_FAR))
        if _makes_results_complex(symptoms)
        else (
            *flips(as_constants("complex parameters", _complex_trainable(symptoms)), REAL_NUMBERS),
            *leaves(NUDGED_FAR, as_constants("real parameters", _real_trainable(symptoms))),
        )
    ),
    because=lambda symptoms: (
        f"numbers of a complex dtype, though none has an imaginary part, make the results complex under {_complex_side(symptoms)}"
        if _makes_results_complex(symptoms)
        else "the parameter is complex: its derivative is taken as if it were real, and the chain rule drops it"
    ),
    remedy_for=lambda symptoms: (
        "give them as real numbers: numpy.real(coefficients)" if _makes_results_complex(symptoms) else _REAL_PARAMETER
    ),
)


def _makes_results_complex(symptoms: Symptoms) -> bool:
    """Whether results differ in their dtype alone, where the circuit holds numbers that are complex in their dtype alone."""
    return symptoms.signature is Signature.DTYPE and bool(real_in_all_but_dtype(symptoms.question.circuit))


def _complex_side(symptoms: Symptoms) -> str:
    sides = zip(symptoms.question.methods, symptoms.comparison.dtypes)
    return " and ".join(method.diff_method for method, dtype in sides if "complex" in dtype) or "one of the two"


def _is_by_complex_numbers_alone(symptoms: Symptoms) -> bool:
    """Tells a complex parameter (QD204) from what is wrong by real ones, too: freezing the one heals the other, whatever the reason."""
    return bool(symptoms.apart) and {*symptoms.apart} <= {*_complex_trainable(symptoms)}


def _real_trainable(symptoms: Symptoms) -> tuple[int, ...]:
    return tuple(i for i in symptoms.question.circuit.trainable if i not in _complex_trainable(symptoms))


NON_HERMITIAN = Cause(
    code="QD205",
    slug="non-hermitian-observable",
    title="non-Hermitian observable",
    remedy="measure the Hermitian and the anti-Hermitian part separately",
    applies=lambda symptoms: symptoms.fact(SKEWED),
    predicts=lambda symptoms: (*flips(HERMITIAN_PART), *leaves(NUDGED_FAR)),
    because=lambda symptoms: "the observable's matrix is not equal to its conjugate transpose",
)


NON_UNITARY = Cause(
    code="QD206",
    slug="non-unitary-gate",
    title="a gate's matrix is not unitary",
    remedy="give the gate a unitary matrix (scipy.linalg.polar(U)[0] is the nearest; unitary_check=True looks for itself), or use "
    "qml.BlockEncode or qml.QubitChannel for one that is none",
    applies=lambda symptoms: farthest(symptoms.question.circuit) is not None,
    predicts=lambda symptoms: (*flips(MADE_UNITARY), *leaves(NUDGED_FAR)),
    because=lambda symptoms: _non_unitary_words(symptoms),
    fileable=False,
    names_its_part=True,
)


def _non_unitary_words(symptoms: Symptoms) -> str:
    found = farthest(symptoms.question.circuit)
    which, off = ("a gate", 0.0) if found is None else (found[0].name, found[1])
    return (
        f"the matrix U of {which} is {off:.2g} away from unitary (U†U from the identity): its conjugate transpose is not its inverse, "
        "and gates that it is taken apart into are not it"
    )


def skewed_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells other causes from an observable that is not Hermitian (QD205), and from a gate that is not unitary (QD206)."""
    observable = unlike(HERMITIAN_PART) if symptoms.fact(SKEWED) else ()
    return (*observable, *(unlike(MADE_UNITARY) if farthest(symptoms.question.circuit) is not None else ()))


CAUSES = (LOSSY_CAST, NON_HERMITIAN, NON_UNITARY, CONJUGATION, COMPLEX_PARAMETER, HARMLESS_CAST)

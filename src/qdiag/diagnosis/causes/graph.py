"""QD4: the parameter and the result are not connected as the user thinks."""

from __future__ import annotations

from dataclasses import replace

from qdiag.diagnosis.cause import Cause, Experiment, Prediction, flips, leaves
from qdiag.diagnosis.causes.counting import counted_alike, ruled_by_its_own_numbers
from qdiag.diagnosis.causes.rules import where_it_is_dropped
from qdiag.diagnosis.experiments.changes import other_methods
from qdiag.diagnosis.experiments.point import NUDGED_FAR
from qdiag.diagnosis.experiments.trainability import (
    DIFFERENCED,
    MARKS_OFF,
    against_differences,
    as_constants,
    constant_angles,
    only_trainable,
)
from qdiag.diagnosis.facts import HIDDEN, differenced_parameters, is_differenced
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.model.comparison import Signature
from qdiag.model.element import Kind
from qdiag.model.findings import FoundWrong
from qdiag.model.method import DIFF_METHODS, Method
from qdiag.model.probe import Proof

_AS_TENSORS = "keep tensors as tensors up to the gate: no .item(), .detach(), float() or numpy on the way"


def _past_the_cut(symptoms: Symptoms) -> str:
    judged = symptoms.divergence.judged
    every_method = isinstance(judged, FoundWrong) and judged.unanimous
    return f"the gates of {symptoms.blamed_name} written out: no diff_method sees past it" if every_method else "another diff_method"


DETACHED = Cause(
    code="QD401",
    slug="detached-on-the-way",
    title="detached on the way (user code, layer, or inside an operation)",
    remedy=f"{_AS_TENSORS}; where PennyLane itself cuts the graph, another diff_method",
    remedy_for=lambda symptoms: f"{_AS_TENSORS}; where PennyLane itself cuts the graph, {_past_the_cut(symptoms)}",
    applies=lambda symptoms: symptoms.signature in (Signature.VJP, Signature.JACOBIAN) and (_argument(symptoms) or symptoms.cut_inside),
    predicts=lambda symptoms: (*flips(where_it_is_dropped(symptoms)), *leaves(NUDGED_FAR)) if symptoms.cut_inside else (),
    because=lambda symptoms: (
        f"{symptoms.blamed.name if symptoms.blamed else 'an operation'} works out its result outside of the interface's graph"
        if symptoms.cut_inside
        else "the QNode's result moves with its argument through numbers of the circuit from which no graph leads back to it"
    ),
    seen_by_probes=True,
)


def _argument(symptoms: Symptoms) -> bool:
    """Whether the QNode itself was probed, and it is one of its arguments whose gradient is wrong, wherever it stands."""
    elsewhere = symptoms.divergence.proof in (Proof.TRANSFORMS, Proof.STRUCTURE)
    element = symptoms.comparison.element
    return element is not None and element.kind is Kind.ARGUMENT and not elsewhere


TRAINABLE_SETS = Cause(
    code="QD402",
    slug="trainable-sets-differ",
    title="trainable sets differ",
    remedy=(
        "make the constants trainable, too (and leave them out of the optimiser), or use another diff_method; what is only marked "
        "trainable, as arrays of pennylane.numpy are, takes requires_grad=False"
    ),
    applies=lambda symptoms: _may_be_counted_otherwise(symptoms) or _raises_beside_marks(symptoms),
    predicts=lambda symptoms: (
        flips(MARKS_OFF) if _raises_beside_marks(symptoms) else (*flips(counted_alike(symptoms)), *leaves(NUDGED_FAR))
    ),
    because=lambda symptoms: (
        f"{symptoms.question.methods[0].diff_method} counts numbers as trainable that are only marked so, and nothing differentiates by"
        if _raises_beside_marks(symptoms)
        else f"{_wrong(symptoms)} counts other numbers as trainable than the circuit does"
    ),
    loses_and_shifts=True,
)


def _may_be_counted_otherwise(symptoms: Symptoms) -> bool:
    """Whether results differ of a circuit in which there are constants that a method may take for trainable."""
    constants = constant_angles(symptoms.question.circuit, ruled_by_its_own_numbers(symptoms))
    return (symptoms.numeric or symptoms.signature is Signature.SHAPE) and bool(constants)


def _raises_beside_marks(symptoms: Symptoms) -> bool:
    """Whether a method raises on a circuit some numbers of which are marked trainable and no more."""
    return symptoms.signature is Signature.RAISE and bool(symptoms.question.circuit.marked)


def _wrong(symptoms: Symptoms) -> str:
    return " and ".join(dict.fromkeys(method.diff_method for method in symptoms.suspects))


def _requested_instead(symptoms: Symptoms) -> Experiment:
    """The method that was asked for, in the place of the one that was used."""
    configuration = symptoms.call.configuration

    def change(method: Method) -> Method:
        return replace(method, diff_method=configuration.requested) if method == configuration.method else method

    return other_methods(f"{configuration.requested}, as requested", change)


def _is_replaced(symptoms: Symptoms) -> bool:
    """Whether the call was made with another method than the one that its author named."""
    configuration = symptoms.call.configuration
    known = configuration.requested in DIFF_METHODS and configuration.requested not in ("best", "device")
    return known and configuration.requested != configuration.resolved


def _not_followed(symptoms: Symptoms) -> tuple[Prediction, ...]:
    if is_differenced(symptoms):
        positions = differenced_parameters(symptoms)
        flipped = flips(as_constants(DIFFERENCED, positions), against_differences(positions))
        return (*flipped, *leaves(only_trainable(DIFFERENCED, positions)))
    return flips(_requested_instead(symptoms))


def _not_followed_words(symptoms: Symptoms) -> str:
    if not is_differenced(symptoms):
        return f"{symptoms.call.configuration.requested} was requested, {symptoms.call.configuration.resolved} was used"
    blamed = symptoms.blamed.name if symptoms.blamed else "an operation"
    words = f"there is no shift rule for {blamed}: finite differences are taken instead"
    return f"{words}, and the shots' noise is divided by their step" if symptoms.question.circuit.shots else words


NOT_FOLLOWED = Cause(
    code="QD403",
    slug="method-not-followed",
    title="method not followed",
    remedy=(
        "name a method that has a rule (backprop), give an operation of your own a generator or parameter_frequencies, or pass "
        "float64 parameters; for qml.cond, decorate the QNode with qml.defer_measurements"
    ),
    applies=lambda symptoms: (symptoms.numeric and _is_replaced(symptoms)) or is_differenced(symptoms),
    predicts=lambda symptoms: _not_followed(symptoms),
    because=lambda symptoms: _not_followed_words(symptoms),
)

_WHERE_GATES_CARRY_IT = (
    "put the numbers where gates carry them: as angles; coefficients with one gate for each term, qml.TrotterProduct"
)


def _method_that_sees_it(symptoms: Symptoms) -> str:
    """The way out by another method: backprop where it runs, else the other one of the pair, where that is right."""
    broken = {method.diff_method for method, _ in symptoms.divergence.raised}
    if "backprop" not in broken:
        return 'diff_method="backprop"; or '
    way = symptoms.way_by_another_method
    return f"{way}; or " if way else ""


INVISIBLE = Cause(
    code="QD404",
    slug="parameter-invisible",
    title="parameter invisible to the circuit (hidden in a hyperparameter)",
    remedy=f'diff_method="backprop"; or {_WHERE_GATES_CARRY_IT}',
    remedy_for=lambda symptoms: f"{_method_that_sees_it(symptoms)}{_WHERE_GATES_CARRY_IT}",
    applies=lambda symptoms: symptoms.derivative and bool({*symptoms.fact(HIDDEN)} & set(symptoms.apart)),
    # what is differenced has a small gap of its own, which would remain
    predicts=lambda symptoms: (
        *flips(as_constants("hidden parameters", (*symptoms.fact(HIDDEN), *differenced_parameters(symptoms)))),
        *leaves(NUDGED_FAR),
    ),
    because=lambda symptoms: (
        f"a trainable parameter of {symptoms.blamed.name if symptoms.blamed else 'an operation'} is not among the tape's parameters"
    ),
)

CAUSES = (INVISIBLE, DETACHED, TRAINABLE_SETS, NOT_FOLLOWED)

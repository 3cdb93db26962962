"""QD3: a rule of differentiation that is wrong, is missing, or gives its gradient to another parameter."""

from __future__ import annotations

from qdiag.diagnosis.blame import blamed_for_gradients, names_with
from qdiag.diagnosis.cause import Cause, Experiment, Prediction, Role, flips, leaves, survives, unlike
from qdiag.diagnosis.causes.approximation import approximation_rival
from qdiag.diagnosis.causes.company import company_rival
from qdiag.diagnosis.causes.complex_numbers import skewed_rival
from qdiag.diagnosis.causes.counting import counted_alike
from qdiag.diagnosis.causes.singular_points import off_the_point
from qdiag.diagnosis.causes.uncovered_measurements import covered_measurement, is_uncovered
from qdiag.diagnosis.experiments.measurements import plain_expectations
from qdiag.diagnosis.experiments.method_options import OWN_AUXILIARY, by_differences
from qdiag.diagnosis.experiments.operations import DECOMPOSED, by_other_gates
from qdiag.diagnosis.experiments.point import NUDGED_FAR
from qdiag.diagnosis.experiments.surroundings import WIRES_AS_USED
from qdiag.diagnosis.experiments.trainability import (
    OBSERVABLE_FROZEN,
    against_differences,
    as_constants,
    observable_parameters,
    only_trainable,
)
from qdiag.diagnosis.facts import HIDDEN, differenced_parameters
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Signature
from qdiag.model.findings import FoundWrong, Outcome
from qdiag.model.node import parameters_of
from qdiag.model.operator_families import as_written

MOST_NAMES = 4
"""Operations of so many names whose rules may be wrong at once; what is wrong of more of them is no matter of one's rule."""


def _faulty(symptoms: Symptoms) -> dict[str, tuple[int, ...]]:
    """The parameters in which the difference shows, by the names of what holds them: a rule may be that of several operations."""
    blamed = symptoms.blamed
    alone = {symptoms.blamed_name: blamed.parameters if blamed is not None and blamed.parameters else symptoms.apart}
    held = names_with(symptoms.question.circuit, symptoms.apart)
    beside = blamed is not None and blamed.kind == "operation" and blamed.name in held
    several = beside and 1 < len(held) <= MOST_NAMES and sum(map(len, held.values())) == len(symptoms.apart)
    return held if several else {name: positions for name, positions in alone.items() if positions}


def _blamed_frozen(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """The parameters in which the difference shows, made constants."""
    faulty = _faulty(symptoms)
    positions = [position for inside in faulty.values() for position in inside]
    return flips(as_constants(" and ".join(faulty), positions)) if faulty else ()


def _others_frozen(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Each of them alone: of several, one may be off by far less than another."""
    faulty = _faulty(symptoms)
    alone = (only_trainable(name, positions) for name, positions in faulty.items())
    also = (Outcome.MOVES,) if len(faulty) > 1 else ()
    return tuple(Prediction(experiment, Outcome.PERSISTS, Role.NEUTRAL, also) for experiment in alone)


def _ruled_names(symptoms: Symptoms) -> str:
    return " and ".join(_faulty(symptoms)) or symptoms.blamed_name


AUXILIARY_WIRE = Cause(
    code="QD311",
    slug="auxiliary-wire-in-use",
    title="the auxiliary wire of hadamard is in use",
    remedy='gradient_kwargs={"aux_wire": WIRE} with a wire that no operation uses, as a work wire either; or another diff_method',
    applies=lambda symptoms: symptoms.derivative and symptoms.involves("hadamard"),
    predicts=lambda symptoms: (*flips(OWN_AUXILIARY), *leaves(NUDGED_FAR), *survives(counted_alike(symptoms))),
    because=lambda symptoms: "the Hadamard test takes a wire that an operation works on without counting it among its own",
)


WRONG_RULE = Cause(
    code="QD301",
    slug="wrong-gradient-rule",
    title="wrong gradient rule for an operation",
    remedy=(
        "another diff_method; for an operation or frequencies of your own, correct parameter_frequencies, grad_recipe or generator; "
        "else use its decomposition"
    ),
    applies=lambda symptoms: _is_a_wrong_number(symptoms) and not _is_cut_alone(symptoms) and _is_what_a_rule_gave(symptoms),
    predicts=lambda symptoms: (
        *_blamed_frozen(symptoms),
        *_others_frozen(symptoms),
        *off_the_point(symptoms),
        *_coefficients_rival(symptoms),
        *_displaced_rival(symptoms),
        *_differenced_rival(symptoms),
        *_shared_rival(symptoms),
        *_company_of_gates_rival(symptoms),
        *_measurement_rival(symptoms),
        *skewed_rival(symptoms),
        *company_rival(symptoms),
        *approximation_rival(symptoms),
    ),
    because=lambda symptoms: f"the rule used for {_ruled_names(symptoms)} gives another derivative than its matrix does",
)


def _is_a_wrong_number(symptoms: Symptoms) -> bool:
    """Tells a wrong rule (QD301) from a formula that has no derivative at the point (QD306): a rule gives a number everywhere."""
    return symptoms.derivative and symptoms.signature is not Signature.NAN


def _is_cut_alone(symptoms: Symptoms) -> bool:
    """Tells a wrong rule (QD301) from a graph that is cut in the circuit (QD401), where backprop alone is wrong: it has no rules.

    What else it gets wrong then comes of the cut, too.
    """
    return symptoms.cut_inside and {method.diff_method for method in symptoms.suspects} == {"backprop"}


def _is_what_a_rule_gave(symptoms: Symptoms) -> bool:
    """Tells a wrong rule (QD301) from gradients that no rule gave: those passed over (QD302), those that the tape hides (QD404)."""
    return bool({*symptoms.apart} - {*symptoms.lost} - {*symptoms.fact(HIDDEN)})


def _coefficients_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells a wrong rule (QD301) from an observable's trainable coefficients that are counted among the gates' parameters (QD303)."""
    return unlike(OBSERVABLE_FROZEN) if observable_parameters(symptoms.question.circuit) else ()


def _displaced_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells a wrong rule (QD301) from an observable's constant numbers that are counted so (QD303): the matrix of a Hermitian."""
    return unlike(_in_place(symptoms)) if symptoms.displaced and _holds_numbers(symptoms.question.circuit) else ()


def _differenced_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells a wrong rule (QD301) from finite differences that are taken where there is none (QD403)."""
    wrong = {*differenced_parameters(symptoms)} & {*symptoms.apart}
    return survives(against_differences(differenced_parameters(symptoms))) if wrong else ()


def _shared_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells a wrong rule (QD301) from what comes after it for all methods alike, as an interface: a difference quotient has no rule."""
    return (Prediction(by_differences(symptoms.suspects), Outcome.HEALS, Role.RIVAL),)


def _company_of_gates_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells a wrong rule (QD301) from what goes wrong around the operation, as behind it: whatever stands there meets that."""
    blamed = symptoms.blamed
    if blamed is None or blamed.kind != "operation":
        return ()
    operations, written = symptoms.question.circuit.operations, {*_faulty(symptoms)}
    names = tuple(dict.fromkeys(node.name for node in operations if as_written(node.name) in written))
    names = names or (operations[blamed.position].name,)
    return (Prediction(by_other_gates(names), Outcome.HEALS, Role.RIVAL),)


def _measurement_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells a wrong rule (QD301), which is wrong whatever is measured, from a measurement that the rule does not cover (QD307)."""
    return survives(covered_measurement(symptoms)) if is_uncovered(symptoms) else ()


DROPPED = Cause(
    code="QD302",
    slug="gradient-dropped",
    title="gradient dropped (zero) for a trainable parameter",
    remedy="another diff_method, or the operation's decomposition: qml.transforms.decompose, or write out its gates",
    remedy_for=lambda symptoms: _around_what_is_dropped(symptoms),
    applies=lambda symptoms: (
        symptoms.derivative and not symptoms.involves("backprop") and _is_lost_in_place(symptoms) and _is_passed_over(symptoms)
    ),
    predicts=lambda symptoms: (
        *flips(where_it_is_dropped(symptoms)),
        *off_the_point(symptoms),
        *_uncounted_rival(symptoms),
        *_order_rival(symptoms),
        *skewed_rival(symptoms),
        *company_rival(symptoms),
        *approximation_rival(symptoms),
    ),
    because=lambda symptoms: _dropped_words(symptoms),
)


def _dropped_words(symptoms: Symptoms) -> str:
    holder = blamed_for_gradients(symptoms.question, symptoms.apart)
    name = symptoms.blamed_name if holder is None else holder.name
    words = f"the gradient of {name} comes back as exactly zero, although the result depends on it"
    return words if name == symptoms.blamed_name else f"{words}; with the gates of {symptoms.blamed_name} written out it does not"


def _around_what_is_dropped(symptoms: Symptoms) -> str:
    if symptoms.blamed is not None and symptoms.blamed.kind == "measurement":
        return "another diff_method; or return the terms' expectation values, and put the trained numbers to them outside"
    judged = symptoms.divergence.judged
    if isinstance(judged, FoundWrong) and judged.unanimous:
        return f"the gates of {symptoms.blamed_name} written out: every diff_method drops it"
    return DROPPED.remedy


def _is_lost_in_place(symptoms: Symptoms) -> bool:
    """Tells a gradient that is dropped (QD302) from one that has gone to another parameter (QD303), which leaves a zero behind as well.

    And from one that is wrong throughout, and zero here and there. Where a composite operation's parameters are passed over, the
    gradients of what stands before it may move up into their places.
    """
    return symptoms.composite or (not symptoms.displaced and {*symptoms.apart} <= {*symptoms.lost})


def _is_passed_over(symptoms: Symptoms) -> bool:
    """Tells a gradient that is dropped (QD302) from one whose parameter the method never sees, since the tape hides it (QD404)."""
    return bool({*symptoms.lost} - {*symptoms.fact(HIDDEN)})


def _uncounted_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells a gate's gradient that is dropped (QD302) from one that an observable's coefficients have moved out of sight (QD303)."""
    own = observable_parameters(symptoms.question.circuit)
    return unlike(OBSERVABLE_FROZEN) if own and {*symptoms.apart} - {*own} else ()


def _order_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells a gradient that is dropped (QD302) from rows of it that a permutation of the wires puts elsewhere (QD503)."""
    return unlike(WIRES_AS_USED) if symptoms.uses_another_order else ()


def where_it_is_dropped(symptoms: Symptoms) -> Experiment:
    """Elementary gates where a composite operation is at fault, Pauli observables for a measurement, else frozen parameters."""
    if symptoms.composite:
        return DECOMPOSED
    if symptoms.blamed is not None and symptoms.blamed.kind == "measurement":
        return plain_expectations(None)
    return as_constants("the parameters with zero gradient", symptoms.apart)


DISPLACED = Cause(
    code="QD303",
    slug="gradient-of-another-parameter",
    title="gradient given to the wrong parameter",
    remedy=(
        "keep observables free of trainable parameters: return the terms' expectation values and combine them outside; or "
        'diff_method="backprop"'
    ),
    applies=lambda symptoms: symptoms.derivative and bool(symptoms.apart) and (symptoms.displaced or _may_count_coefficients(symptoms)),
    predicts=lambda symptoms: (*flips(_in_place(symptoms)), *off_the_point(symptoms)),
    because=lambda symptoms: _displaced_words(symptoms),
    upstream=("PennyLaneAI/pennylane#2434 (adjoint with Hermitian, fixed in 0.24)", "PennyLaneAI/pennylane#4821"),
)


def _may_count_coefficients(symptoms: Symptoms) -> bool:
    """Tells gradients given to other parameters (QD303) from dropped ones (QD302).

    Where all that is wrong is zero, none has moved, unless it could do so unseen: to coefficients that nothing differentiates by.
    """
    circuit = symptoms.question.circuit
    own = {*observable_parameters(circuit)}
    return bool(own) and bool({*symptoms.apart} - {*symptoms.lost} or own & {*circuit.marked})


def _in_place(symptoms: Symptoms) -> Experiment:
    """What brings the gradients back to their places: an observable without numbers to be counted, else a single parameter."""
    circuit = symptoms.question.circuit
    if observable_parameters(circuit):
        return OBSERVABLE_FROZEN
    return plain_expectations(None) if _holds_numbers(circuit) else only_trainable("one parameter", symptoms.apart[:1])


def _holds_numbers(circuit: Circuit) -> bool:
    """Whether the measurements hold numbers: the matrix of a Hermitian, the state of a projector."""
    return any(parameters_of(measurement) for measurement in circuit.measurements)


def _displaced_words(symptoms: Symptoms) -> str:
    circuit = symptoms.question.circuit
    if not _holds_numbers(circuit):
        return "the gradients are right, but stand at other parameters"
    own = observable_parameters(circuit)
    what = "trainable coefficients" if own else "numbers"
    words = f"the observable's {what} are counted among the gates' parameters, and the gradients move by as many places"
    marked = own and all(position in circuit.marked for position in own)
    unmark = "nothing differentiates by them, they are only marked so: requires_grad=False takes the mark off"
    return f"{words}; {unmark}" if marked else words


CAUSES = (AUXILIARY_WIRE, DISPLACED, DROPPED, WRONG_RULE)

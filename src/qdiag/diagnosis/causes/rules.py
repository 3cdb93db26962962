"""QD3: a differentiation rule that is wrong, missing, or applied where it does not hold."""

from __future__ import annotations

from qdiag.diagnosis.cause import Cause, Experiment, Prediction, flips, leaves, survives, unlike
from qdiag.diagnosis.causes.approximation import approximation_rival
from qdiag.diagnosis.causes.company import company_rival
from qdiag.diagnosis.causes.complex_numbers import skewed_rival
from qdiag.diagnosis.experiments.chance import MORE_SHOTS, SHOTS_REMOVED
from qdiag.diagnosis.experiments.changes import in_turn
from qdiag.diagnosis.experiments.measurements import plain_expectations
from qdiag.diagnosis.experiments.method_options import OWN_AUXILIARY
from qdiag.diagnosis.experiments.operations import DECOMPOSED, POSTSELECTION_REMOVED, TURNED_AT_THE_END, delete_operations, leave_out
from qdiag.diagnosis.experiments.point import NUDGED, NUDGED_FAR
from qdiag.diagnosis.experiments.precision import FLOAT64_PARAMETERS, narrow_again
from qdiag.diagnosis.experiments.rows import EACH_ROW
from qdiag.diagnosis.experiments.surroundings import UNCOMPILED, WIRES_AS_USED
from qdiag.diagnosis.experiments.trainability import (
    ALL_TRAINABLE,
    FIRST_DERIVATIVE,
    MARKS_OFF,
    OBSERVABLE_FROZEN,
    against_differences,
    as_constants,
    observable_parameters,
    only_trainable,
)
from qdiag.diagnosis.facts import HIDDEN, differenced_parameters, is_batched
from qdiag.diagnosis.in_transforms import inside_transform
from qdiag.diagnosis.symptoms import DTYPE, SHOTS, Symptoms
from qdiag.model.circuit import Circuit, postselects
from qdiag.model.comparison import Signature
from qdiag.model.node import MeasuredOutcome, Node, nodes_of, parameters_of, walk
from qdiag.model.operator_families import ENTROPIES, NON_LINEAR


def _blamed_frozen(symptoms: Symptoms) -> tuple[Experiment, ...]:
    """The parameters in which the difference shows, made constants."""
    return (as_constants(_blamed_name(symptoms), _faulty(symptoms)),) if _faulty(symptoms) else ()


def _faulty(symptoms: Symptoms) -> tuple[int, ...]:
    return symptoms.blamed.parameters if symptoms.blamed is not None and symptoms.blamed.parameters else symptoms.apart


def _blamed_name(symptoms: Symptoms) -> str:
    return symptoms.blamed.name if symptoms.blamed is not None else "the parameters that differ"


def _others_frozen(symptoms: Symptoms) -> tuple[Experiment, ...]:
    return (only_trainable(_blamed_name(symptoms), _faulty(symptoms)),) if _faulty(symptoms) else ()


def _off_the_point(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """The fault is in the rule, not at the point: moving far keeps it. Nor is it in what counts as trainable, or in a wire too few."""
    return (*leaves(NUDGED_FAR), *survives(ALL_TRAINABLE), *(survives(OWN_AUXILIARY) if symptoms.involves("hadamard") else ()))


AUXILIARY_WIRE = Cause(
    code="QD311",
    slug="auxiliary-wire-in-use",
    title="the auxiliary wire of hadamard is in use",
    remedy='gradient_kwargs={"aux_wire": WIRE} with a wire that no operation uses, as a work wire either; or another diff_method',
    applies=lambda symptoms: symptoms.derivative and symptoms.involves("hadamard"),
    predicts=lambda symptoms: (*flips(OWN_AUXILIARY), *leaves(NUDGED_FAR), *survives(ALL_TRAINABLE)),
    because=lambda symptoms: "the Hadamard test takes a wire that an operation works on without counting it among its own",
)


WRONG_RULE = Cause(
    code="QD301",
    slug="wrong-gradient-rule",
    title="wrong gradient rule for an operation",
    remedy=(
        "another diff_method; for an operation of your own, correct parameter_frequencies, grad_recipe or generator; else use "
        "its decomposition"
    ),
    applies=lambda symptoms: _is_a_wrong_number(symptoms) and not _is_cut_alone(symptoms) and _is_what_a_rule_gave(symptoms),
    predicts=lambda symptoms: (
        *flips(*_blamed_frozen(symptoms)),
        *leaves(*_others_frozen(symptoms)),
        *_off_the_point(symptoms),
        *_coefficients_rival(symptoms),
        *_displaced_rival(symptoms),
        *_differenced_rival(symptoms),
        *_measurement_rival(symptoms),
        *skewed_rival(symptoms),
        *company_rival(symptoms),
        *approximation_rival(symptoms),
    ),
    because=lambda symptoms: f"the rule used for {_blamed_name(symptoms)} gives another derivative than its matrix does",
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


def _measurement_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells a wrong rule (QD301), which is wrong whatever is measured, from a measurement that the rule does not cover (QD307)."""
    return survives(_covered_measurement(symptoms)) if _is_uncovered(symptoms) else ()


DROPPED = Cause(
    code="QD302",
    slug="gradient-dropped",
    title="gradient dropped (zero) for a trainable parameter",
    remedy="another diff_method, or the operation's decomposition: qml.transforms.decompose, or write out its gates",
    applies=lambda symptoms: (
        symptoms.derivative and not symptoms.involves("backprop") and _is_lost_in_place(symptoms) and _is_passed_over(symptoms)
    ),
    predicts=lambda symptoms: (
        *flips(where_it_is_dropped(symptoms)),
        *_off_the_point(symptoms),
        *_order_rival(symptoms),
        *skewed_rival(symptoms),
        *company_rival(symptoms),
        *approximation_rival(symptoms),
    ),
    because=lambda symptoms: f"the gradient of {_blamed_name(symptoms)} comes back as exactly zero, although the result depends on it",
)


def _is_lost_in_place(symptoms: Symptoms) -> bool:
    """Tells a gradient that is dropped (QD302) from one that has gone to another parameter (QD303), which leaves a zero behind as well.

    Where a composite operation's parameters are passed over, the gradients of what stands before it may move up into their places.
    """
    return symptoms.composite or not symptoms.displaced


def _is_passed_over(symptoms: Symptoms) -> bool:
    """Tells a gradient that is dropped (QD302) from one whose parameter the method never sees, since the tape hides it (QD404)."""
    return bool({*symptoms.lost} - {*symptoms.fact(HIDDEN)})


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
    predicts=lambda symptoms: (*flips(_in_place(symptoms)), *_off_the_point(symptoms)),
    because=lambda symptoms: _displaced_words(symptoms),
    upstream=("PennyLaneAI/pennylane#2434 (adjoint with Hermitian, fixed in 0.24)", "PennyLaneAI/pennylane#4821"),
)


def _may_count_coefficients(symptoms: Symptoms) -> bool:
    """Tells gradients given to other parameters (QD303) from dropped ones (QD302): where all that is wrong is zero, none has moved."""
    return bool(observable_parameters(symptoms.question.circuit)) and bool({*symptoms.apart} - {*symptoms.lost})


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
    if symptoms.blamed is not None and symptoms.blamed.kind == SHOTS:
        return 'diff_method="parameter-shift", which takes shots; or no shots'
    return "another diff_method for this circuit, or the operation's decomposition"


def _raising(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Without what is to blame it no longer raises; without another operation it still does."""
    blamed, circuit = symptoms.blamed, symptoms.question.circuit
    if blamed is None:
        return ()
    if blamed.kind == SHOTS:
        return (*flips(SHOTS_REMOVED), *leaves(MORE_SHOTS))
    if blamed.kind == DTYPE:
        return (*flips(FLOAT64_PARAMETERS), *leaves(narrow_again(blamed.name)))
    if blamed.kind == "measurement":
        return flips(plain_expectations(None))
    if not blamed.removable and blamed.parameters and set(circuit.trainable) - set(blamed.parameters):
        return (*flips(as_constants(blamed.name, blamed.parameters)), *leaves(only_trainable(blamed.name, blamed.parameters)))
    gone = blamed.removable or (blamed.position,)
    others = [i for i, node in enumerate(circuit.operations) if i not in gone and not _trains(node)]
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
    return survives(EACH_ROW) if is_batched(symptoms) else ()


def _trains(node: Node) -> bool:
    return any(parameter.trainable for parameter in parameters_of(node))


def _raise_words(symptoms: Symptoms) -> str:
    if symptoms.call.configuration.remade_by:
        return inside_transform(symptoms.call)
    words = next((f"{failure.type}: {failure.message}" for _, failure in symptoms.divergence.raised), symptoms.comparison.detail)
    where = f" on {symptoms.blamed}" if symptoms.blamed is not None else ""
    return f"{symptoms.question.methods[0].diff_method} raises{where}: {words}"


SECOND_DERIVATIVE = Cause(
    code="QD305",
    slug="second-derivative",
    title="second derivative",
    remedy='diff_method="backprop", or "parameter-shift" with max_diff=2',
    applies=lambda symptoms: symptoms.signature is Signature.SECOND_DERIVATIVE,
    predicts=lambda symptoms: (*flips(FIRST_DERIVATIVE), *_off_the_point(symptoms)),
    because=lambda symptoms: "the derivative that the method returns is not differentiable with respect to all that it depends on",
    upstream=("PennyLaneAI/pennylane#9901",),
)


NOT_A_NUMBER = Cause(
    code="QD306",
    slug="non-differentiable-point",
    title="non-differentiable point, NaN",
    remedy='move the data or the initialisation off the point by a little, or use diff_method="backprop" on default.qubit',
    applies=lambda symptoms: symptoms.signature is Signature.NAN,
    # what a probe saw sits outside of the circuit, where it has made the experiment itself
    predicts=lambda symptoms: () if symptoms.divergence.probe is not None else (*flips(NUDGED), *_state_rival(symptoms)),
    because=lambda symptoms: (
        f"a formula on the way from {symptoms.comparison.element} to the circuit has no derivative at this point"
        if symptoms.divergence.probe is not None
        else f"a formula inside the decomposition of {_blamed_name(symptoms)} is 0/0 at this point"
    ),
    seen_by_probes=True,
)

ROOT_OF_ZERO = Cause(
    code="QD310",
    slug="probability-of-zero",
    title="a probability of exactly zero, NaN",
    remedy='diff_method="backprop" on default.qubit, where nothing is noisy; or a state that gives every outcome a share',
    applies=lambda symptoms: (
        symptoms.signature is Signature.NAN and symptoms.involves("backprop") and symptoms.divergence.probe is None
    ),
    # a zero that goes with the parameters is a point (QD306); this one stays wherever they are
    predicts=lambda symptoms: (*flips(TURNED_AT_THE_END), *leaves(NUDGED)),
    because=lambda symptoms: (
        f"a result that nothing leads to has probability zero, and {_where_run(symptoms)} goes back through a root of it"
    ),
)


def _where_run(symptoms: Symptoms) -> str:
    return " and ".join(dict.fromkeys(method.device for method in symptoms.suspects if method.diff_method == "backprop"))


UNCOVERED_MEASUREMENT = Cause(
    code="QD307",
    slug="measurement-not-covered",
    title="measurement that the rule does not cover (variance, purity, postselection, …)",
    remedy='diff_method="backprop", or finite differences in float64',
    applies=lambda symptoms: (
        symptoms.derivative and _is_uncovered(symptoms) and symptoms.involves("parameter-shift", "hadamard", "adjoint")
    ),
    predicts=lambda symptoms: (
        *flips(_covered_measurement(symptoms)),
        *_off_the_point(symptoms),
        *company_rival(symptoms),
        *approximation_rival(symptoms),
    ),
    because=lambda symptoms: _uncovered_words(symptoms),
)


def _covered_measurement(symptoms: Symptoms) -> Experiment:
    """The same circuit with what every rule covers in the place of what is measured."""
    if not postselects(symptoms.question.circuit):
        return plain_expectations(None)
    also = _measures_outcomes(symptoms) or _measures_what_is_not_linear(symptoms)
    return in_turn(POSTSELECTION_REMOVED, plain_expectations(None)) if also else POSTSELECTION_REMOVED


def _uncovered_words(symptoms: Symptoms) -> str:
    if postselects(symptoms.question.circuit):
        return "a postselected expectation value is a ratio, for which the rule does not hold"
    if _measures_non_linearly(symptoms):
        return "the measurement is no linear function of the density matrix, for which the rule does not hold"
    return "statistics of what was measured midway are asked for, and the rule takes them for those of an observable"


def _is_uncovered(symptoms: Symptoms) -> bool:
    """Whether something is measured that not every rule covers."""
    return _measures_non_linearly(symptoms) or _measures_outcomes(symptoms)


def _measures_outcomes(symptoms: Symptoms) -> bool:
    """Whether statistics of measurements in the middle are asked for."""
    return any(isinstance(part, MeasuredOutcome) for one in symptoms.question.circuit.measurements for part in walk(one))


def _measures_non_linearly(symptoms: Symptoms) -> bool:
    return postselects(symptoms.question.circuit) or _measures_what_is_not_linear(symptoms)


def _measures_what_is_not_linear(symptoms: Symptoms) -> bool:
    return any(
        node.name in NON_LINEAR or (node.name == "ProbabilityMP" and len(nodes_of(node)) > 1)
        for measurement in symptoms.question.circuit.measurements
        for node in nodes_of(measurement)
    )


DEGENERATE = Cause(
    code="QD308",
    slug="degenerate-state",
    title="degenerate state",
    remedy="move off the point, or add a little noise before the entropy",
    applies=lambda symptoms: (symptoms.derivative or symptoms.signature is Signature.OUTPUT) and _logarithmic(symptoms),
    predicts=lambda symptoms: (*flips(NUDGED_FAR), *flips(plain_expectations(None))),
    because=lambda symptoms: "the reduced density matrix has equal or zero eigenvalues at this point",
)


def _logarithmic(symptoms: Symptoms) -> bool:
    """Whether a measurement goes through the eigenvalues of a density matrix."""
    measured = [node.name for measurement in symptoms.question.circuit.measurements for node in nodes_of(measurement)]
    return bool({*ENTROPIES} & {*measured})


def _state_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """What sits in an operation stays with any measurement."""
    return survives(plain_expectations(None)) if _logarithmic(symptoms) else ()


SINGULAR_DECOMPOSITION = Cause(
    code="QD309",
    slug="singular-decomposition",
    title="decomposition singular at this point",
    remedy='start off the point (an initial angle that is not zero), or diff_method="backprop" on default.qubit',
    applies=lambda symptoms: symptoms.derivative and symptoms.signature is not Signature.NAN and bool(symptoms.apart),
    predicts=lambda symptoms: () if symptoms.divergence.untaken else (*flips(NUDGED), *_state_rival(symptoms)),
    because=lambda symptoms: _special_words(symptoms),
)


def _special_words(symptoms: Symptoms) -> str:
    words = f"the decomposition of {_blamed_name(symptoms)} goes through its matrix, which is special at this point"
    if not symptoms.divergence.untaken:
        return words
    return f"{words}: derivatives are wrong along directions that the script does not take; along its own arguments they are right"


CAUSES = (
    SECOND_DERIVATIVE,
    DEGENERATE,
    NOT_A_NUMBER,
    ROOT_OF_ZERO,
    SINGULAR_DECOMPOSITION,
    AUXILIARY_WIRE,
    UNCOVERED_MEASUREMENT,
    DISPLACED,
    DROPPED,
    WRONG_RULE,
    REFUSES,
)

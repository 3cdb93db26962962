"""QD3, at a point: a formula, a decomposition or a state that is special there, and has no derivative, or another one."""

from __future__ import annotations

from qdiag.diagnosis.cause import Cause, Prediction, flips, leaves, survives
from qdiag.diagnosis.causes.counting import counted_alike
from qdiag.diagnosis.experiments.measurements import plain_expectations
from qdiag.diagnosis.experiments.method_options import OWN_AUXILIARY
from qdiag.diagnosis.experiments.operations import TURNED_AT_THE_END
from qdiag.diagnosis.experiments.point import NUDGED, NUDGED_FAR
from qdiag.diagnosis.symptoms import Fact, Symptoms
from qdiag.judging.arbiter.selection import selects_nothing
from qdiag.model.circuit import postselects
from qdiag.model.comparison import Signature
from qdiag.model.node import nodes_of
from qdiag.model.operator_families import ENTROPIES

_A_LITTLE_OFF = "move the data or the initialisation off the point by a little"
START_OFF = "start off the point (an initial angle that is not zero)"
DIVIDED_BY_ZERO = "all that is left is divided by a probability of zero"


def _or_another_method(first: str, symptoms: Symptoms) -> str:
    """A remedy, and beside it the method of the pair that is right at the point, if one is: which one that is no cause knows."""
    way = symptoms.way_by_another_method
    return f"{first}, or use {way}" if way else first


NOT_A_NUMBER = Cause(
    code="QD306",
    slug="non-differentiable-point",
    title="non-differentiable point, NaN",
    remedy=f"{_A_LITTLE_OFF}, or use a method that gives a number there",
    remedy_for=lambda symptoms: _or_another_method(_A_LITTLE_OFF, symptoms),
    applies=lambda symptoms: symptoms.signature is Signature.NAN,
    # what a probe saw sits outside of the circuit, where it has made the experiment itself
    predicts=lambda symptoms: () if symptoms.divergence.probe is not None else (*flips(NUDGED), *_state_rival(symptoms)),
    because=lambda symptoms: _undefined_words(symptoms),
    seen_by_probes=True,
)


NOTHING_SELECTED = Fact("what is postselected", selects_nothing, False, needs_asking=postselects)
"""Whether what the circuit postselects has no probability at this point."""


def _undefined_words(symptoms: Symptoms) -> str:
    if symptoms.divergence.probe is not None:
        return f"a formula on the way from {symptoms.comparison.element} to the circuit has no derivative at this point"
    if symptoms.fact(NOTHING_SELECTED):
        return f"what is postselected never happens at this point: {DIVIDED_BY_ZERO}"
    return f"a formula inside the decomposition of {symptoms.blamed_name} is 0/0 at this point"


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
    remedy=f"{START_OFF}, or use a method that is right there",
    remedy_for=lambda symptoms: _or_another_method(START_OFF, symptoms),
    applies=lambda symptoms: symptoms.derivative and symptoms.signature is not Signature.NAN and bool(symptoms.apart),
    predicts=lambda symptoms: () if symptoms.divergence.untaken else (*flips(NUDGED), *_state_rival(symptoms)),
    because=lambda symptoms: _special_words(symptoms),
)


def _special_words(symptoms: Symptoms) -> str:
    words = f"the decomposition of {symptoms.blamed_name} goes through its matrix, which is special at this point"
    if not symptoms.divergence.untaken:
        return words
    return f"{words}: derivatives are wrong along directions that the script does not take; along its own arguments they are right"


def off_the_point(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells what is no matter of the point: moving far keeps it. Nor is it one of what counts as trainable, or of a wire too few."""
    auxiliary = survives(OWN_AUXILIARY) if symptoms.involves("hadamard") else ()
    return (*leaves(NUDGED_FAR), *survives(counted_alike(symptoms)), *auxiliary)


CAUSES = (DEGENERATE, NOT_A_NUMBER, ROOT_OF_ZERO, SINGULAR_DECOMPOSITION)

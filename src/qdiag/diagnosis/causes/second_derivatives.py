"""QD305, QD312: the derivative of a derivative, where that is not all of it; because nobody asked for it, or all the same."""

from __future__ import annotations

from qdiag.diagnosis.cause import Cause, flips, survives
from qdiag.diagnosis.causes.singular_points import off_the_point
from qdiag.diagnosis.experiments.method_options import MADE_FOR_TWO
from qdiag.diagnosis.experiments.trainability import FIRST_DERIVATIVE
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.model.comparison import Signature


def _is_made_for_one(symptoms: Symptoms) -> bool:
    """Whether a side is differentiated once, and could be twice.

    Adjoint cannot. Finite differences can, but what they give then says nothing, so that no experiment shows it to be right.
    """
    suspects = [method for method in symptoms.suspects if method.per_parameter and method.diff_method != "finite-diff"]
    return any(("max_diff", 1) in method.gradient_options for method in suspects)


MADE_FOR_ONE = Cause(
    code="QD312",
    slug="made-for-one-derivative",
    title="QNode made for one derivative",
    remedy='max_diff=2 in the QNode, or diff_method="backprop"',
    applies=lambda symptoms: symptoms.signature is Signature.SECOND_DERIVATIVE and _is_made_for_one(symptoms),
    predicts=lambda symptoms: (*flips(MADE_FOR_TWO), *off_the_point(symptoms)),
    because=lambda symptoms: (
        "the QNode is made with max_diff=1, PennyLane's default: its derivative is a constant to whatever differentiates again, "
        "and JAX, autograd and torch.autograd.functional take that for zero without a word"
    ),
    fileable=False,
)


SECOND_DERIVATIVE = Cause(
    code="QD305",
    slug="second-derivative",
    title="second derivative",
    remedy='diff_method="backprop", or "parameter-shift" with max_diff=2',
    applies=lambda symptoms: symptoms.signature is Signature.SECOND_DERIVATIVE,
    predicts=lambda symptoms: (*flips(FIRST_DERIVATIVE), *survives(MADE_FOR_TWO), *off_the_point(symptoms)),
    because=lambda symptoms: "the derivative that the method returns is not differentiable with respect to all that it depends on",
    upstream=("PennyLaneAI/pennylane#9901",),
)


CAUSES = (MADE_FOR_ONE, SECOND_DERIVATIVE)

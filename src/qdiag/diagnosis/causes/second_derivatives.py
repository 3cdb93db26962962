"""QD305: the derivative of a derivative, where that is not all of it."""

from __future__ import annotations

from qdiag.diagnosis.cause import Cause, flips
from qdiag.diagnosis.causes.singular_points import off_the_point
from qdiag.diagnosis.experiments.trainability import FIRST_DERIVATIVE
from qdiag.model.comparison import Signature

SECOND_DERIVATIVE = Cause(
    code="QD305",
    slug="second-derivative",
    title="second derivative",
    remedy='diff_method="backprop", or "parameter-shift" with max_diff=2',
    applies=lambda symptoms: symptoms.signature is Signature.SECOND_DERIVATIVE,
    predicts=lambda symptoms: (*flips(FIRST_DERIVATIVE), *off_the_point(symptoms)),
    because=lambda symptoms: "the derivative that the method returns is not differentiable with respect to all that it depends on",
    upstream=("PennyLaneAI/pennylane#9901",),
)


CAUSES = (SECOND_DERIVATIVE,)

"""QD105: a difference quotient whose step is too short for the digits, or the shots, that it divides."""

from __future__ import annotations

import math

from qdiag.diagnosis.cause import Cause, Prediction, Role, flips, leaves, unlike
from qdiag.diagnosis.causes.precision import is_under_jax, remedy_in_jax
from qdiag.diagnosis.experiments.chance import count_of_shots
from qdiag.diagnosis.experiments.method_options import LARGER_STEP, STEP_TWICE
from qdiag.diagnosis.experiments.point import NUDGED_FAR
from qdiag.diagnosis.experiments.precision import narrow_dtypes
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.model.comparison import Verdict
from qdiag.model.findings import Outcome
from qdiag.model.numerics.rounding import EPS64
from qdiag.model.probe import Proof

_OTHER_RULE_OR_STEP = 'diff_method="parameter-shift" or "adjoint"; or gradient_kwargs={"h": 1e-2, "approx_order": 4} and float64'


def _lacks_double_in_jax(symptoms: Symptoms) -> bool:
    return is_under_jax(symptoms) and bool(narrow_dtypes(symptoms.question.circuit))


def _may_be_a_step(symptoms: Symptoms) -> bool:
    if not symptoms.derivative or not symptoms.involves("finite-diff"):
        return False
    return symptoms.divergence.verdict is not Verdict.INCONCLUSIVE or _sampled(symptoms)


def _sampled(symptoms: Symptoms) -> bool:
    return bool(symptoms.question.circuit.shots)


def _of_divided_noise() -> tuple[Prediction, ...]:
    """With a longer step the gap is far smaller, if not gone; with another as short it is not. What is left is the noise itself."""
    return (
        Prediction(LARGER_STEP, Outcome.MOVES, Role.RIVAL, also=(Outcome.HEALS,)),
        Prediction(STEP_TWICE, Outcome.PERSISTS, Role.NEUTRAL, also=(Outcome.MOVES,)),
    )


def _divided_noise_words(symptoms: Symptoms) -> str:
    shots = symptoms.question.circuit.shots
    method = next(method for method in symptoms.question.methods if method.diff_method == "finite-diff")
    step = dict(method.gradient_options).get("h", _USUAL_STEP)
    error = 1 / math.sqrt(sum(shots))
    quotient = f", so that it is off by {error / step:.1e}" if isinstance(step, (int, float)) and step else ""
    noise = f"the noise of {count_of_shots(symptoms.question.circuit)}, up to {error:.1g}"
    return f"the quotient divides {noise}, by a step of {step}{quotient}"


_USUAL_STEP = 1e-7
"""PennyLane's, where no other is given."""


FINITE_DIFFERENCE_STEP = Cause(
    code="QD105",
    slug="finite-difference-step",
    title="finite-difference step against precision",
    remedy=_OTHER_RULE_OR_STEP,
    applies=lambda symptoms: (
        _may_be_a_step(symptoms) if symptoms.divergence.probe is None else symptoms.divergence.proof is Proof.LARGER_STEP
    ),
    predicts=lambda symptoms: (
        _of_divided_noise()
        if symptoms.divergence.probe is None and _sampled(symptoms)
        else (
            *flips(LARGER_STEP),
            *leaves(STEP_TWICE),
            # where the rounding of the outputs is what the step divides, no point is better than another
            *(unlike(NUDGED_FAR) if symptoms.comparison.eps <= EPS64 else ()),
        )
        if symptoms.divergence.probe is None
        else ()
    ),
    because=lambda symptoms: (
        _divided_noise_words(symptoms)
        if _sampled(symptoms)
        else "the step is too short for the digits that the results have: with a larger one the quotient is right"
        if symptoms.divergence.probe is not None and not symptoms.divergence.probe.device.narrow
        else "the quotient divides single-precision rounding by a step of 1e-7"
    ),
    remedy_for=lambda symptoms: (
        'diff_method="parameter-shift", which divides by nothing; or gradient_kwargs={"h": 0.3, "strategy": "center"} and more shots'
        if _sampled(symptoms)
        else f"{_OTHER_RULE_OR_STEP}: {remedy_in_jax(symptoms)}"
        if _lacks_double_in_jax(symptoms)
        else _OTHER_RULE_OR_STEP
    ),
    title_for=lambda symptoms: f"finite-difference step against {'shot noise' if _sampled(symptoms) else 'precision'}",
    verdicts=(Verdict.ROUNDING, Verdict.ERROR, Verdict.INCONCLUSIVE),
    seen_by_probes=True,
)


CAUSES = (FINITE_DIFFERENCE_STEP,)

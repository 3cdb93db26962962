"""QD509, and the experiment that tells causes of all families from it."""

from __future__ import annotations

from qdiag.diagnosis.cause import Cause, Experiment, Place, Prediction, flips, leaves, survives
from qdiag.diagnosis.experiments.method_options import relaxed
from qdiag.diagnosis.experiments.point import NUDGED_FAR
from qdiag.diagnosis.symptoms import Symptoms


def _relaxed(symptoms: Symptoms) -> tuple[Experiment, ...]:
    found = symptoms.approximation
    return () if found is None else (relaxed(found.option, found.enough),)


def _predictions(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Without degrees the flip that was seen tells it from nothing that the option steps around: it is likely, not more."""
    found = symptoms.approximation
    by_degrees = found is not None and found.graded
    return (*(flips(*_relaxed(symptoms)) if by_degrees else ()), *leaves(NUDGED_FAR))


def approximation_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells what is wrong however finely the device works from what an approximation leaves out (QD509)."""
    return tuple(prediction for experiment in _relaxed(symptoms) for prediction in survives(experiment))


def _words(symptoms: Symptoms) -> str:
    found = symptoms.approximation
    assert found is not None, "without an approximation it does not apply"
    device = symptoms.suspects[0].device
    return (
        f"{device} works out an approximation, as finely as {found.option}={found.given:g} says, and each method sends it other "
        f"circuits; with {found.option}={found.enough:g} they agree"
    )


def _remedy(symptoms: Symptoms) -> str:
    found = symptoms.approximation
    assert found is not None, "without an approximation it does not apply"
    return f"{found.option}={found.enough:g}, where the gradient is to be that of the results; or take all results for approximations"


APPROXIMATION = Cause(
    code="QD509",
    slug="approximating-device",
    title="approximation that an option of the device steers",
    remedy="a larger bond dimension, cutoff or level, where the gradient is to be that of the results",
    applies=lambda symptoms: symptoms.approximation is not None,
    predicts=_predictions,
    because=_words,
    remedy_for=_remedy,
    sits=Place.OPTION,
    fileable=False,
)

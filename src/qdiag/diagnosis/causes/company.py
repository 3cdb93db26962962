"""The experiment that tells causes of all families from measurements that disturb each other (QD508), where they seem to."""

from __future__ import annotations

from qdiag.diagnosis.cause import Prediction, survives
from qdiag.diagnosis.experiments.measurements import measured_alone
from qdiag.diagnosis.symptoms import Symptoms


def company_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells what is wrong whatever is measured beside it from what is wrong for the company it is in (QD508)."""
    return () if symptoms.disturbance is None else survives(measured_alone(symptoms.disturbance.disturbed))

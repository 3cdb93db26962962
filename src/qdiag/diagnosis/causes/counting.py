"""Constants that a method may take for trainable: the experiment that tells counting (QD402) from wrong rules and singular points."""

from __future__ import annotations

from qdiag.diagnosis.cause import Experiment
from qdiag.diagnosis.experiments.trainability import ALL_TRAINABLE, others_trainable
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.model.method import SHIFTED


def counted_alike(symptoms: Symptoms) -> Experiment:
    """Constants made trainable, too, so that there is nothing that could be counted in two ways."""
    name = ruled_by_its_own_numbers(symptoms)
    return others_trainable(name) if name else ALL_TRAINABLE


def ruled_by_its_own_numbers(symptoms: Symptoms) -> str:
    """The name of the operation to blame where shift rules are what is wrong, else "".

    Which rule an operation has may go by which of its own numbers are trained: frequencies that were given to it hold for constant
    coefficients only. So its own constants tell nothing about how numbers are counted.
    """
    blamed = symptoms.blamed
    shifted = {method.diff_method for method in symptoms.suspects} <= SHIFTED
    return blamed.name if blamed is not None and blamed.kind == "operation" and shifted else ""

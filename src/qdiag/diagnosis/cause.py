"""What a cause is: when it comes into question, and what it predicts of each experiment. Causes never evaluate anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Optional

from qdiag.diagnosis.symptoms import Symptoms
from qdiag.evaluation.answers import tell_own_failure
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.question import Question
from qdiag.model.comparison import Verdict
from qdiag.model.findings import Confidence, Diagnosis, Evidence, Outcome, ScriptKind
from qdiag.model.twin_training import PartingCause


@dataclass(frozen=True)
class Experiment:
    """The same question with exactly one thing changed.

    Parameters
    ----------
    name
        In words, as evidence tables show it; two experiments of the same name are the same experiment.
    change
        Makes the changed question, or None where the change does not apply. May ask the evaluator for what only PennyLane knows.
    cost
        Rough relative cost, for the order of trying.
    """

    name: str
    change: Callable[[Question, Evaluator], Optional[Question]]
    cost: float = 1.0

    def applied_to(self, question: Question, evaluator: Evaluator) -> Optional[Question]:
        """The changed question; None where the change does not apply or cannot be made."""
        try:
            return self.change(question, evaluator)
        except Exception as error:
            # a worker was lost over it, or PennyLane cannot make the change: an experiment less, and no reason to give up
            tell_own_failure(error, f"the experiment '{self.name}'")
            return None


class Role(Enum):
    """What an experiment is made for."""

    FLIP = "removing the cause closes the gap"
    NEUTRAL = "a change of the same kind that leaves the cause leaves the gap"
    RIVAL = "it tells this cause from another"


@dataclass(frozen=True)
class Prediction:
    """What a cause says about one experiment; outcomes in ``also`` agree with it as well."""

    experiment: Experiment
    outcome: Outcome
    role: Role = Role.FLIP
    also: tuple[Outcome, ...] = ()


class Place(Enum):
    """Where a cause sits: what sits in the circuit can be shrunk to a smaller one, and is blamed on one of its parts."""

    CIRCUIT = "an operation, an observable or a measurement, or it is not known"
    POINT = "the values of the parameters"
    CHANCE = "random numbers"
    RESULT = "what becomes of the results"
    LAYER = "the layer around the QNode"
    SCRIPT = "the user's script"
    OPTION = "an option of the device"
    TRAINING = "the training as a whole"


@dataclass(frozen=True)
class Cause:
    """A named explanation.

    Parameters
    ----------
    code, slug, title
        ``QD101``, ``float32-parameters``, and a title of a few words. A code never changes its meaning.
    remedy
        What to do, as reports say it. All that ``qdiag explain`` says besides stands in the cause's page (`qdiag.diagnosis.page`).
    applies
        Whether the cause comes into question at all: cheap, from the symptoms alone.
    predicts
        Its predictions. A cause without a flip can become likely, never confirmed.
    because
        One sentence with the particulars of these symptoms.
    title_for
        The title that these very symptoms get, where the cause's own would name another case.
    remedy_for
        The same of the remedy.
    upstream
        Issues of PennyLane or torch about it.
    verdicts
        Which verdicts it can be the cause of.
    sits
        Where it sits.
    fileable
        Whether it may be a bug of PennyLane; otherwise it lies in what the script does, or asks for.
    names_its_part
        Whether its own sentence says in which part of the circuit it sits: where the difference shows is another one then.
    says_why
        Whether it says why, and not only that something raises or differs.
    seen_by_probes
        Whether a live probe can find it, which makes experiments of its own: those on the circuit would heal it, whatever they change.
    loses_and_shifts
        Whether it drops gradients as well as giving them to other parameters, so that the one is as good as the other.
    script
        The kind of script that shows it, where the circuit alone does not.
    parting
        Under which name twin runs find it.
    """

    code: str
    slug: str
    title: str
    remedy: str
    applies: Callable[[Symptoms], bool]
    predicts: Callable[[Symptoms], tuple[Prediction, ...]]
    because: Callable[[Symptoms], str]
    title_for: Optional[Callable[[Symptoms], str]] = None
    remedy_for: Optional[Callable[[Symptoms], str]] = None
    upstream: tuple[str, ...] = field(default=())
    verdicts: tuple[Verdict, ...] = (Verdict.ERROR,)
    sits: Place = Place.CIRCUIT
    fileable: bool = True
    names_its_part: bool = False
    says_why: bool = True
    seen_by_probes: bool = False
    loses_and_shifts: bool = False
    script: Optional[ScriptKind] = None
    parting: Optional[PartingCause] = None

    def diagnosis(
        self,
        confidence: Confidence,
        because: str,
        *,
        remedy: str = "",
        evidence: tuple[Evidence, ...] = (),
        ruled_out: tuple[str, ...] = (),
    ) -> Diagnosis:
        """The diagnosis that names this cause, with its own remedy where there is none for the very case."""
        return Diagnosis(
            code=self.code,
            slug=self.slug,
            title=self.title,
            confidence=confidence,
            because=because,
            remedy=remedy or self.remedy,
            evidence=evidence,
            ruled_out=ruled_out,
            fileable=self.fileable,
            script=self.script,
            of_training=self.sits is Place.TRAINING,
        )


def flips(*experiments: Experiment) -> tuple[Prediction, ...]:
    """Predictions that each of these closes the gap."""
    return tuple(Prediction(experiment, Outcome.HEALS) for experiment in experiments)


def leaves(*experiments: Experiment) -> tuple[Prediction, ...]:
    """Predictions that each of these, of the same kind but beside the cause, leaves the gap."""
    return tuple(Prediction(experiment, Outcome.PERSISTS, Role.NEUTRAL) for experiment in experiments)


def unlike(rival: Experiment) -> tuple[Prediction, ...]:
    """The prediction that tells a cause from a rival whose flip this experiment is: it leaves the gap as it is."""
    return (Prediction(rival, Outcome.PERSISTS, Role.RIVAL),)


def survives(rival: Experiment) -> tuple[Prediction, ...]:
    """The prediction that a rival's flip does not close the gap, whatever else it does to it."""
    return (Prediction(rival, Outcome.PERSISTS, Role.RIVAL, (Outcome.MOVES,)),)


FAMILIES = {
    "QD1": "Precision",
    "QD2": "Complex numbers",
    "QD3": "Differentiation rules",
    "QD4": "The graph",
    "QD5": "Execution",
    "QD6": "Randomness",
    "QD7": "Two trainings",
    "QD8": "The training around the QNodes",
    "QD9": "Unknown",
}
"""What causes are called together whose codes begin alike."""


def family_of(cause: Cause) -> str:
    """What a cause is called together with others."""
    return FAMILIES[cause.code[:3]]

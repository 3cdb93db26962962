"""Why two methods differ: causes predict, experiments decide.

A cause is *confirmed* only when its flip closed the gap, a neutral change of the same kind left it, and every rival that was
in question has been contradicted by an experiment. It is *likely* when nothing contradicts it, and otherwise *unknown*.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Optional

from qdiag.diagnosis.cause import Cause, Experiment, Prediction, Role
from qdiag.diagnosis.causes.unknown import UNKNOWN
from qdiag.diagnosis.experiments.changes import in_turn
from qdiag.diagnosis.experiments.precision import FLOAT64_PARAMETERS
from qdiag.diagnosis.outcomes import classify, gap_of, has_grown
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.question import AskArbiter, observe
from qdiag.model.comparison import Comparison, Signature
from qdiag.model.findings import Confidence, Diagnosis, Evidence, Outcome


@dataclass
class Laboratory:
    """Asks changed questions, each once, and says what came out."""

    symptoms: Symptoms
    evaluator: Evaluator
    reference: Optional[AskArbiter] = None
    doing: Callable[[str], None] = lambda experiment: None
    _answers: dict[str, Optional[Comparison]] = field(default_factory=dict)

    def answer(self, experiment: Experiment) -> Optional[Comparison]:
        """The comparison under the changed question; None where the change does not apply."""
        if experiment.name not in self._answers:
            self.doing(experiment.name)
            question = experiment.applied_to(self.symptoms.question, self.evaluator)
            asked = None if question is None else observe(question, self.evaluator, self.reference)
            self._answers[experiment.name] = None if asked is None else asked.comparison
        return self._answers[experiment.name]

    def evidence(self, prediction: Prediction) -> Optional[Evidence]:
        """How a prediction came out, or None where its experiment does not apply or has no answer."""
        found = self._came_out(prediction, prediction.experiment, self.symptoms.comparison)
        if found is None or found.holds or prediction.outcome is not Outcome.HEALS:
            return found
        return self._in_double_precision(prediction) or found

    def _in_double_precision(self, prediction: Prediction) -> Optional[Evidence]:
        """The same experiment where single precision hides that it heals; None where that is not what it does.

        What is off in float64 as well is off for another reason than rounding. Rounding may still be a second one, as where PennyLane
        takes finite differences of an operation: then nothing closes the gap in float32, whatever the first reason is.
        """
        base = self.answer(FLOAT64_PARAMETERS)
        if base is None or classify(self.symptoms.comparison, base) is not Outcome.PERSISTS:
            return None
        found = self._came_out(prediction, in_turn(FLOAT64_PARAMETERS, prediction.experiment), base)
        return found if found is not None and found.holds else None

    def _came_out(self, prediction: Prediction, experiment: Experiment, before: Comparison) -> Optional[Evidence]:
        """How an experiment came out, held against a comparison without it."""
        after = self.answer(experiment)
        outcome = None if after is None else classify(before, after)
        if after is None or outcome is None:
            return None
        return Evidence(
            experiment.name,
            gap_of(before),
            gap_of(after),
            prediction.outcome,
            outcome in (prediction.outcome, *prediction.also) or (prediction.outcome is Outcome.PERSISTS and has_grown(before, after)),
            after.detail if after.where is Signature.RAISE else outcome.value,
        )


@dataclass(frozen=True)
class _Trial:
    cause: Cause
    predicted: tuple[Prediction, ...]
    evidence: tuple[tuple[Prediction, Evidence], ...]
    unanswered: tuple[Prediction, ...] = ()

    def came_out(self, role: Role) -> Optional[bool]:
        """Whether all predictions of a role held; None where there was none to test."""
        tested = [evidence.holds for prediction, evidence in self.evidence if prediction.role is role]
        return all(tested) if tested else None

    @property
    def unproven(self) -> bool:
        """Whether it predicts that something heals, and none of that could be tried: then nothing speaks for it."""
        return any(p.role is Role.FLIP for p in self.predicted) and self.came_out(Role.FLIP) is None

    @property
    def untold(self) -> bool:
        """Whether an experiment that was to tell it from a rival was made and has no answer: then the rival may be it as well."""
        return any(prediction.role is Role.RIVAL for prediction in self.unanswered)

    @property
    def contradicted(self) -> bool:
        """Whether any experiment with an answer came out otherwise than predicted."""
        return any(not evidence.holds for _, evidence in self.evidence)


def diagnose(
    symptoms: Symptoms,
    causes: Sequence[Cause],
    evaluator: Evaluator,
    reference: Optional[AskArbiter] = None,
    doing: Callable[[str], None] = lambda experiment: None,
) -> Diagnosis:
    """Find the cause of a divergence by experiment.

    Parameters
    ----------
    symptoms
        What was found, and the facts that need no experiment.
    causes
        The registry, the most specific first: of two that explain everything the earlier one is named.
    evaluator, reference
        Where experiments are evaluated, and the arbiter for questions that have it on one side.
    doing
        Told of each experiment before it is made.

    Returns
    -------
    Diagnosis
        With every experiment that was made for the named cause, and the codes that experiments ruled out.
    """
    laboratory = Laboratory(symptoms, evaluator, reference, doing)
    trials = [_try(cause, laboratory) for cause in causes if symptoms.divergence.verdict in cause.verdicts and cause.applies(symptoms)]
    standing = [trial for trial in trials if trial.evidence and not trial.contradicted and not trial.unproven]
    untested = [trial for trial in trials if not trial.predicted]
    ruled_out = tuple(trial.cause.code for trial in trials if trial.contradicted)
    titles = tuple(trial.cause.title for trial in trials if trial.contradicted)
    if not standing:
        if untested:
            return replace(_diagnosis(untested[0], Confidence.LIKELY, symptoms, ruled_out), rivals=titles)
        return replace(_unknown(trials, symptoms, ruled_out), rivals=titles)
    best = standing[0]
    rivals = [trial for trial in standing[1:] if not _told_apart(best, trial)]
    proven = bool(best.came_out(Role.FLIP)) and best.came_out(Role.NEUTRAL) is not False and not rivals and not best.untold
    found = _diagnosis(best, Confidence.CONFIRMED if proven else Confidence.LIKELY, symptoms, ruled_out)
    return replace(found, rivals=titles)


def recurs(cause: Cause, symptoms: Symptoms, evaluator: Evaluator, reference: Optional[AskArbiter] = None) -> bool:
    """Whether a cause, found elsewhere, explains these symptoms, too: its own experiments alone, no rivals.

    Parameters
    ----------
    cause
        The cause that was named for a larger circuit.
    symptoms
        The smaller one.
    evaluator, reference
        As for `diagnose`.
    """
    return again(cause, symptoms, evaluator, reference) is not None


def again(cause: Cause, symptoms: Symptoms, evaluator: Evaluator, reference: Optional[AskArbiter] = None) -> Optional[Diagnosis]:
    """The diagnosis by a cause that was found elsewhere, where it explains these symptoms (see `recurs`); None where it does not.

    It is *likely* at most: no rival was asked, and in a circuit of one operation there may be nothing left to freeze.
    """
    if not cause.applies(symptoms):
        return None
    trial = _try(cause, Laboratory(symptoms, evaluator, reference))
    if trial.contradicted or trial.came_out(Role.FLIP) is False:
        return None
    return _diagnosis(trial, Confidence.LIKELY, symptoms, ())


def _try(cause: Cause, laboratory: Laboratory) -> _Trial:
    """Make a cause's experiments in order of cost, and stop at the first that contradicts it."""
    made: list[tuple[Prediction, Evidence]] = []
    unanswered: list[Prediction] = []
    predicted = cause.predicts(laboratory.symptoms)
    for prediction in sorted(predicted, key=lambda p: p.experiment.cost):
        evidence = laboratory.evidence(prediction)
        if evidence is None:
            unanswered += [prediction] if laboratory.answer(prediction.experiment) is not None else []
            continue
        made.append((prediction, evidence))
        if not evidence.holds:
            break
    return _Trial(cause, predicted, tuple(made), tuple(unanswered))


def _told_apart(best: _Trial, rival: _Trial) -> bool:
    """Whether an experiment came out as the one predicts and the other does not."""
    ours = {p.experiment.name: p.outcome for p, e in best.evidence if e.holds}
    theirs = {p.experiment.name: p.outcome for p, _ in rival.evidence}
    return any(name in ours and ours[name] != outcome for name, outcome in theirs.items())


def _diagnosis(trial: _Trial, confidence: Confidence, symptoms: Symptoms, ruled_out: tuple[str, ...]) -> Diagnosis:
    evidence = tuple(evidence for _, evidence in trial.evidence)
    cause = trial.cause
    remedy = cause.remedy if cause.remedy_for is None else cause.remedy_for(symptoms)
    found = cause.diagnosis(confidence, cause.because(symptoms), remedy=remedy, evidence=evidence, ruled_out=ruled_out)
    return found if cause.title_for is None else replace(found, title=cause.title_for(symptoms))


def _unknown(trials: Sequence[_Trial], symptoms: Symptoms, ruled_out: tuple[str, ...]) -> Diagnosis:
    """The honest answer, with all evidence shown."""
    shown = {evidence.experiment: evidence for trial in trials for _, evidence in trial.evidence}
    evidence = tuple(replace(one, detail=one.detail or "shown without a claim") for one in shown.values())
    remedy = UNKNOWN.remedy_for(symptoms) if UNKNOWN.remedy_for is not None else ""
    return UNKNOWN.diagnosis(Confidence.UNKNOWN, UNKNOWN.because(symptoms), remedy=remedy, evidence=evidence, ruled_out=ruled_out)

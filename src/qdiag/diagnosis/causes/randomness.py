"""QD6: the numbers are random, or the circuit is not always the same."""

from __future__ import annotations

import math
from typing import Optional

from qdiag.diagnosis.cause import Cause, Place, Prediction, Role, flips, unlike
from qdiag.diagnosis.experiments.chance import OTHER_SEED, SAME_SEED, SHOTS_REMOVED, count_of_shots
from qdiag.diagnosis.experiments.method_options import LARGER_STEP
from qdiag.diagnosis.experiments.surroundings import OTHER_DEVICE
from qdiag.diagnosis.facts import is_differenced
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.model.comparison import Verdict
from qdiag.model.findings import Outcome
from qdiag.model.probe import Proof
from qdiag.model.twin_training import PartingCause

REDRAWN = (Prediction(OTHER_SEED, Outcome.PERSISTS, Role.NEUTRAL, also=(Outcome.MOVES,)),)
"""Two draws are apart; how far is itself a matter of chance."""


def _is_divided_by_a_step(symptoms: Symptoms) -> bool:
    """Tells noise of the size that shots have (QD601) from noise that differences divide by their step (QD403)."""
    return symptoms.divergence.verdict is Verdict.ERROR and is_differenced(symptoms)


def _changes(symptoms: Symptoms) -> bool:
    """Whether the user's own side gives other numbers each time: one that draws the same each time has nothing to vary."""
    method, seen = symptoms.sampling_devices[0]
    return seen.changing and method == symptoms.question.methods[0]


def _sampling_words(symptoms: Symptoms) -> str:
    """What a device does that was not asked to sample, in its own words where it has some."""
    method, seen = symptoms.sampling_devices[0]
    # a device that lives on draws further, whatever its seed was; one that is made anew does not
    live = symptoms.divergence.probe is not None
    error = f"one standard deviation of a number between -1 and 1 is up to {1 / math.sqrt(seen.samples):.2g}"
    first = f"{method.device} samples although no shots were asked for: every number is an estimate from {seen.samples} samples"
    idle = seen.idle_seed or (not live and seen.changing and "seed" in dict(method.device_options))
    seedless = "; the seed that it was given has no effect" if idle else ""
    return f"{first} ({error}){seedless}" + (f"; it warns: {' '.join(seen.warning.split())}" if seen.warning else "")


def _may_be_chance(symptoms: Symptoms) -> bool:
    """Whether chance may explain it: an error is further apart than the shots explain, those that a device takes unasked among them."""
    if symptoms.divergence.probe is not None:
        return bool(symptoms.sampling_devices)
    sampled = bool(symptoms.question.circuit.shots or symptoms.sampling_devices)
    return sampled and symptoms.divergence.verdict is Verdict.INCONCLUSIVE


def _step_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells noise of the size that shots have from noise that a quotient divides by a short step (QD105)."""
    return unlike(LARGER_STEP) if symptoms.derivative and symptoms.involves("finite-diff") else ()


SHOT_NOISE = Cause(
    code="QD601",
    slug="shot-noise",
    title="shot noise",
    remedy="compare without shots, or average over many seeds",
    applies=lambda symptoms: _may_be_chance(symptoms) and not _is_divided_by_a_step(symptoms),
    predicts=lambda symptoms: (
        ()
        if symptoms.divergence.probe is not None
        else (*flips(OTHER_DEVICE), *(REDRAWN if _changes(symptoms) else ()))
        if symptoms.sampling_devices
        else (*flips(SAME_SEED if symptoms.question.circuit.needs_shots else SHOTS_REMOVED), *REDRAWN, *_step_rival(symptoms))
    ),
    because=lambda symptoms: (
        _sampling_words(symptoms)
        if symptoms.sampling_devices
        else f"every number is an estimate from {count_of_shots(symptoms.question.circuit)}"
    ),
    remedy_for=lambda symptoms: (
        "a backend or an option of the device that gives exact expectation values, such as a state vector, or another device"
        if symptoms.sampling_devices
        else "compare with qml.expval without shots, or average over many seeds: what is measured here needs shots"
        if symptoms.question.circuit.needs_shots
        else "compare without shots, or average over many seeds"
    ),
    verdicts=(Verdict.INCONCLUSIVE, Verdict.ERROR),
    sits=Place.CHANCE,
    fileable=False,
    seen_by_probes=True,
)

NONDETERMINISTIC = Cause(
    code="QD602",
    slug="nondeterministic-call",
    title="nondeterministic call",
    remedy="seed what is random, or take it out of the circuit",
    applies=lambda symptoms: (
        not symptoms.question.circuit.shots and not symptoms.sampling_devices and symptoms.divergence.verdict is Verdict.INCONCLUSIVE
    ),
    predicts=lambda symptoms: (Prediction(SAME_SEED, Outcome.PERSISTS),),
    because=lambda symptoms: "one method, asked twice with the same seed, does not give the same numbers",
    verdicts=(Verdict.INCONCLUSIVE, Verdict.ERROR),
    sits=Place.CHANCE,
    parting=PartingCause.NONDETERMINISTIC,
)


def _fixed_seed(symptoms: Symptoms) -> Optional[int]:
    """The number that the script seeds spsa with: PennyLane makes a generator of it anew at each call, so that none draws further."""
    given = [dict(method.gradient_options).get("sampler_rng") for method in symptoms.question.methods if method.diff_method == "spsa"]
    return next((seed for seed in given if isinstance(seed, int)), None)


def _directions_words(symptoms: Symptoms) -> str:
    seed = _fixed_seed(symptoms)
    fixed = f"; with sampler_rng={seed} they are the same at every call, so that a training sees no others"
    return f"spsa estimates the gradient along random directions{'' if seed is None else fixed}"


STOCHASTIC = Cause(
    code="QD603",
    slug="stochastic-method",
    title="stochastic method",
    remedy="more directions (num_directions), or an exact method",
    applies=lambda symptoms: symptoms.involves("spsa"),
    predicts=lambda symptoms: (*flips(SAME_SEED), *REDRAWN),
    because=_directions_words,
    remedy_for=lambda symptoms: (
        "more directions (num_directions), or an exact method"
        if _fixed_seed(symptoms) is None
        else f"sampler_rng=numpy.random.default_rng({_fixed_seed(symptoms)}), made once, with more directions; or an exact method"
    ),
    verdicts=(Verdict.INCONCLUSIVE, Verdict.ERROR),
    sits=Place.CHANCE,
    fileable=False,
)

VALUE_DEPENDENT = Cause(
    code="QD604",
    slug="circuit-depends-on-values",
    title="circuit depends on values",
    remedy="apply the gate whatever its angle, or start away from the value at which it is left out",
    applies=lambda symptoms: symptoms.divergence.proof is Proof.STRUCTURE,
    predicts=lambda symptoms: (),
    because=lambda symptoms: "the circuit has other operations at these values of its arguments than beside them",
    sits=Place.SCRIPT,
    fileable=False,
    seen_by_probes=True,
)

CAUSES = (STOCHASTIC, SHOT_NOISE, NONDETERMINISTIC, VALUE_DEPENDENT)

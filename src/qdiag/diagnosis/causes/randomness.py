"""QD6: the numbers are random, or the circuit is not always the same."""

from __future__ import annotations

from qdiag.diagnosis.cause import PERSISTS, Cause, Prediction, flips, leaves
from qdiag.diagnosis.experiments import OTHER_SEED, SAME_SEED, SHOTS_REMOVED
from qdiag.model.comparison import Verdict
from qdiag.model.probe import Proof

SHOT_NOISE = Cause(
    code="QD601",
    slug="shot-noise",
    title="shot noise",
    explanation="""The results are estimates from a finite number of shots. Two runs of one method differ as much as two methods do.""",
    example="""
        @qml.set_shots(500)
        @qml.qnode(dev, diff_method="parameter-shift")
        """,
    confirmed_by="""Without shots the methods agree; one method, asked twice with different seeds, differs from itself as much.""",
    remedy="compare without shots, or average over many seeds",
    applies=lambda symptoms: bool(symptoms.question.circuit.shots),
    predicts=lambda symptoms: (*flips(SHOTS_REMOVED), *leaves(OTHER_SEED)),
    because=lambda symptoms: f"every number is an estimate from {sum(symptoms.question.circuit.shots)} shots",
    verdicts=(Verdict.INCONCLUSIVE, Verdict.ERROR),
)

NONDETERMINISTIC = Cause(
    code="QD602",
    slug="nondeterministic-call",
    title="nondeterministic call",
    explanation="""One and the same method gives different results for one and the same call: something in it draws random numbers or
        keeps state from call to call.""",
    example="""
        qml.RandomLayers(weights, wires=[0, 1], seed=None)
        """,
    confirmed_by="""The user's own method, asked twice with the same seed, answers differently.""",
    remedy="seed what is random, or take it out of the circuit",
    applies=lambda symptoms: not symptoms.question.circuit.shots and symptoms.divergence.verdict is Verdict.INCONCLUSIVE,
    predicts=lambda symptoms: (Prediction(SAME_SEED, PERSISTS, "flip"),),
    because=lambda symptoms: "one method, asked twice with the same seed, does not give the same numbers",
    verdicts=(Verdict.INCONCLUSIVE, Verdict.ERROR),
)

STOCHASTIC = Cause(
    code="QD603",
    slug="stochastic-method",
    title="stochastic method",
    explanation="""The method estimates the gradient along random directions (spsa): its result is random by construction and right
        only on
        average.""",
    example="""
        @qml.qnode(dev, diff_method="spsa")
        """,
    confirmed_by="""Asked twice with the same seed, the method agrees with itself; with another seed it differs from itself as much as
        from another method.""",
    remedy="more directions (num_directions), or an exact method",
    applies=lambda symptoms: symptoms.involves("spsa"),
    predicts=lambda symptoms: (*flips(SAME_SEED), *leaves(OTHER_SEED)),
    because=lambda symptoms: "spsa estimates the gradient along random directions",
    verdicts=(Verdict.INCONCLUSIVE, Verdict.ERROR),
)

VALUE_DEPENDENT = Cause(
    code="QD604",
    slug="circuit-depends-on-values",
    title="circuit depends on values",
    explanation="""Which operations run depends on the parameters' values (an `if` on a weight, pruning, angles of zero skipped). Every
        method differentiates the circuit that ran; a parameter whose gate was left out has a gradient of exactly zero there, although
        the result moves with it, and a training that starts at that value never leaves it.""",
    example="""
        for wire, angle in enumerate(angles):
            if angle != 0:                            # all angles start at zero: none is ever trained
                qml.RX(angle, wires=wire)
        """,
    confirmed_by="""Beside the point the circuit has other operations than at the point, and there the method's gradient is the
        numerical one.""",
    remedy="apply the gate whatever its angle, or start away from the value at which it is left out",
    applies=lambda symptoms: symptoms.divergence.proof is Proof.STRUCTURE,
    predicts=lambda symptoms: (),
    because=lambda symptoms: "the circuit has other operations at these values of its arguments than beside them",
)

CAUSES = (STOCHASTIC, SHOT_NOISE, NONDETERMINISTIC, VALUE_DEPENDENT)

"""Experiments on chance: without shots, with more of them, and the same question twice with one seed or two."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from qdiag.diagnosis.cause import Experiment
from qdiag.diagnosis.experiments.changes import edit
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.question import Question, observe, with_circuit
from qdiag.model.circuit import Circuit

SAMPLED_WAYS = frozenset({"one-shot", "single-branch-statistics"})
"""Ways of treating mid-circuit measurements that are themselves ways of sampling: there is none without shots."""


def without_shots(question: Question) -> Optional[Question]:
    """The question about exact results; None where they are."""
    if not question.circuit.shots:
        return None
    kept = tuple(option for option in question.execution_options if option[0] != "mcm_method" or option[1] not in SAMPLED_WAYS)
    return replace(with_circuit(question, replace(question.circuit, shots=())), execution_options=kept)


def count_of_shots(circuit: Circuit) -> str:
    """How many results the circuit's numbers are estimated from, as one writes it."""
    number = sum(circuit.shots)
    return f"{number} shot{'s' * (number != 1)}"


SHOTS_REMOVED = Experiment("shots removed", lambda question, _: without_shots(question))
MORE_SHOTS = edit("ten times the shots", lambda c: replace(c, shots=tuple(10 * number for number in c.shots)) if c.shots else None)


def each_twice(compiled: bool) -> Experiment:
    """The same method against itself, compiled or not, with two seeds: they agree where nothing is random."""
    name = "compiled" if compiled else "not compiled"

    def change(question: Question, _: Evaluator) -> Optional[Question]:
        method = next((method for method in question.methods if bool(method.compiled) is compiled), None)
        return None if method is None else replace(question, methods=(method, method), seeds=(0, 1))

    return Experiment(f"one method twice, {name}, two seeds", change)


SEEDS = 8
"""So many seeds are tried for numbers that are not those of the first."""


def _twice(question: Question) -> Question:
    """The method that is random by construction against itself, else the user's own."""
    method = next((method for method in question.methods if method.stochastic), question.methods[0])
    return replace(question, methods=(method, method))


def _same_seed(question: Question, _: Evaluator) -> Question:
    return replace(_twice(question), repetitions=(0, 1))


def _other_seed(question: Question, evaluator: Evaluator) -> Question:
    """Two seeds whose numbers differ, where there are any: of few random signs two seeds often draw the same."""
    asked = [replace(_twice(question), seeds=(0, seed)) for seed in range(1, SEEDS)]
    if not asked[0].methods[0].stochastic:
        return asked[0]
    return next((one for one in asked if _is_apart(one, evaluator)), asked[0])


def _is_apart(question: Question, evaluator: Evaluator) -> bool:
    comparison = observe(question, evaluator).comparison
    return not comparison.max_abs <= comparison.bound


SAME_SEED = Experiment("one method twice, same seed", _same_seed)
OTHER_SEED = Experiment("one method twice, other seed", _other_seed)

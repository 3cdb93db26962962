"""What experiments are made of: an edit of the circuit, other methods, one change after another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Optional

from qdiag.diagnosis.cause import Experiment
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.question import Question, with_circuit
from qdiag.model.circuit import Circuit
from qdiag.model.method import Method


def edit(name: str, change: Callable[[Circuit], Optional[Circuit]], cost: float = 1.0) -> Experiment:
    """An experiment that only edits the circuit; an edit that changes nothing does not apply."""

    def changed_question(question: Question, _: Evaluator) -> Optional[Question]:
        circuit = change(question.circuit)
        return None if circuit is None or circuit is question.circuit else with_circuit(question, circuit)

    return Experiment(name, changed_question, cost)


def in_turn(first: Experiment, second: Experiment) -> Experiment:
    """One experiment on what another has made: for one factor that sits in two places."""

    def change(question: Question, evaluator: Evaluator) -> Optional[Question]:
        changed = first.applied_to(question, evaluator)
        return None if changed is None else second.applied_to(changed, evaluator)

    return Experiment(f"{first.name}, {second.name}", change, first.cost + second.cost)


def other_methods(name: str, change: Callable[[Method], Method], cost: float = 1.0) -> Experiment:
    """An experiment that only changes the methods; one that changes neither does not apply."""

    def changed_question(question: Question, _: Evaluator) -> Optional[Question]:
        first, second = (change(method) for method in question.methods)
        return None if (first, second) == question.methods else replace(question, methods=(first, second))

    return Experiment(name, changed_question, cost)

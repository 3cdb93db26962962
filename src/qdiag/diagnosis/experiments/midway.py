"""Experiments on how measurements in the middle of a circuit are treated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

from qdiag.diagnosis.cause import Experiment
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.question import Question
from qdiag.model.circuit import measures_midway, midway_measurements
from qdiag.model.node import MeasuredOutcome, Node, walk
from qdiag.model.option import Option

DEFERRED, TRAVERSED = "deferred", "tree-traversal"


def mcm_method_of(options: Sequence[tuple[str, Option]]) -> str:
    """How mid-circuit measurements are treated; without shots PennyLane defers them unless it is told otherwise."""
    return str(dict(options).get("mcm_method") or DEFERRED)


def other_mcm_method(options: Sequence[tuple[str, Option]]) -> str:
    """The way of treating mid-circuit measurements that a call did not take: the one that the options do not name."""
    return TRAVERSED if mcm_method_of(options) == DEFERRED else DEFERRED


def _reads_outcomes(measurement: Node) -> bool:
    return any(isinstance(part, MeasuredOutcome) for part in walk(measurement))


def _with_spare_wires(question: Question) -> tuple[object, ...]:
    """The device's wires, and one more for each measurement in the middle: to that it is deferred.

    Results that span all wires of the device would span these as well: then the device stays as it is.
    """
    circuit, wires = question.circuit, question.device_wires
    if not wires or not all(measurement.wires or _reads_outcomes(measurement) for measurement in circuit.measurements):
        return wires
    numbers = [label for label in (*wires, *circuit.wires) if isinstance(label, int)]
    first = max(numbers, default=-1) + 1
    return (*wires, *range(first, first + midway_measurements(circuit)))


def under_other_mcm_method(options: Sequence[tuple[str, Option]]) -> Experiment:
    """The same call, its mid-circuit measurements treated in the other way."""
    other = other_mcm_method(options)

    def change(question: Question, _: Evaluator) -> Optional[Question]:
        if not measures_midway(question.circuit):
            return None
        kept = {name: value for name, value in question.execution_options if name != "mcm_method"}
        wires = _with_spare_wires(question) if other == DEFERRED else question.device_wires
        return replace(question, device_wires=wires, execution_options=tuple(sorted({**kept, "mcm_method": other}.items())))

    return Experiment(f'mcm_method="{other}"', change)

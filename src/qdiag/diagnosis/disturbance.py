"""Whether a measurement comes out otherwise beside others than alone: the results of one QNode have nothing to do with each other.

A method is held against itself, so nobody else has to be right for it: what is measured is the same, whatever else is. Some devices
turn the state into the basis of one observable and read another measurement in that basis; then probabilities are wrong, and every
gradient of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Optional

from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.comparison.compare import compare
from qdiag.judging.question import Question, with_circuit
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import MEASURED, Comparison, Verdict
from qdiag.model.element import Kind
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import ARBITER, Method
from qdiag.model.node import parameters_of
from qdiag.model.variants import without_measurements


@dataclass(frozen=True)
class Disturbance:
    """A measurement that comes out otherwise than alone.

    Parameters
    ----------
    disturbed
        Its position.
    by
        Those of the others that it takes for that.
    method
        Under which method.
    """

    disturbed: int
    by: tuple[int, ...]
    method: Method


def with_measurements(circuit: Circuit, kept: Sequence[int]) -> Circuit:
    """The circuit with these of its measurements alone."""
    return without_measurements(circuit, [position for position in range(len(circuit.measurements)) if position not in kept])


MOST_MEASUREMENTS = 8
"""Where a difference shows in the gradient of a loss, so many measurements at most are tried: any of them may be behind it."""


def disturbance_of(question: Question, comparison: Comparison, sides: Sequence[int], evaluator: Evaluator) -> Optional[Disturbance]:
    """The measurement that a difference shows in, where it comes out otherwise alone; None where it does not, or nobody knows.

    Parameters
    ----------
    question, comparison
        Where the difference was seen, and the difference.
    sides
        Which sides of the question may be wrong.
    evaluator
        Where circuits are evaluated.
    """
    measured = range(len(question.circuit.measurements))
    if comparison.where not in MEASURED or comparison.element is None or question.circuit.shots or len(measured) < 2:
        return None
    in_one = comparison.element.kind in (Kind.OUTPUT, Kind.JACOBIAN)
    positions = [comparison.element.output] if in_one else list(measured[:MOST_MEASUREMENTS])
    for side in sides:
        for position in positions if question.methods[side] != ARBITER else ():
            others = [other for other in measured if other != position]
            asked = _Asked(question, side, position, comparison.max_abs, evaluator)
            if asked.is_disturbed_by(others):
                return Disturbance(position, _fewest(others, asked), question.methods[side])
    return None


SHARE = 0.01
"""The part of a difference that being alone must account for: less may be rounding, which goes another way in another circuit."""


class _Asked:
    """One measurement under one method, alone and beside others."""

    def __init__(self, question: Question, side: int, position: int, gap: float, evaluator: Evaluator) -> None:
        self.question, self.side, self.position, self.gap, self.evaluator = question, side, position, gap, evaluator
        self.circuit = with_measurements(question.circuit, (position,))
        self.alone = self._evaluate((position,))

    def is_disturbed_by(self, others: Sequence[int]) -> bool:
        """Whether it comes out otherwise beside these."""
        beside = self._evaluate(sorted((self.position, *others))) if self.alone is not None else None
        if self.alone is None or beside is None:
            return False
        seen = compare(self.alone, beside, self.circuit, tolerance=self.question.tolerance)
        return seen.verdict is Verdict.ERROR and seen.where in MEASURED and seen.max_abs > SHARE * self.gap

    def _evaluate(self, kept: Sequence[int]) -> Optional[Evaluation]:
        """What the method says of it beside others, without what it says of these; None where it fails, or has other results."""
        circuit = with_measurements(self.question.circuit, kept)
        found = self.evaluator.submit(with_circuit(self.question, circuit).request(self.side)).result()
        row = kept.index(self.position)
        if found.failure is not None or found.outputs is None or len(found.outputs) != len(kept):
            return None
        own = _gradients_of(circuit, row)
        jacobian = (tuple(found.jacobian[row][i] for i in own),) if found.jacobian else None
        return replace(found, outputs=(found.outputs[row],), norms=found.norms[row : row + 1], jacobian=jacobian, vjps=(), hvp=None)


def _gradients_of(circuit: Circuit, measurement: int) -> list[int]:
    """Which of a circuit's gradients a measurement has when it is alone: those by the numbers of the others are none of its own."""
    owners = [
        number
        for number, node in enumerate(circuit.nodes, -len(circuit.operations))
        for _ in parameters_of(node)
    ]
    return [place for place, position in enumerate(circuit.trainable) if owners[position] < 0 or owners[position] == measurement]


def _fewest(others: list[int], asked: _Asked) -> tuple[int, ...]:
    """As few of the others as halving finds that disturb it all the same."""
    while len(others) > 1:
        middle = len(others) // 2
        half = next((half for half in (others[:middle], others[middle:]) if asked.is_disturbed_by(half)), None)
        if half is None:
            break
        others = half
    return tuple(others)

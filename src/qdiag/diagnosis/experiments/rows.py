"""Experiments on a batch: a row as a call of its own."""

from __future__ import annotations

from typing import Optional

from qdiag.diagnosis.cause import Experiment
from qdiag.evaluation import remote
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.question import AskArbiter, Question, observe, with_circuit
from qdiag.model.comparison import Comparison, Signature, Verdict


def row_alone(row: int) -> Experiment:
    """One row of a batch, as a call of its own."""

    def change(question: Question, evaluator: Evaluator) -> Optional[Question]:
        rows = evaluator.call(remote.rows, question.circuit, question.trusted).result()
        return with_circuit(question, rows[row]) if len(rows) > max(row, 1) else None

    return Experiment(f"row {row} alone", change)


MOST_ROWS = 64
"""Of a batch with more rows nobody can say here what each of them does by itself."""


def each_row(reference: Optional[AskArbiter]) -> Experiment:
    """Each row as a call of its own, where the difference is of no single one: the numbers of one may make it, and that row shows it.

    Parameters
    ----------
    reference
        The arbiter, without which nothing can be said of a row where it is one of the two sides.
    """

    def change(question: Question, evaluator: Evaluator) -> Optional[Question]:
        """Of all rows that which is worst by itself; the first where all are right."""
        rows = evaluator.call(remote.rows, question.circuit, question.trusted).result()
        if not 1 < len(rows) <= MOST_ROWS:
            return None
        alone = [with_circuit(question, row) for row in rows]
        return max(alone, key=lambda one: _badness(observe(one, evaluator, reference).comparison))

    return Experiment("each row alone", change)


def _badness(comparison: Comparison) -> int:
    if comparison.verdict is Verdict.ERROR or comparison.where is Signature.RAISE:
        return 2
    return int(comparison.verdict is not Verdict.AGREE)

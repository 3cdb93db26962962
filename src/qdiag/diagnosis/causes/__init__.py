"""The causes, one file a family. `CAUSES` is the order in which explanations are preferred: the most specific first."""

from __future__ import annotations

from qdiag.diagnosis.cause import Cause
from qdiag.diagnosis.causes import complex_numbers, execution, graph, precision, randomness, rules, training

UNKNOWN = Cause(
    code="QD901",
    slug="unknown",
    title="unknown",
    remedy="report it with the reproducer: qdiag report --github",
    applies=lambda symptoms: False,
    predicts=lambda symptoms: (),
    because=lambda symptoms: "no cause that qdiag knows explains every experiment",
)

CAUSES: tuple[Cause, ...] = (
    *randomness.CAUSES,
    *execution.CAUSES,
    *precision.CAUSES,
    *complex_numbers.CAUSES,
    *graph.CAUSES,
    *rules.CAUSES,
    *training.CAUSES,
    UNKNOWN,
)
"""Every cause, the most specific first."""

NOT_FOR_THE_CIRCUIT = frozenset({"QD103", "QD104", "QD106", "QD504", "QD601", "QD602", "QD603", "QD604"})
"""Causes that do not sit in the circuit, or are not one of its operations: nothing to shrink."""

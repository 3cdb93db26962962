"""Experiments in words: a sentence with the ones that tell most, and a table of all. What is no number is called what it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Optional

from qdiag.model.comparison import Signature
from qdiag.model.findings import Evidence, Outcome
from qdiag.report.content.figures import ARROW, gap
from qdiag.report.outline import Table

MOST_IN_A_SENTENCE = 2
"""Experiments that heal, and as many that do not."""


def sentence(evidence: Sequence[Evidence], signature: Signature) -> str:
    """The experiments that tell most: what closes the gap, then what leaves it."""
    held = [item for item in evidence if item.holds]
    heals = [_gap_before_and_after(item, signature) for item in held if item.predicts is Outcome.HEALS]
    others = [_remaining_gap(item, signature) for item in held if item.predicts is not Outcome.HEALS]
    parts = heals[:MOST_IN_A_SENTENCE] + others[:MOST_IN_A_SENTENCE]
    if heals and parts[0][:1].isdigit():
        parts[0] = f"gap {parts[0]}"
    return ", ".join(parts)


def table(evidence: Sequence[Evidence], signature: Signature) -> Optional[Table]:
    """Every experiment."""
    if not evidence:
        return None
    rows = tuple(
        (
            item.experiment,
            size(item.before, signature),
            size(item.after, signature),
            item.predicts.value,
            "as predicted" if item.holds else f"not so: {item.detail}",
        )
        for item in evidence
    )
    return Table("Experiments", ("One thing changed", "Gap before", "Gap after", "Predicted", "Came out"), rows)


def size(number: Optional[float], signature: Signature) -> str:
    """A gap, or what stands in its place: an exception, NaN."""
    if number is None:
        return {Signature.RAISE: "raises", Signature.SHAPE: "–"}.get(signature, "no number")
    return "NaN" if signature is Signature.NAN and not math.isfinite(number) else gap(number)


def _gap_before_and_after(item: Evidence, signature: Signature) -> str:
    if item.after is None:
        return f"gone ({item.experiment})"
    return f"{size(item.before, signature)} {ARROW} {size(item.after, signature)} ({item.experiment})"


def _remaining_gap(item: Evidence, signature: Signature) -> str:
    if item.after is None and item.predicts is Outcome.MOVES:
        return f"moves {item.detail} ({item.experiment})"
    verb = "still" if item.predicts is Outcome.PERSISTS else "moves to"
    return f"{verb} {size(item.after, signature)} ({item.experiment})"

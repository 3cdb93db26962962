"""What a replay came to, as a value."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from qdiag.model.comparison import Verdict
from qdiag.model.findings import Divergence
from qdiag.model.result import ReplaySummary, Unfaithful


@dataclass(frozen=True, eq=False)
class Located(ReplaySummary):
    """What a replay came to: what was evaluated, and where it differs.

    Parameters
    ----------
    divergences
        Errors first, then by call.
    verdict
        Of the whole trace.
    recorded
        How many calls there are.
    notes
        What else the reader must know: what was left out, and why.
    """

    divergences: tuple[Divergence, ...] = ()
    verdict: Verdict = Verdict.INCONCLUSIVE
    recorded: int = 0
    notes: tuple[str, ...] = ()


def verdict_of(verdicts: Collection[Verdict], unfaithful: Sequence[Unfaithful], replayed: int) -> Verdict:
    """The verdict of a whole trace: an error outweighs doubt, and doubt outweighs agreement."""
    if Verdict.ERROR in verdicts:
        return Verdict.ERROR
    if Verdict.INCONCLUSIVE in verdicts or not replayed or any(not u.explained for u in unfaithful):
        return Verdict.INCONCLUSIVE
    return Verdict.ROUNDING if Verdict.ROUNDING in verdicts else Verdict.AGREE

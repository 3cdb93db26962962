"""What a replay came to, as a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from qdiag.judging.replay.one_call import Unfaithful
from qdiag.model.call import Failure
from qdiag.model.comparison import Comparison, Verdict
from qdiag.model.findings import Cost, Divergence
from qdiag.model.method import Method


@dataclass(frozen=True, eq=False)
class Located:
    """What a replay came to.

    Parameters
    ----------
    divergences
        Errors first, then by call.
    verdict
        Of the whole trace.
    methods
        The user's own first; of those that are written alike the first.
    recorded, replayed
        How many calls there are, and how many of them were evaluated under at least two methods.
    sampled
        Method → number of calls, for those not evaluated at all calls.
    refused
        Method → its exception.
    unfaithful
        Calls whose replay is not bit for bit what the script saw.
    comparisons
        Every comparison with the user's own method, with its call.
    costs
        What each method took.
    notes
        What else the reader must know: what was left out, and why.
    """

    divergences: tuple[Divergence, ...]
    verdict: Verdict
    methods: tuple[Method, ...] = ()
    recorded: int = 0
    replayed: int = 0
    sampled: tuple[tuple[Method, int], ...] = ()
    refused: tuple[tuple[Method, Failure], ...] = ()
    unfaithful: tuple[Unfaithful, ...] = ()
    comparisons: tuple[tuple[int, Comparison], ...] = ()
    costs: tuple[Cost, ...] = ()
    notes: tuple[str, ...] = field(default=())


def verdict_of(verdicts: Sequence[Verdict], unfaithful: Sequence[Unfaithful], replayed: int) -> Verdict:
    """The verdict of a whole trace: an error outweighs doubt, and doubt outweighs agreement."""
    if Verdict.ERROR in verdicts:
        return Verdict.ERROR
    if Verdict.INCONCLUSIVE in verdicts or not replayed or any(not u.explained for u in unfaithful):
        return Verdict.INCONCLUSIVE
    return Verdict.ROUNDING if Verdict.ROUNDING in verdicts else Verdict.AGREE

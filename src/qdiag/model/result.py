"""What one run came to, as values: what was evaluated, what was found, what was remarked, and the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Union

from qdiag.model.asked import Asked
from qdiag.model.call import Failure
from qdiag.model.comparison import Comparison, Verdict
from qdiag.model.coverage import Coverage, Gap, Unseen
from qdiag.model.findings import Confidence, Finding
from qdiag.model.method import Method
from qdiag.model.remarks import Remark
from qdiag.model.unanswered import Reason, Unanswered

Entry = Union[Finding, Remark]
"""What a report has a chapter for."""

_RANKS = {Verdict.ERROR: 0, Verdict.REMARK: 1}
"""What a reader must see first; the order within a rank is that in which it was found."""


@dataclass(frozen=True)
class Cost:
    """What a method took.

    Parameters
    ----------
    method
        The method.
    calls, seconds
        At how many calls it was evaluated, and the processor time of all evaluations together.
    usual, times
        What the gradient of one call takes, and that as a multiple of what the script's own method takes at the same calls: medians;
        0 where it saw parts of calls alone.
    memory
        Bytes that one evaluation takes beyond what its process has, a median; 0 where nobody knows.
    """

    method: Method
    calls: int
    seconds: float
    usual: float = 0.0
    times: float = 0.0
    memory: int = 0


@dataclass(frozen=True)
class Unfaithful:
    """A call whose replay under the user's own method did not give the user's own numbers.

    Parameters
    ----------
    call
        Its index.
    what
        What differs, and how far.
    explained
        Whether rounding explains it; else the call is not judged from its circuit alone.
    """

    call: int
    what: str
    explained: bool


@dataclass(frozen=True)
class NotRebuilt:
    """A call whose device, circuit or method cannot be made again where calls are replayed.

    Parameters
    ----------
    call
        Its index.
    why
        Why, as ``option noise_model is an object (NoiseModel)``.
    circuit
        Whether it is the circuit that cannot be, and not the device.
    interface
        Whether it is neither: the interface that the call was made under is not installed there.
    method
        Whether it is the differentiation method, as a gradient transform of the script's own.
    """

    call: int
    why: str
    circuit: bool = False
    interface: bool = False
    method: bool = False

    @property
    def what(self) -> str:
        """What cannot be made again, in words."""
        return "circuit" if self.circuit else "differentiation method" if self.method else "device"


@dataclass(frozen=True, eq=False)
class ReplaySummary:
    """What was evaluated in a replay, and what it took: the part of it that a run hands on as it is.

    Parameters
    ----------
    methods
        The methods replayed, the user's own first: of those that are written alike the first.
    replayed
        How many calls were evaluated under at least two methods.
    sampled
        Method → number of calls at which it was evaluated, for those not evaluated at all calls.
    unanswered
        What methods left unanswered, and why.
    unfaithful
        Calls whose replay is not bit for bit what the script saw.
    comparisons
        Every comparison with the user's own method, with its call: to be gone through, as often as one likes.
    costs
        What each method took.
    rows
        Method → rows of a batch at which it was evaluated, and of how many, for those not evaluated at all rows.
    unseen
        Calls that were left out, and why.
    parameters
        Method → numbers by which it was differentiated, and of how many, for those not differentiated by all of them.
    not_rebuilt
        Calls that were not replayed, since their device or circuit cannot be made again.
    """

    methods: tuple[Method, ...] = ()
    replayed: int = 0
    sampled: tuple[tuple[Method, int], ...] = ()
    unanswered: tuple[Unanswered, ...] = ()
    unfaithful: tuple[Unfaithful, ...] = ()
    comparisons: Iterable[tuple[int, Comparison]] = ()
    costs: tuple[Cost, ...] = ()
    rows: tuple[tuple[Method, int, int], ...] = ()
    unseen: tuple[Unseen, ...] = ()
    parameters: tuple[tuple[Method, int, int], ...] = ()
    not_rebuilt: tuple[NotRebuilt, ...] = ()

    @property
    def refused(self) -> tuple[tuple[Method, Failure], ...]:
        """Method → PennyLane's words, for the methods that it refuses wherever they were asked."""
        return tuple((one.method, one.failure) for one in self.unanswered if one.reason is Reason.REFUSES and one.everywhere)

    @property
    def silent(self) -> frozenset[Method]:
        """The methods that gave no derivative at any call, without their options."""
        lacking: Counter[Method] = Counter()
        for one in self.unanswered:
            lacking[one.method.bare] += len(one.calls)
        return frozenset(one.method.bare for one in self.unanswered if lacking[one.method.bare] == one.asked)

    @property
    def answering(self) -> tuple[Method, ...]:
        """The methods of which there is an answer to compare."""
        return tuple(method for method in self.methods if method.bare not in self.silent)


@dataclass(frozen=True, eq=False)
class Result:
    """Everything that one run worked out: what `findings.json` and every report are made from.

    Parameters
    ----------
    replay
        What was evaluated.
    calls, steps
        Recorded calls, optimiser steps.
    qnodes
        Name and place of each QNode; the same once more for each that was made in the same place.
    verdict
        Of the whole run.
    findings
        Errors first.
    remarks
        What was seen of the training around the QNodes, errors first.
    notes
        What else the reader must know, in sentences.
    tolerance
        The user's own, in words, or "".
    asked
        What was asked for.
    coverage
        What the verdict is about, and what was not seen.
    tracked
        Whether there was anything to differentiate by.
    alone
        Whether no method but the script's own gave numbers, and the arbiter upholds it.
    undecided
        Whether it is open how the methods compare, although the verdict is a remark: a confirmed one is certain all the same.
    """

    replay: ReplaySummary
    calls: int
    steps: int
    qnodes: tuple[tuple[str, str], ...]
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    remarks: tuple[Remark, ...] = ()
    notes: tuple[str, ...] = field(default=())
    tolerance: str = ""
    tracked: bool = True
    coverage: Coverage = field(default_factory=Coverage)
    alone: bool = False
    undecided: bool = False
    asked: Asked = field(default_factory=Asked)

    @property
    def unrecorded(self) -> int:
        """How many calls the recorder met and could not record: nothing is said of them."""
        return self.coverage.calls(Gap.UNRECORDED)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Findings and remarks in the order in which a reader gets them: errors first, remarks before what is no more than rounding."""
        return in_order((*self.findings, *self.remarks))


def verdict_of_all(verdicts: Iterable[Verdict], remarks: Iterable[Remark]) -> Verdict:
    """The verdict that leads: an error, then a remark whose cause is confirmed, then doubt, then all other remarks, then rounding.

    Parameters
    ----------
    verdicts
        On the methods: at least one.
    remarks
        On the training around them.
    """
    given = list(verdicts)
    about = list(remarks)
    confirmed = [remark.verdict for remark in about if remark.diagnosis.confidence is Confidence.CONFIRMED]
    leading = (
        ({*given, *(remark.verdict for remark in about)}, Verdict.ERROR),
        ({*confirmed}, Verdict.REMARK),
        ({*given}, Verdict.INCONCLUSIVE),
        ({*given, *(remark.verdict for remark in about)}, Verdict.REMARK),
        ({*given}, Verdict.ROUNDING),
    )
    return next((verdict for found, verdict in leading if verdict in found), given[0])


def in_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Entries in the order in which a reader gets them."""
    return tuple(sorted(entries, key=lambda entry: _RANKS.get(entry.verdict, len(_RANKS))))

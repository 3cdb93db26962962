"""What a method left unanswered: at which calls it gave nothing, and for which reason.

That PennyLane does not take a circuit is one thing; that time ran out, that a process was lost, that one call of many failed, or that
qdiag itself did, are others. Only the first is a refusal, and only where it is so wherever the method was asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from qdiag.model.call import Failure
from qdiag.model.method import Method


class Reason(str, Enum):
    """Why a method gave nothing; the value is how findings.json says it."""

    REFUSES = "refuses"
    FAILED = "failed"
    NOT_IN_TIME = "not in time"
    LOST = "process lost"
    NOT_REPLAYED = "not replayed"
    OWN_FAULT = "qdiag itself failed"


def reason_of(failure: Failure) -> Reason:
    """Why a method gave nothing, from its exception."""
    if failure.stage == "timeout":
        return Reason.NOT_IN_TIME
    if failure.lost:
        return Reason.LOST
    if failure.ours:
        return Reason.NOT_REPLAYED if failure.refusal else Reason.OWN_FAULT
    return Reason.REFUSES if failure.refusal else Reason.FAILED


@dataclass(frozen=True)
class Unanswered:
    """The calls at which a method gave nothing, or no derivative, for one reason.

    Parameters
    ----------
    method
        The method.
    reason
        Why.
    failure
        The exception at the first of the calls.
    calls
        Their indices.
    asked
        At how many calls the method was asked, for whatever came of it.
    """

    method: Method
    reason: Reason
    failure: Failure
    calls: tuple[int, ...]
    asked: int

    @property
    def everywhere(self) -> bool:
        """Whether it is so wherever the method was asked."""
        return len(self.calls) == self.asked

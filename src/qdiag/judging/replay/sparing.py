"""A call whose own method is slow, or was late: what other calls have taught of it, and what is asked in its place."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Optional

from qdiag.judging.replay.call_result import CallResult
from qdiag.judging.replay.desk import Replaying
from qdiag.judging.replay.parts import Parts, replay_in_part
from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.records import is_clean, recorded, replay_beside_record, replay_by_record_alone
from qdiag.judging.replay.shares import look_at_shares, shares_of
from qdiag.model.call import Call, Failure
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method


@dataclass(frozen=True)
class Lessons:
    """What other calls of a structure have taught by the time that this one is replayed.

    Parameters
    ----------
    screened
        Methods of which a cheaper route is asked, and the interface's own only where that one's answer is not clean.
    late
        The failure by which the user's own method ran out of its time: it is not waited for again.
    late_in_part
        Whether it did so for a part of a call as well, or a call has no parts.
    like
        An evaluation of the own method at another call, without its numbers, where that is slow and is not asked about the whole.
    time_for_part
        Whether it is asked about a part of it then.
    seconds
        What a gradient takes under the script's own method; 0 where that is not known yet.
    """

    screened: Collection[Method] = ()
    late: Optional[Failure] = None
    late_in_part: bool = False
    like: Optional[Evaluation] = None
    time_for_part: bool = True
    seconds: float = 0.0


NOTHING_LEARNT = Lessons()
"""As at a structure's first call."""


def replay_sparingly(
    call: Call,
    key: str,
    methods: Sequence[Method],
    lessons: Lessons,
    plan: Plan,
    parts: Parts,
) -> Replaying[Optional[CallResult]]:
    """What a call comes to whose own method is slow: by the record, or by parts where that does not tell all and there is time.

    None by neither, or where anything parts from the record: then the method is asked.
    """
    record = recorded(call, lessons.like)
    if record is None or (lessons.time_for_part and len(record.known) < len(call.circuit.trainable) and call.backwards):
        result = yield from replay_in_part(call, key, methods, plan, parts, thorough=False)
        if record is None or result is not None:
            return result
    shares = shares_of(call, methods, lessons.screened, parts.batched, first=False, seconds=lessons.seconds)
    result = yield from replay_beside_record(call, key, record, shares.asked, shares.screened, plan)
    return (yield from look_at_shares(result, call, shares, plan, parts, thorough=False)) if is_clean(result) else None


def replay_without_own(
    call: Call, key: str, methods: Sequence[Method], late: Failure, plan: Plan, parts: Optional[Parts], *, thorough: bool
) -> Replaying[CallResult]:
    """What a call comes to whose own method is not in time: by its parts, unless these were late as well, or by what the script got."""
    if parts is not None:
        seen = yield from replay_in_part(call, key, methods, plan, parts, thorough=thorough)
        if seen is not None:
            return replace(seen, late=late)
    by_record = yield from replay_by_record_alone(call, key, methods, late, plan)
    return by_record or CallResult(call.index, key, Evaluation(call.method, failure=late), (), late=late)

"""A call looked at in part: a few of its rows, a few of its parameters, under methods that take these one after the other.

What a part shows is what the call shows; where a part is not the call's own, because rows are not independent of each other or a result
is another one where less is tracked, methods are asked about the whole after all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Optional

from qdiag.judging.comparison.compare import SEVERITY
from qdiag.judging.comparison.tensor_pairs import Cotangents
from qdiag.judging.parameter_samples import (
    SAMPLED,
    flagged_parameter,
    goes_by_parameters,
    is_coarse,
    sampled_parameters,
    tracked_numbers,
    with_tracked,
)
from qdiag.judging.replay.call_result import CallResult, Share, Side
from qdiag.judging.replay.desk import Replaying
from qdiag.judging.replay.fidelity import unfaithfulness
from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.questions import (
    MOST_PRODUCTS,
    MOST_PRODUCTS_CLOSER,
    asked_of,
    compare_with_own,
    cotangents_of,
    look_at_jacobians,
    products_of_jacobian,
    request_of,
)
from qdiag.judging.row_samples import TAKEN_APART, Rows, batch_size, flagged_row, in_whole_batch, sampled_rows, with_rows
from qdiag.model.call import Call, Failure
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Verdict
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method
from qdiag.trace.keys import circuit_key

QUICK = 2.0
"""Processor time up to which a device that takes a batch apart is asked about all its rows, at the first call of a structure."""

CLEAN = (Verdict.AGREE, Verdict.ROUNDING)
"""What a part, or a cheaper route, must come to, to stand for what was not asked."""

Expand = Callable[[Circuit], Optional[Circuit]]
"""A circuit as rules that take its numbers one by one see it; None where that is the circuit itself."""


@dataclass(frozen=True)
class Parts:
    """What PennyLane says of the parts that a call has.

    Parameters
    ----------
    batched
        Positions of the parameters that carry a batch with many rows.
    expand
        Takes templates apart, of whose arrays a few numbers are to be looked at.
    """

    batched: Rows = ()
    expand: Expand = lambda circuit: None


def look_at_rows(
    whole: CallResult, call: Call, methods: Sequence[Method], dear: Sequence[Method], plan: Plan, parts: Parts, *, thorough: bool
) -> Replaying[CallResult]:
    """What the replay of a call with many rows came to, with a look at some of them under every method.

    Methods that were asked about the whole batch keep the worse of two comparisons. A device that takes a batch apart sees the few
    first, since nobody knows what all would take, and then all where that takes little.

    Parameters
    ----------
    whole
        What is known of the call.
    call, methods, plan, parts
        The call, the methods beside the user's own, what the user asked, and the parts of the call.
    dear
        Those of them that see a few rows alone.
    thorough
        Whether Jacobians are formed.
    """
    batched = parts.batched
    size = batch_size(call)
    erring = _erring(whole)
    flagged = [flagged_row(side.comparison, call.circuit, batched) for side in erring.values()]
    rows = sampled_rows(size, whole.key, [row for row in flagged if row is not None])
    again = [method for method in methods if thorough or method in dear or method in erring]
    part = with_rows(call, batched, rows)
    seen = yield from _seen_of(part, again, whole.own.method, plan, thorough=thorough)
    if seen is None:
        return (yield from _asked_about_all(whole, call, dear, plan))
    quick = [side.method for side in seen.sides if thorough and side.method in dear and _is_quick(side, size / len(rows), size)]
    if quick:
        whole = yield from _asked_about_all(whole, call, quick, plan)
        left = [method for method in dear if method not in quick]
        return (yield from look_at_rows(whole, call, methods, left, plan, parts, thorough=thorough))
    sides = _in_whole_batch(seen.sides, call, batched, rows)
    return replace(_joined(whole, part, replace(seen, sides=sides)), rows=rows, batch=size)


def _is_quick(side: Side, times: float, size: int) -> bool:
    """Whether a device that takes a batch apart is asked about all rows, so many times those that it has seen.

    Its Jacobian is reckoned in: some devices work it out for each product anew.
    """
    return side.method.by_device and size <= TAKEN_APART and side.evaluation.seconds * times <= QUICK


def look_at_parameters(
    known: CallResult, call: Call, dear: Sequence[Method], plan: Plan, parts: Parts, *, most: int, thorough: bool
) -> Replaying[CallResult]:
    """What the replay of a call with many parameters came to, with a look at some of them under methods that take them one by one.

    A template's array is one parameter, so where a sample of parameters has many numbers all the same, it is first one of the numbers
    that the template is made of. Methods that are clean there need not be asked about the array.

    Parameters
    ----------
    known
        What is known of the call, perhaps of a few of its rows.
    call, plan, parts
        The call, what the user asked, and the parts of the call.
    dear
        The methods that take parameters one by one.
    most
        How many numbers they are shown.
    thorough
        Whether Jacobians are formed.
    """
    base = known.part or call
    erring = _erring(known)
    names = [flagged_parameter(side.comparison) for side in erring.values()]
    tracked = sampled_parameters(base.circuit, known.key, {name for name in names if name}, most)
    if not erring and is_coarse(base.circuit, tracked, most):
        known, dear = yield from _look_at_numbers(known, base, dear, plan, parts.expand, most=most, thorough=thorough)
        if not dear:
            return known
    part = with_tracked(base, tracked)
    seen = yield from _seen_of(part, [*dear, *erring], known.own.method, plan, thorough=thorough)
    if seen is None:
        return (yield from _asked_about_all(known, base, dear, plan))
    sides = _in_whole_batch(seen.sides, call, parts.batched, known.rows) if known.rows else seen.sides
    numbers = tracked_numbers(part.circuit), tracked_numbers(base.circuit)
    return replace(_joined(known, part, replace(seen, sides=sides)), tracked=tracked, numbers=numbers)


def _look_at_numbers(
    known: CallResult, base: Call, dear: Sequence[Method], plan: Plan, expand: Expand, *, most: int, thorough: bool
) -> Replaying[tuple[CallResult, Sequence[Method]]]:
    """What is known after a look at some of the numbers that templates are made of, and the methods that are to be asked otherwise."""
    expanded = expand(base.circuit)
    if expanded is None:
        return known, dear
    finer, of = replace(base, circuit=expanded, written=None, backwards=()), tracked_numbers(expanded)
    part = with_tracked(finer, sampled_parameters(expanded, known.key, most=most))
    seen = yield from _seen_of(part, dear, known.own.method, plan, thorough=thorough)
    if seen is None or seen.own.failure is not None:
        return known, dear
    late = tuple((method, failure) for method, failure in seen.refused if failure.stage == "timeout")
    sides = _in_whole_batch(_clean(seen), base, (), known.rows) if known.rows else _clean(seen)
    answered = {side.method for side in sides} | {method for method, _ in late}
    looked = replace(
        known,
        own=replace(known.own, seconds=known.own.seconds + seen.own.seconds),
        sides=(*known.sides, *sides),
        refused=(*known.refused, *late),
        numbers=(tracked_numbers(part.circuit), of) if sides else known.numbers,
    )
    return looked, [method for method in dear if method not in answered]


def _clean(seen: _Seen) -> tuple[Side, ...]:
    """The sides that differ by no more than rounding; if by that, then in a number that the call has under another name."""
    failed = {method for method, _ in seen.refused}
    clean = [side for side in seen.sides if side.method not in failed and side.comparison.verdict in CLEAN]
    return tuple(replace(side, comparison=replace(side.comparison, element=None)) for side in clean)


def replay_in_part(
    call: Call, key: str, methods: Sequence[Method], plan: Plan, parts: Parts, *, thorough: bool
) -> Replaying[Optional[CallResult]]:
    """What a call comes to whose own method is too slow for all of it: by some of its rows and of its parameters.

    None where it has no such parts, a part is not the call's own, or the own method is not in time for that either.

    Parameters
    ----------
    call, key
        The call, and `circuit_key` of its circuit.
    methods
        The methods beside the user's own.
    plan, parts, thorough
        As in `look_at_parameters`.
    """
    batched = parts.batched
    unseen = CallResult(call.index, key, Evaluation(call.method), (), share=Share.PART)
    size = batch_size(call) if batched else 0
    rows = sampled_rows(size, key) if batched else ()
    tracked = sampled_parameters(call.circuit, key) if goes_by_parameters(call.method, call.circuit) else ()
    if not methods or not (rows or tracked):
        return None
    fewer = with_rows(call, batched, rows) if rows else call
    if tracked and is_coarse(fewer.circuit, tracked):
        known = replace(unseen, rows=rows, batch=size)
        looked, left = yield from _look_at_numbers(known, fewer, methods, plan, parts.expand, most=SAMPLED, thorough=thorough)
        if not left:
            return looked
    part = with_tracked(fewer, tracked) if tracked else fewer
    seen = yield from _seen_of(part, methods, call.method, plan, thorough=thorough)
    if seen is None or seen.own.failure is not None:
        return None
    sides = _in_whole_batch(seen.sides, call, batched, rows) if rows else seen.sides
    joined = _joined(unseen, part, replace(seen, sides=sides))
    numbers = (tracked_numbers(part.circuit), tracked_numbers(fewer.circuit)) if tracked else (0, 0)
    return replace(joined, rows=rows, batch=size, tracked=tracked, numbers=numbers)


@dataclass(frozen=True, eq=False)
class _Seen:
    own: Evaluation
    sides: tuple[Side, ...]
    refused: tuple[tuple[Method, Failure], ...]
    cotangents: Cotangents


def _seen_of(part: Call, methods: Sequence[Method], own: Method, plan: Plan, *, thorough: bool) -> Replaying[Optional[_Seen]]:
    """What methods give of a part, a random cotangent alone; None where the part is not the call's own."""
    cotangents = cotangents_of(part, circuit_key(part.circuit))[-1:]
    products = products_of_jacobian(part)
    first = request_of(part, plan, cotangents, jacobian=thorough and 0 < products <= MOST_PRODUCTS)
    answer, *others = yield tuple(asked_of(method, first, products) for method in (own, *methods))
    # the cotangent is a random one: the recorded products are none of this question
    astray = unfaithfulness(replace(part, backwards=()), answer)
    if astray is not None and not astray.explained:
        return None
    sides, refused = compare_with_own(part.circuit, answer, others, plan, cotangents)
    sides = yield from look_at_jacobians(sides, first, part.circuit, plan, cotangents)
    return _Seen(answer, sides, refused, cotangents)


def _asked_about_all(known: CallResult, call: Call, methods: Sequence[Method], plan: Plan) -> Replaying[CallResult]:
    first = request_of(call, plan, known.cotangents, jacobian=False)
    everywhere = yield tuple(replace(first, method=method) for method in methods)
    sides, refused = compare_with_own(call.circuit, known.own, everywhere, plan, known.cotangents)
    if products_of_jacobian(call) <= MOST_PRODUCTS_CLOSER:
        sides = yield from look_at_jacobians(sides, first, call.circuit, plan, known.cotangents)
    return replace(known, sides=(*known.sides, *sides), refused=(*known.refused, *refused))


def _in_whole_batch(sides: Sequence[Side], call: Call, batched: Rows, rows: Rows) -> tuple[Side, ...]:
    return tuple(
        replace(
            side,
            comparison=in_whole_batch(side.comparison, call.circuit, batched, rows),
            seconds=0.0,
            seconds_of_few=side.seconds or side.seconds_of_few,
            of_few_rows=True,
        )
        for side in sides
    )


def _joined(known: CallResult, part: Call, seen: _Seen) -> CallResult:
    asked = {side.method: side for side in known.sides}
    return replace(
        known,
        own=replace(seen.own, seconds=seen.own.seconds + known.own.seconds),
        cotangents=seen.cotangents,
        sides=tuple({**asked, **{side.method: _worse(asked.get(side.method), side) for side in seen.sides}}.values()),
        refused=tuple(dict((*seen.refused, *known.refused)).items()),
        part=part,
    )


def _erring(known: CallResult) -> dict[Method, Side]:
    return {side.method: side for side in known.sides if side.comparison.verdict is Verdict.ERROR}


def _worse(whole: Optional[Side], part: Side) -> Side:
    """What a method gave of a part, with the comparison on the whole, unless the part shows more."""
    if whole is None:
        return part
    worse = SEVERITY.index(part.comparison.verdict) > SEVERITY.index(whole.comparison.verdict)
    evaluation = replace(part.evaluation, seconds=part.evaluation.seconds + whole.evaluation.seconds)
    comparison = part.comparison if worse else whole.comparison
    return replace(whole, evaluation=evaluation, comparison=comparison, seconds_of_few=whole.seconds_of_few or part.seconds_of_few)

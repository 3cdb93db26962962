"""One call under several methods: is the replay faithful, which methods refuse, and how far is each from the user's own?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

import numpy as np

from qdiag.judging.replay.call_result import CallResult, Side
from qdiag.judging.replay.desk import Replaying
from qdiag.judging.replay.fidelity import unfaithfulness
from qdiag.judging.replay.parts import CLEAN, Parts
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
from qdiag.judging.replay.rebuilding import failed_to_rebuild, obstacle
from qdiag.judging.replay.shares import look_at_shares, shares_of
from qdiag.judging.replay.sparing import NOTHING_LEARNT, Lessons, replay_sparingly, replay_without_own
from qdiag.judging.told_options import moved_by_options, telling_options, with_and_without, words_of
from qdiag.model.call import Call
from qdiag.model.comparison import Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method
from qdiag.model.result import NotRebuilt


def replay_call(
    call: Call,
    key: str,
    methods: Sequence[Method],
    plan: Plan,
    parts: Parts,
    *,
    thorough: bool,
    lessons: Lessons = NOTHING_LEARNT,
) -> Replaying[CallResult]:
    """What one call comes to (see `_replay`), without what is held against options that it was not told."""
    result = yield from _replay(call, key, methods, plan, parts, lessons, thorough=thorough)
    own = call.method
    elsewhere = [side for side in result.sides if side.method.device != own.device]
    if not telling_options(own) or not any(side.comparison.verdict is Verdict.ERROR for side in elsewhere):
        return result
    told, untold = yield with_and_without(request_of(call, plan, (), jacobian=False), own)
    if not moved_by_options(call.circuit, told, untold):
        return result
    return replace(result, sides=tuple(side for side in result.sides if side not in elsewhere), untold=words_of(own))


def _replay(
    call: Call,
    key: str,
    methods: Sequence[Method],
    plan: Plan,
    parts: Parts,
    lessons: Lessons,
    *,
    thorough: bool,
) -> Replaying[CallResult]:
    """Replay one call under the user's own method and others.

    Parameters
    ----------
    call, key
        The call, and `circuit_key` of its circuit.
    methods
        The others.
    plan
        Tolerance, seed and trust.
    thorough
        Whether the full Jacobian is formed, as at the first call of each structure: where it takes no more than `MOST_PRODUCTS`.
    parts
        Its parts: of a batch with many rows, methods that take it row by row see some of the rows, and Jacobians are formed of these
        alone. Methods that take many parameters one by one see some of these.
    lessons
        What is known by now.
    """
    untried = _not_to_be_asked(call, key, plan)
    if untried is not None:
        return untried
    methods = _askable(call, methods)
    if lessons.late is not None:
        left = None if lessons.late_in_part else parts
        return (yield from replay_without_own(call, key, methods, lessons.late, plan, left, thorough=thorough))
    if lessons.like is not None:
        result = yield from replay_sparingly(call, key, methods, lessons, plan, parts)
        if result is not None:
            return result
    return (yield from _replay_whole(call, key, methods, plan, parts, lessons, thorough=thorough))


def _replay_whole(
    call: Call, key: str, methods: Sequence[Method], plan: Plan, parts: Parts, lessons: Lessons, *, thorough: bool
) -> Replaying[CallResult]:
    """What one call comes to whose own method is asked about all of it (see `_replay`)."""
    cotangents = cotangents_of(call, key)
    products = products_of_jacobian(call)
    first = request_of(call, plan, cotangents, jacobian=thorough and not parts.batched and 0 < products <= MOST_PRODUCTS)
    shares = shares_of(call, methods, lessons.screened, parts.batched, first=thorough, seconds=lessons.seconds)
    # what raised in the script is to raise again: it is given no wire that it did not have
    mine = replace(asked_of(first.method, first, products), as_wired=call.failure is not None)
    own, *others = yield (mine, *(asked_of(method, first, products) for method in shares.asked))
    own, others = yield from _as_it_ran(call, own, others, first)
    if own.failure is not None and own.failure.stage == "timeout" and call.failure is None and call.outputs is not None:
        return (yield from replay_without_own(call, key, methods, own.failure, plan, parts, thorough=thorough))
    missing = failed_to_rebuild(call, own)
    if missing is not None:
        return not_rebuilt(call, key, missing)
    if _is_made_over(call, own):
        return CallResult(call.index, key, own, (), (), (), made_over=True)
    clean, unclean = yield from _screen(own, shares.screened, first, plan)
    sides, refused = compare_with_own(call.circuit, own, [*others, *unclean], plan, cotangents)
    sides = (*sides, *clean)
    if products <= MOST_PRODUCTS_CLOSER:
        sides = yield from look_at_jacobians(sides, first, call.circuit, plan, cotangents)
    if thorough and _is_alone_with_shots(call, own, sides):
        (another,) = yield (replace(first, seed=plan.seed + 1),)
        sides = (*sides, *compare_with_own(call.circuit, own, [another], plan, cotangents)[0])
    result = CallResult(call.index, key, own, cotangents, sides, refused, unfaithfulness(call, own), call.failure)
    if own.failure is not None and call.failure is None:
        return result
    return (yield from look_at_shares(result, call, shares, plan, parts, thorough=thorough))


def _not_to_be_asked(call: Call, key: str, plan: Plan) -> Optional[CallResult]:
    """The result of a call that no method is asked about; None where methods are."""
    if call.configuration.idle:
        return CallResult(call.index, key, Evaluation(call.method), (), failure=call.failure, idle=True)
    if call.configuration.remade_by:
        return CallResult(call.index, key, Evaluation(call.method), (), failure=call.failure, made_over=True)
    why = obstacle(call.method, trusted=plan.trusted)
    return not_rebuilt(call, key, NotRebuilt(call.index, why)) if why else None


def _askable(call: Call, methods: Sequence[Method]) -> Sequence[Method]:
    """The methods that can be held against the user's own; none where there are no numbers to compare, or there was no circuit yet."""
    without_circuit = call.failure is not None and call.failure.stage == "build"
    return () if not call.circuit.resolved or call.circuit.samples_only or without_circuit else methods


def _is_alone_with_shots(call: Call, own: Evaluation, sides: Sequence[Side]) -> bool:
    """Whether only another draw of the same method can say how far samples scatter."""
    # a method that breaks down on the way back says nothing about derivatives
    alone = all(side.evaluation.failure is not None for side in sides)
    return bool(call.circuit.shots) and not call.circuit.samples_only and alone and own.failure is None


def _as_it_ran(
    call: Call, own: Evaluation, others: Sequence[Evaluation], first: Request
) -> Replaying[tuple[Evaluation, list[Evaluation]]]:
    """What the user's own method gives, and the others.

    A compiled call is evaluated without compiling, which costs far less. Where that is not what the script met, it is compiled; and
    if that is it, then what is not compiled is another method beside it.
    """
    if not call.configuration.compiled or _is_what_was_met(call, own):
        return own, [*others]
    method = call.method_as_it_ran
    known = next((other for other in others if other.method == method), None)
    compiled = known if known is not None else (yield (replace(first, method=method),))[0]
    if not _is_what_was_met(call, compiled):
        return own, [*others]
    return compiled, [own, *(other for other in others if other.method != method)]


def _is_what_was_met(call: Call, own: Evaluation) -> bool:
    """Whether a replay gives what the script got, or raises where it raised."""
    if call.failure is not None or own.failure is not None:
        return own.failure is not None and (call.failure is not None or own.failure.passing)
    found = unfaithfulness(call, own)
    return found is None or found.explained


def not_rebuilt(call: Call, key: str, missing: NotRebuilt) -> CallResult:
    """The result of a call whose device or circuit cannot be made again: nothing is compared of another one in its place."""
    return CallResult(call.index, key, Evaluation(call.method), (), failure=call.failure, not_rebuilt=missing)


def _screen(
    own: Evaluation, methods: Sequence[Method], first: Request, plan: Plan
) -> Replaying[tuple[tuple[Side, ...], tuple[Evaluation, ...]]]:
    """The sides of methods whose cheaper route gives one product, the random one, as the user's own method does.

    Of the others, what the interface's own route gives.
    """
    clean: tuple[Side, ...] = ()
    if methods and own.failure is None:
        last = first.cotangents[-1:]
        asked = replace(first, cotangents=last, cheaply=True)
        answers = yield tuple(replace(asked, method=method) for method in methods)
        sides, _ = compare_with_own(first.circuit, replace(own, vjps=own.vjps[-1:]), answers, plan, last)
        clean = tuple(side for side in sides if side.evaluation.failure is None and side.comparison.verdict in CLEAN)
    rest = [method for method in methods if method not in {side.method for side in clean}]
    if not rest:
        return clean, ()
    return clean, (yield tuple(replace(first, method=method) for method in rest))


def _is_made_over(call: Call, own: Evaluation) -> bool:
    """Whether what the call gave is not its circuit's results, but what a transform works out from several circuits' results."""
    if not call.circuit.notes or call.outputs is None or own.outputs is None:
        return False
    return [output.shape for output in call.outputs] != [np.shape(output) for output in own.outputs]

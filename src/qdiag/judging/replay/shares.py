"""How much of a call each of its methods sees: all of it, a few rows, a few parameters."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from qdiag.judging.parameter_samples import SAMPLED, goes_by_parameters, most_numbers
from qdiag.judging.replay.call_result import CallResult
from qdiag.judging.replay.desk import Replaying
from qdiag.judging.replay.parts import Parts, look_at_parameters, look_at_rows
from qdiag.judging.replay.plan import Plan
from qdiag.judging.row_samples import Rows, batch_size, goes_by_rows
from qdiag.model.call import Call
from qdiag.model.method import Method


@dataclass(frozen=True)
class Shares:
    """How much of a call each of its methods sees.

    Parameters
    ----------
    of_few_parameters
        Those that take many parameters one by one: some of these.
    of_all
        The others.
    of_few_rows
        Of the others, those that take a large batch row by row: some of the rows.
    asked, screened
        Those that see all: on the interface's own route, or on a cheaper one first.
    numbers
        How many numbers those of few parameters see.
    """

    of_few_parameters: Sequence[Method]
    of_all: Sequence[Method]
    of_few_rows: Sequence[Method]
    asked: Sequence[Method]
    screened: Sequence[Method]
    numbers: int = SAMPLED


def shares_of(
    call: Call, methods: Sequence[Method], screened: Collection[Method], batched: Rows, *, first: bool, seconds: float = 0.0
) -> Shares:
    """How much of a call each method is to see; a device that takes a batch apart sees few rows ``first``, and where it is screened.

    ``seconds`` is what a gradient takes under the script's own method, where that is known.
    """
    size = batch_size(call) if batched else 0
    numbers = most_numbers(seconds)
    of_few_parameters = [method for method in methods if goes_by_parameters(method, call.circuit, numbers)]
    of_all = [method for method in methods if method not in of_few_parameters]
    of_few_rows = [method for method in of_all if goes_by_rows(method, size, sparing=first or method in screened)]
    at_once = [method for method in of_all if method not in of_few_rows]
    asked = [method for method in at_once if method not in screened]
    return Shares(of_few_parameters, of_all, of_few_rows, asked, [method for method in at_once if method in screened], numbers)


def look_at_shares(
    result: CallResult, call: Call, shares: Shares, plan: Plan, parts: Parts, *, thorough: bool
) -> Replaying[CallResult]:
    """What is known of a call, with the methods that see some of its rows, or of its parameters."""
    if parts.batched and (thorough or shares.of_few_rows or shares.of_few_parameters):
        result = yield from look_at_rows(result, call, shares.of_all, shares.of_few_rows, plan, parts, thorough=thorough)
    if shares.of_few_parameters:
        few, most = shares.of_few_parameters, shares.numbers
        result = yield from look_at_parameters(result, call, few, plan, parts, most=most, thorough=thorough)
    return result

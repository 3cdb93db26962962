"""From replayed calls to divergences: methods that say the same are one party, and each kind of difference is reported once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Optional

from qdiag.judging.comparison.compare import compare
from qdiag.judging.comparison.tensor_pairs import Cotangents
from qdiag.judging.replay.call_result import CallResult, Side
from qdiag.judging.replay.plan import best_partner
from qdiag.model.call import Call, Failure
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.findings import Divergence
from qdiag.model.method import Method

Key = tuple[object, ...]
"""What makes two differences one divergence: QNode, verdict, signature and pair, whose options may change from call to call."""


@dataclass(frozen=True, eq=False)
class Difference:
    """One party that differs from the user's own method at one call, spoken for by its best suited member.

    Parameters
    ----------
    key
        See `Key`.
    call
        The index.
    method
        The member that speaks for it.
    comparison
        How far it is from the user's own.
    members
        All methods of the party.
    unrepeated
        Whether it is that the script's call raised, and its replay did not.
    """

    key: Key
    call: int
    method: Method
    comparison: Comparison
    members: tuple[Method, ...] = ()
    unrepeated: bool = False


def differences(result: CallResult, call: Call) -> tuple[Difference, ...]:
    """What one call shows, worst first.

    Errors are gathered into parties that agree among themselves, so that one odd method out makes one difference however many
    others there are; all that is only rounding makes one, and all that is inconclusive makes one.
    """
    raised = _failure_difference(result, call)
    if raised is not None:
        return (raised,)
    by_verdict = {verdict: [s for s in result.sides if s.comparison.verdict is verdict] for verdict in Verdict}
    compared = (result.part or call).circuit
    found = [_difference(result, call, party) for party in _parties(by_verdict[Verdict.ERROR], compared, result.cotangents)]
    for verdict in (Verdict.INCONCLUSIVE, Verdict.ROUNDING):
        if by_verdict[verdict]:
            found.append(_difference(result, call, by_verdict[verdict]))
    if result.unfaithful is not None and not result.unfaithful.explained:
        why = f"the replay is not what the script saw: {result.unfaithful.what}"
        found = [doubt_difference(difference, why) for difference in found]
    return tuple(found)


def _parties(sides: Sequence[Side], circuit: Circuit, cotangents: Cotangents) -> list[list[Side]]:
    parties: list[list[Side]] = []
    for side in sides:
        home = next((p for p in parties if _same_party(p[0], side, circuit, cotangents)), None)
        if home is None:
            parties.append([side])
        else:
            home.append(side)
    return parties


def _same_party(one: Side, other: Side, circuit: Circuit, cotangents: Cotangents) -> bool:
    if one.comparison.where != other.comparison.where:
        return False
    usable = [replace(side.evaluation, failure=None) for side in (one, other)]
    return compare(usable[0], usable[1], circuit, cotangents=cotangents).verdict is not Verdict.ERROR


def _difference(result: CallResult, call: Call, party: Sequence[Side]) -> Difference:
    members = tuple(side.method for side in party)
    method = best_partner(result.own.method, members)
    comparison = next(side.comparison for side in party if side.method == method)
    return Difference(_key(call, comparison), result.call, method, comparison, members)


def _key(call: Call, comparison: Comparison) -> Key:
    verdict = comparison.verdict
    # Rounding shows in the output at one call and in a product at the next: it is one thing all the same.
    kind = (comparison.where, *_bare_methods(comparison)) if verdict is Verdict.ERROR else ()
    return (call.configuration.qnode, str(call.configuration.source), verdict.value, *kind)


def _bare_methods(comparison: Comparison) -> tuple[Method, ...]:
    return tuple(method.bare for method in comparison.methods)


def _failure_difference(result: CallResult, call: Call) -> Optional[Difference]:
    if call.failure is None or not call.circuit.finite:
        # who is handed no numbers may well refuse: what made them such is the error
        return None
    own = result.own.method
    working = [side.method for side in result.sides if side.evaluation.failure is None]
    partner = best_partner(own, working) if working else own
    words = f"{own} raises {call.failure.type}: {call.failure.message}"
    comparison = Comparison((own, partner), Verdict.ERROR, Signature.RAISE, detail=words, failures=(call.failure, None))
    # what raises each time is not told together with what raised once
    unrepeated = result.unfaithful is not None
    key = (*_key(call, comparison), "unrepeated") if unrepeated else _key(call, comparison)
    return Difference(key, result.call, partner, comparison, tuple(working), unrepeated)


def regrade_difference(difference: Difference, call: Call, comparison: Comparison) -> Difference:
    """The same difference with another comparison of the same pair."""
    return replace(difference, key=_key(call, comparison), comparison=comparison)


def doubt_difference(difference: Difference, why: str) -> Difference:
    """The same difference where something forbids calling it an error."""
    comparison = replace(difference.comparison, verdict=Verdict.INCONCLUSIVE, detail=why)
    return replace(difference, key=(*difference.key[:2], Verdict.INCONCLUSIVE.value), comparison=comparison)


@dataclass(eq=False)
class _Group:
    first: Difference
    worst: Difference
    calls: list[int] = field(default_factory=list)


def divergences(
    found: Iterable[Difference], call: Callable[[int], Call], raised: Callable[[int], tuple[tuple[Method, Failure], ...]]
) -> tuple[Divergence, ...]:
    """One divergence for each key, at its first call; errors first, then by call.

    Parameters
    ----------
    found
        All differences, in the order of their calls.
    call
        Gives a call by index.
    raised
        Gives the methods that raised at a call, with their exceptions.
    """
    groups: dict[Key, _Group] = {}
    for difference in found:
        group = groups.setdefault(difference.key, _Group(difference, difference))
        if not group.calls or group.calls[-1] != difference.call:
            group.calls.append(difference.call)
        same_pair = _bare_methods(difference.comparison) == _bare_methods(group.first.comparison)
        if same_pair and difference.comparison.max_rel > group.worst.comparison.max_rel:
            group.worst = difference
    order = sorted(groups.values(), key=lambda g: (g.first.comparison.verdict is not Verdict.ERROR, g.first.call))
    return tuple(
        Divergence(
            call=call(group.first.call),
            comparison=group.first.comparison,
            raised=raised(group.first.call),
            worst=group.worst.comparison,
            worst_call=group.worst.call,
            calls=tuple(group.calls),
            unrepeated=group.first.unrepeated,
        )
        for group in order
    )

"""Which of the errors that calls show are looked at again: each kind at its first call of each structure, and not all of those."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from qdiag.judging.parameter_samples import with_tracked
from qdiag.judging.replay.call_result import Share
from qdiag.judging.replay.choice import Choice
from qdiag.judging.replay.desk import Desk, replay_all
from qdiag.judging.replay.differences import Difference, Key, doubt_difference
from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.replayed import Place, Replayed
from qdiag.judging.replay.second_look import look_closer
from qdiag.judging.row_samples import in_whole_batch, with_rows
from qdiag.model.call import Call
from qdiag.model.comparison import Verdict
from qdiag.model.method import Method

PLAINLY = 0.1
"""A later call is the error that was confirmed before if its excess over the bound is at least this part of the confirmed one."""

ENOUGH = 4
"""So many structures of circuits are looked at again that show one kind of error."""

Doing = Callable[[Call, Sequence[Method]], None]
"""Told which call is begun, and under which methods beside its own."""

_Error = tuple[Place, Difference]


class CloserLooks:
    """Looks again at what seems to be an error, and puts what it comes to in its place.

    Parameters
    ----------
    replayed
        What has been replayed, and what it shows.
    call, structure_of
        Give a call, and the structure of its circuit, by index.
    choice, desk, plan
        The methods of calls, where they are evaluated, and what the user asked.
    doing
        Told which call is looked at, and under which methods.
    """

    def __init__(
        self,
        replayed: Replayed,
        call: Callable[[int], Call],
        structure_of: Callable[[int], str],
        choice: Choice,
        desk: Desk,
        plan: Plan,
        doing: Doing,
    ) -> None:
        self._replayed, self._call, self._structure_of = replayed, call, structure_of
        self._choice, self._desk, self._plan, self._doing = choice, desk, plan, doing

    def take(self) -> None:
        """Confirm each kind of error at its first call of each structure; what is as plain at a later call needs no second look.

        Nor does what is as plain at other structures, once it was confirmed at `ENOUGH` of them; the worst is looked at all the same.
        """
        confirmed: dict[Key, float] = {}
        by_kind: dict[Key, list[float]] = {}
        left: dict[Key, list[_Error]] = {}
        for place, difference in list(self._replayed.errors()):
            kind = difference.key
            key = (self._structure_of(place[0]), *kind)
            if key in confirmed and excess(difference) >= PLAINLY * confirmed[key]:
                continue
            known = by_kind.setdefault(kind, [])
            if len(known) >= ENOUGH and excess(difference) >= PLAINLY * min(known):
                left.setdefault(kind, []).append((place, difference))
                continue
            looked = self._look_at(place, difference)
            if looked.comparison.verdict is Verdict.ERROR:
                known.append(confirmed.setdefault(key, excess(looked)))
        for errors in left.values():
            worst_first = sorted(errors, key=lambda error: -error[1].comparison.max_rel)
            next((error for error in worst_first if self._look_at(*error).comparison.verdict is Verdict.ERROR), None)

    def _look_at(self, place: Place, difference: Difference) -> Difference:
        """A second look at an error; what it comes to stands in its place."""
        looked = self._look_again(place[0], difference)
        self._replayed.regrade(place, looked)
        return looked

    def _look_again(self, index: int, difference: Difference) -> Difference:
        """A second look, at the part that was looked at where it shows the error, too: it costs what a part costs."""
        call, result = self._call(index), self._replayed[index]
        if result.share is Share.RECORD and result.late is not None:
            return doubt_difference(difference, f"{result.own.method} is not in time for a closer look at it")
        self._doing(call, result.methods)
        batched = self._choice.batched(call, self._structure_of(index))
        part = with_rows(call, batched, result.rows) if result.rows else call
        if result.tracked:
            part = with_tracked(part, result.tracked)
        if part is not call:
            looked = self._closer(difference, index, part)
            if looked.comparison.verdict is Verdict.ERROR:
                comparison = looked.comparison
                # what a closer look leaves as it was is called as in the whole batch already
                if result.rows and looked is not difference:
                    comparison = in_whole_batch(comparison, call.circuit, batched, result.rows)
                return replace(looked, comparison=comparison)
        return self._closer(difference, index, call)

    def _closer(self, difference: Difference, index: int, call: Call) -> Difference:
        results: list[Difference] = []
        result = self._replayed[index]
        known = (*result.methods, *self._choice.methods(self._call(index), self._structure_of(index)))
        replay_all(
            [(index, lambda: look_closer(difference, result, call, known, self._plan), lambda: True)],
            self._desk,
            1,
            lambda _, looked: results.append(looked),
        )
        return results[0]


def excess(difference: Difference) -> float:
    """How far beyond its bound a difference is, as a factor; infinite where there is no number."""
    comparison = difference.comparison
    return comparison.max_abs / comparison.bound if comparison.bound else float("inf")

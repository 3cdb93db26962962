"""QD810: rows that ``jax.vmap`` hands to a QNode together come out otherwise than each of them by itself.

A compiled QNode gets all rows of a vmap as one circuit, whose numbers are arrays. Where PennyLane takes such an array for something
else than a batch, the results are no row's, and no two methods show it: each row by itself is right under all of them. It shows in a
replay that does not give the script's own numbers, and two experiments tell it: all rows in one vmap again, which gives these, and each
row on plain numbers, which gives what it gives by itself: compiled as in the vmap, for what compiling does to one row is none of this.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from typing import Optional

import numpy as np

from qdiag.diagnosis.causes.around_the_qnode import MAPPED_ROWS
from qdiag.diagnosis.training.history import History
from qdiag.diagnosis.training.telling import remark
from qdiag.evaluation import remote
from qdiag.evaluation.answers import answer_of
from qdiag.model.call import Call
from qdiag.model.comparison import Signature
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.findings import Evidence, Outcome
from qdiag.model.method import JIT, PLAIN, Method
from qdiag.model.remarks import Remark
from qdiag.trace import schema
from qdiag.trace.circuit_text import skeleton

MOST_ROWS = 64
"""A vmap of more rows is not asked about."""

MOST_ASKED = 8
"""So many vmaps are worked out again."""

ROUNDING = 1e3
"""In units of eps and of the largest output: what is further apart is not rounding, whatever the circuit."""

Outputs = Sequence[np.ndarray]


@dataclass(frozen=True)
class _Rows:
    """Outputs of the rows of one vmap: the script's, each row compiled by itself, all of them together again, and on plain numbers."""

    calls: Sequence[Call]
    alone: Sequence[Outputs]
    together: Sequence[Outputs]
    plain: Sequence[Outputs]

    @property
    def own(self) -> Sequence[Outputs]:
        """What the script got."""
        return [call.outputs or () for call in self.calls]

    @property
    def rounding(self) -> float:
        """What rounding may be at most."""
        every = [output for row in (*self.own, *self.alone) for output in row]
        eps = max(float(np.finfo(output.dtype).eps) for output in every)
        return ROUNDING * eps * max(1.0, *(float(np.abs(output).max(initial=0.0)) for output in every))


def remarks(history: History) -> Iterator[Remark]:
    """One for each QNode some rows of which come out otherwise in a vmap."""
    astray = {one.call for one in history.located.unfaithful if not one.explained}
    told: set[str] = set()
    asked = 0
    for calls in _mapped(history, astray):
        qnode = calls[0].configuration.qnode
        if qnode in told or asked >= MOST_ASKED:
            continue
        asked += 1
        rows = _asked_again(history, calls)
        found = None if rows is None else _remark(history, rows)
        if found is not None:
            told.add(qnode)
            yield found


def _mapped(history: History, astray: Set[int]) -> Iterator[Sequence[Call]]:
    """The calls that were rows of one vmap, where one of them is astray, and all are alike but for numbers and gave some."""
    for event in history.recording.events:
        count = int(event.number or 0) if event.kind == schema.ROWS else 0
        if not 1 < count <= min(MOST_ROWS, event.after) or event.after > len(history.recording):
            continue
        indices = range(event.after - count, event.after)
        calls = [history.recording.call(index) for index in indices] if not astray.isdisjoint(indices) else []
        if calls and len({_kind(call) for call in calls}) == 1 and all(map(_gave_numbers, calls)):
            yield calls


def _kind(call: Call) -> tuple[str, str]:
    """What is alike in calls of one QNode that differ in numbers only."""
    return skeleton(call.circuit)[0], repr(call.configuration)


def _gave_numbers(call: Call) -> bool:
    return bool(call.outputs) and all(output.dtype.kind in "fc" and np.isfinite(output).all() for output in call.outputs or ())


def _asked_again(history: History, calls: Sequence[Call]) -> Optional[_Rows]:
    own = calls[0].method

    def requests(method: Method) -> tuple[Request, ...]:
        return tuple(Request.of(call.circuit, method, call.configuration, trusted=history.trusted) for call in calls)

    together: Optional[Sequence[Outputs]] = answer_of(history.evaluator.call(remote.mapped_rows, requests(own)), None, "rows of a vmap")
    if not together:
        return None
    plainly = replace(own, diff_method=PLAIN.diff_method, gradient_options=(), compiled="")
    asked = (*requests(replace(own, compiled=JIT)), *requests(plainly))
    futures = [history.evaluator.submit(request) for request in asked]
    found = [_outputs(future.result()) for future in futures]
    alone, plain = found[: len(calls)], found[len(calls) :]
    return _Rows(calls, alone, together, plain) if all(map(_is_whole, zip(alone, together, plain, calls))) else None


def _outputs(evaluation: Evaluation) -> Outputs:
    return evaluation.outputs or () if evaluation.failure is None else ()


def _is_whole(row: tuple[Outputs, Outputs, Outputs, Call]) -> bool:
    """Whether all ways gave a row outputs of the same shapes."""
    *ways, call = row
    shapes = [output.shape for output in call.outputs or ()]
    return all([output.shape for output in way] == shapes for way in ways)


def _remark(history: History, rows: _Rows) -> Optional[Remark]:
    gap = _apart(rows.own, rows.alone)
    again, plain = _apart(rows.own, rows.together), _apart(rows.alone, rows.plain)
    if not gap > rows.rounding:
        return None
    evidence = (
        Evidence("each row by itself, on plain numbers", gap, plain, Outcome.HEALS, plain <= rows.rounding),
        Evidence("all rows in one vmap again", gap, _apart(rows.together, rows.alone), Outcome.PERSISTS, again <= rows.rounding),
    )
    worst = max(range(len(rows.calls)), key=lambda row: _apart(rows.own[row : row + 1], rows.alone[row : row + 1]))
    first = rows.calls[worst]
    indices = [first.index, *(call.index for call in rows.calls if call is not first)]
    proved = all(one.holds for one in evidence)
    because = _because(rows, worst)
    made = remark(history, MAPPED_ROWS, because, calls=indices, places=[first.source], evidence=evidence, proved=proved)
    return replace(made, where=Signature.OUTPUT, step=first.step) if proved else None


def _because(rows: _Rows, worst: int) -> str:
    call, count = rows.calls[worst], len(rows.calls)
    own, alone = rows.own[worst], rows.alone[worst]
    output = max(range(len(own)), key=lambda place: _far(own[place], alone[place]))
    entry = np.unravel_index(int(np.argmax(np.abs(own[output] - alone[output]))), own[output].shape)
    mapped, single = own[output][entry], alone[output][entry]
    return (
        f"row {worst} of {count} that jax.vmap hands to `{call.configuration.qnode}` together comes out as {mapped:.8g} under "
        f"{call.method.diff_method}, and by itself as {single:.8g}"
    )


def _apart(one: Sequence[Outputs], other: Sequence[Outputs]) -> float:
    """How far outputs of rows are apart at most."""
    return max(_far(a, b) for left, right in zip(one, other) for a, b in zip(left, right))


def _far(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(np.asarray(one) - np.asarray(other)).max(initial=0.0))

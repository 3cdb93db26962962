"""Calls that Catalyst traces: each run of what it compiles is a call, and tells what the QNode was given.

Under ``qml.qjit`` no call of a QNode runs in Python: Catalyst traces each once for each compilation, in the place of PennyLane's own
call, and nothing of PennyLane's is told. So that tracing is watched, and what tells the numbers of each run is made a part of what is
compiled, behind the QNode and outside of its circuit: there it comes by once for each call, whatever Catalyst makes of its gradient.
What a run gives, and what comes back to it, is not told.

Where Catalyst differentiates a QNode itself, and no function around it, it compiles nothing but the circuit of what it traces: what
tells of the run then stands behind the gradient, outside of it. And where Catalyst raises while it traces a QNode, its numbers follow
from those that the compiled function was called with: such a call is recorded as one that failed.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Callable, NamedTuple, Optional

from qdiag.bridges.codec import flattening
from qdiag.bridges.codec.recognition import Recognition
from qdiag.bridges.live import qnode_attributes
from qdiag.model.call import Failure
from qdiag.model.coverage import Gap
from qdiag.recording import current
from qdiag.recording.hooks import quietly
from qdiag.recording.ongoing_call import Ongoing, Read, UnderCatalyst
from qdiag.recording.traced_runs import Staged, staged_among
from qdiag.trace.writer import Entry

CURE = "Judge it without qjit: call qjit(...).original_function, or hand the QNode to qdiag.check with its arguments"

_SAMPLED = "it is sampled, for which Catalyst runs the circuit once for each shot"
_TRANSFORMED = "its transforms are applied by Catalyst's compiler, where nobody sees what they make"
_UNFOLLOWED = "it has loops, branches or measurements of Catalyst's own, whose numbers exist only inside of what was compiled"


class Over(NamedTuple):
    """A call that Catalyst has traced, as it was read."""

    call: Ongoing
    staged: Staged


@dataclass
class Tracing:
    """A function that Catalyst is tracing.

    Parameters
    ----------
    level
        What is known of it (see `qjit_taps.Level`).
    is_qnode
        Whether it is a QNode itself that is to be differentiated.
    waiting
        What is to be done once it is traced, in the trace around it.
    over
        The calls that were traced in it.
    """

    level: Any
    is_qnode: bool = False
    waiting: list[Callable[[], None]] = field(default_factory=list)
    over: list[Over] = field(default_factory=list)


_here = threading.local()


def tracings() -> list[Tracing]:
    """What Catalyst is tracing in this thread, outermost first."""
    try:
        under_way: list[Tracing] = _here.tracings
    except AttributeError:
        under_way = _here.tracings = []
    return under_way


def begin_tracing(level: Any, *, is_qnode: bool = False) -> Tracing:
    """Catalyst begins to trace a function."""
    tracing = Tracing(level, is_qnode)
    tracings().append(tracing)
    return tracing


def end_tracing(tracing: Tracing) -> None:
    """It is done with it, and with all that was inside of it; what was traced there was traced in what is around it, too."""
    under_way = tracings()
    while under_way and under_way.pop() is not tracing:
        pass
    if under_way:
        under_way[-1].over.extend(tracing.over)


def keep_circuit(traced: UnderCatalyst, tape: Any) -> None:
    """The quantum function has run: while it is still traced, keep what leads to the circuit's numbers."""
    from qdiag.bridges.live import qjit_taps

    traced.tape = qnode_attributes.Untouched(tape)
    with flattening.stop_recording():
        numbers = Recognition().read_tape(tape, "single").sources
    try:
        traced.part = qjit_taps.classical_part(staged_among(numbers))
    except Exception:
        # what is traced inside of a loop of Catalyst's is no number of this program
        traced.part = None


def obstacle(call: Ongoing) -> str:
    """Why the runs of a call that Catalyst traced are not recorded, or ""."""
    traced = call.under_catalyst
    if getattr(getattr(call.qnode, "_shots", None), "total_shots", None):
        return _SAMPLED
    if call.has_transforms:
        return _TRANSFORMED
    if traced is None or traced.part is None or traced.part.given not in (0, len(traced.given)):
        return _UNFOLLOWED
    around = _differentiated_itself(traced)
    return _UNFOLLOWED if around is not None and len(around.level.inputs) != len(traced.given) else ""


def _differentiated_itself(traced: UnderCatalyst) -> Optional[Tracing]:
    """What differentiates the QNode itself, where that is so."""
    return traced.levels[-1] if traced.levels and traced.levels[-1].is_qnode else None


def resolve_method(call: Ongoing) -> None:
    """PennyLane resolves nothing under Catalyst, which knows only two methods."""
    from qdiag.bridges.live import qjit_taps

    measured = [type(measurement).__name__ for measurement in getattr(getattr(call.under_catalyst, "tape", None), "measurements", ())]
    asked = getattr(call.qnode, "diff_method", None)
    device = str(getattr(qnode_attributes.device_of(call.qnode), "name", ""))
    call.resolution = (qjit_taps.method_of(asked, device, measured) if isinstance(asked, str) else asked, "jax")


def await_runs(call: Ongoing, read: Read, outputs: tuple[Any, ...]) -> None:
    """Have each run of what Catalyst compiles told as a call."""
    from qdiag.bridges.live import qjit_taps

    traced: Any = call.under_catalyst
    staged, around = _staged(call, read, outputs), _differentiated_itself(traced)
    leaves = around.level.inputs if around is not None else traced.given
    values = [*(leaves if traced.part.given else ()), *traced.part.around]
    tell = partial(qjit_taps.tell_when_run, values, partial(_tell_run, staged, traced.part))
    if around is not None:
        around.waiting.append(tell)
    else:
        tell()
    if traced.levels:
        traced.levels[-1].over.append(Over(call, staged))


def failed_entry(call: Ongoing, staged: Staged, failure: Failure) -> Optional[Entry]:
    """The entry of a call that raised while Catalyst traced it; None where its numbers do not follow from what was called."""
    from qdiag.bridges.live import qjit_taps

    traced: Any = call.under_catalyst
    if traced.part is None or traced.part.given not in (0, len(traced.given)):
        return None
    needed = [*(traced.given if traced.part.given else ()), *traced.part.around]
    try:
        given = qjit_taps.numbers_while_traced(needed, [tracing.level for tracing in traced.levels], traced.inside)
        numbers = None if given is None else traced.part.evaluate(*given)
    except Exception:
        # whatever it takes to work them out is none of the script's
        return None
    return None if numbers is None else staged.entry_without_outputs(numbers)._replace(failure=failure)


def failed_call(call: Ongoing, read: Read) -> Staged:
    """A call that raised while Catalyst traced it, as it was read."""
    return _staged(call, read, ())


def _staged(call: Ongoing, read: Read, outputs: tuple[Any, ...]) -> Staged:
    traced: Any = call.under_catalyst
    read = read._replace(entry=read.entry._replace(container="jax"))
    trainable = len(read.circuit.sources) if traced.differentiated else 0
    return Staged(read, (), outputs, trainable, source=call.source, silent=True)


def not_recorded(call: Ongoing, why: str) -> tuple[Gap, str]:
    """What is said of a call whose runs are not recorded."""
    return Gap.UNRECORDED, f"The runs of the QNode that qml.qjit compiled at {call.source} were not recorded: {why}. {CURE}."


# --- what Catalyst calls at each run; it tells whoever records by then ------------------------------------------------------


def _tell_run(staged: Staged, part: Any, *values: Any) -> None:
    recorder: Optional[Any] = current.whoever_records()
    if recorder is not None and not recorder.stopped:
        quietly(_run, recorder, staged, part, values)


def _run(recorder: Any, staged: Staged, part: Any, values: tuple[Any, ...]) -> None:
    recorder.traced.run(staged, part.evaluate(*values))

"""Calls that Catalyst traces: each run of what it compiles is a call, and tells what the QNode was given.

Under ``qml.qjit`` no call of a QNode runs in Python: Catalyst traces each once for each compilation, in the place of PennyLane's own
call, and nothing of PennyLane's is told. So that tracing is watched, and what tells the numbers of each run is made a part of what is
compiled, behind the QNode and outside of its circuit: there it comes by once for each call, whatever Catalyst makes of its gradient.
What a run gives, and what comes back to it, is not told.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Optional

from qdiag.bridges.codec import flattening
from qdiag.bridges.codec.recognition import Recognition
from qdiag.bridges.live import qnode_attributes
from qdiag.model.coverage import Gap
from qdiag.recording import current
from qdiag.recording.call_reader import Ongoing, Read, UnderCatalyst
from qdiag.recording.hooks import quietly
from qdiag.recording.traced_calls import Staged, staged_among

CURE = "Judge it without qjit: call qjit(...).original_function, or hand the QNode to qdiag.check with its arguments"

_SAMPLED = "it is sampled, for which Catalyst runs the circuit once for each shot"
_TRANSFORMED = "its transforms are applied by Catalyst's compiler, where nobody sees what they make"
_UNFOLLOWED = "it has loops, branches or measurements of Catalyst's own, whose numbers exist only inside of what was compiled"


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
    return _UNFOLLOWED if traced is None or traced.part is None or traced.part.given not in (0, len(traced.given)) else ""


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
    read = read._replace(entry=read.entry._replace(container="jax"))
    trainable = len(read.circuit.sources) if traced.differentiated else 0
    staged = Staged(read, (), outputs, trainable, source=call.source, silent=True)
    given = traced.given if traced.part.given else ()
    qjit_taps.tell_when_run([*given, *traced.part.around], partial(_tell_run, staged, traced.part))


def not_recorded(call: Ongoing, why: str) -> tuple[Gap, str]:
    """What is said of a call whose runs are not recorded."""
    return Gap.UNRECORDED, f"The runs of the QNode that qml.qjit compiled at {call.source} were not recorded: {why}. {CURE}."


# --- what Catalyst calls at each run; it tells whoever records by then ------------------------------------------------------


def _tell_run(staged: Staged, part: Any, *values: Any) -> None:
    recorder: Optional[Any] = current.recorder
    if recorder is not None and not recorder.stopped:
        quietly(_run, recorder, staged, part, values)


def _run(recorder: Any, staged: Staged, part: Any, values: tuple[Any, ...]) -> None:
    recorder.traced.run(staged, part.evaluate(*values))

"""Step probes: does the loss depend on this output, on this parameter? The script itself answers, in a copy of its process.

A copy goes on from the return of a QNode call, or from the beginning of a step, with exactly one thing moved, until its next loss:
where the next backward pass would begin. Then it dies. In one of them nothing is moved: its loss must be the script's own to the
last bit, since random streams are copied, too. What a copy can never do stands in `confinement`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from qdiag.bridges.live import loss_graph, qnode_attributes
from qdiag.model.step_probe import Moved, Outcome, StepProbe
from qdiag.recording import confinement, going_on
from qdiag.recording.branch import Branch, Plan, Subject, plan_for_outputs, plan_for_parameters, size_of
from qdiag.recording.probe_files import is_running
from qdiag.recording.step_probe_files import SECONDS, probe_path
from qdiag.trace import call_text

if TYPE_CHECKING:
    from qdiag.recording.source_places import Places

MOST = 4
"""Probes of one run."""

AGAIN = (1, 8)
"""Backward passes without a cotangent after which a QNode is probed."""

UNAVAILABLE = "step probe unavailable"
"""How the note begins that says why there is none."""

MOST_SUBJECTS = 4
"""Parameters of one probe."""


# --- when -----------------------------------------------------------------------------------------------------------------


class _Seen:
    """What is known of one quantum function's tracked calls."""

    __slots__ = ("alive", "fresh", "passes", "probed")

    def __init__(self) -> None:
        self.fresh = 0
        self.passes = 0
        self.probed = 0
        self.alive = False


class StepProber:
    """Starts step probes of one process: of QNodes to which no backward pass brings anything, and of parameters by request.

    Parameters
    ----------
    path
        The trace.
    places
        Finds the user's lines.
    note
        Takes what the user should know, once.
    kept
        Takes the loss that the script itself came to after a probe, by the probe's number.
    """

    def __init__(self, path: Path, places: Places, note: Callable[[str], None], kept: Callable[[int, Optional[float]], None]) -> None:
        self._path = path
        self._places = places
        self._note = note
        self._kept = kept
        self._seen: dict[Any, _Seen] = {}
        self._awaiting: list[int] = []
        self._running: list[Path] = []
        self._started = 0
        self._moved: set[object] = set()
        self._noted = False

    def root(self, loss: Optional[float]) -> None:
        """A backward pass begins at a loss; None where that is no single number."""
        for seen in self._seen.values():
            seen.passes += seen.fresh > 0
            seen.fresh = 0
        for number in self._awaiting:
            self._kept(number, loss)
        self._awaiting.clear()

    def arrived(self, code: Any, cotangents: Iterable[Optional[np.ndarray]]) -> None:
        """A backward pass reached a call of a quantum function."""
        seen = self._seen.get(code)
        if seen is not None and not seen.alive:
            seen.alive = any(cotangent is not None and bool(np.any(cotangent)) for cotangent in cotangents)

    def returned(self, qnode: Any, outputs: Sequence[Any], index: int, step: int, backward_seen: bool) -> None:
        """A call has returned and was recorded; in a copy the script goes on from here with its outputs moved."""
        tracked = [output for output in outputs if loss_graph.is_tracked(output)]
        if not tracked:
            return
        code = qnode_attributes.code_of(qnode)
        seen = self._seen.setdefault(code, _Seen())
        first = seen.fresh == 0
        seen.fresh += 1
        due = seen.probed < len(AGAIN) and seen.passes >= AGAIN[seen.probed]
        if not first or seen.alive or not due or not all(map(loss_graph.is_movable, tracked)) or self._is_busy():
            return
        seen.probed += 1
        asked = StepProbe(
            index, step, Moved.OUTPUTS, qnode_attributes.name_of(qnode), self._places.definition(code), size=size_of(tracked)
        )
        gone_on = self._start([asked], plan_for_outputs(), backward_seen)
        if gone_on is not None:
            plan, pipe = gone_on
            branch = Branch(pipe, plan, self._places, code, asked.size)
            branch.confine_and_take_over()
            branch.take(outputs)

    def ask(self, subjects: Sequence[Subject], calls: int, step: int, backward_seen: bool) -> None:
        """At the beginning of a step: in copies the script goes on from here with one of these parameters moved."""
        fresh = [subject for subject in subjects if subject.key not in self._moved and loss_graph.is_movable(subject.value)]
        if not fresh or self._is_busy():
            return
        subjects = fresh[:MOST_SUBJECTS]
        self._moved.update(subject.key for subject in subjects)
        asked = [
            StepProbe(calls, step, Moved.PARAMETER, subject.name, size=size_of([subject.value], floor=0.1), token=subject.token)
            for subject in subjects
        ]
        gone_on = self._start(asked, plan_for_parameters(len(subjects)), backward_seen)
        if gone_on is not None:
            plan, pipe = gone_on
            branch = Branch(pipe, plan, self._places, None, 1.0)
            branch.confine_and_take_over()
            branch.move_parameter(subjects, asked)

    def _start(self, asked: list[StepProbe], plan: tuple[Plan, ...], backward_seen: bool) -> Optional[tuple[Plan, int]]:
        """Fork; in a copy its plan and pipe."""
        if self._started >= MOST:
            return None
        obstacle = confinement.obstacle(backward_seen)
        if obstacle:
            self._once(f"{UNAVAILABLE}: {obstacle}")
            return None
        import fcntl

        number, self._started = self._started, self._started + 1
        path = probe_path(self._path, number)
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            listener = _Listener(asked, plan, file)
            copy, pipe = going_on.go_on_in_copies(len(plan), file, SECONDS, listener.told)
            if copy >= 0:
                return plan[copy], pipe
            if pipe:
                self._once(f"{UNAVAILABLE}: this process could not be forked")
            else:
                self._running.append(path)
                self._awaiting.append(number)
        finally:
            os.close(file)
        return None

    def _is_busy(self) -> bool:
        """Whether copies still run, so that others have to wait for a later occasion."""
        self._running = [path for path in self._running if is_running(path)]
        return bool(self._running)

    def _once(self, text: str) -> None:
        if not self._noted:
            self._noted = True
            self._note(text)


class _Listener:
    """In the keeper of the copies: puts together what they say, and writes all that is known after each."""

    def __init__(self, asked: list[StepProbe], plan: tuple[Plan, ...], file: int) -> None:
        self._probes = asked
        self._plan = plan
        self._file = file

    def told(self, copy: int, text: str) -> None:
        """A copy has ended."""
        from qdiag.recording import forking

        plan = self._plan[copy]
        if text.startswith(going_on.SILENT):
            outcome = Outcome(plan.by, plan.direction, note=text[len(going_on.SILENT) :])
        else:
            outcome = call_text.value_from(Outcome, text)
        for place, probe in enumerate(self._probes):
            if plan.subject in (-1, place):
                self._probes[place] = replace(probe, outcomes=(*probe.outcomes, outcome))
        forking.write_out(self._file, (call_text.text_of(tuple(self._probes)) + "\n").encode())

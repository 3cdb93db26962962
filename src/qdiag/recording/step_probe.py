"""Step probes: does the loss depend on this output, on this parameter? The script itself answers, in a copy of its process.

A copy goes on from the return of a QNode call, or from the beginning of a step, with exactly one thing moved, until its next loss:
where the next backward pass would begin. Then it dies. In one of them nothing is moved: its loss must be the script's own to the
last bit, since random streams are copied, too. What a copy can never do stands in `confinement`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from qdiag.bridges.live import loss_graph, qnode_attributes
from qdiag.model.step_probe import Moved, Outcome, StepProbe
from qdiag.recording import confinement, going_on, slope_probe
from qdiag.recording.branch import Branch, Plan, Subject, plan_for_outputs, plan_for_parameters, size_of
from qdiag.recording.probe_files import is_running
from qdiag.recording.slope_looks import SlopeLooks
from qdiag.recording.step_probe_files import SECONDS, probe_path
from qdiag.trace import call_text

if TYPE_CHECKING:
    from qdiag.recording.source_places import Places

MOST = 4
"""Probes of one run, beside those of slopes."""

AGAIN = (1, 8)
"""Backward passes without a cotangent after which a QNode is probed."""

UNAVAILABLE = "step probe unavailable"
"""How the note begins that says why there is none."""

MOST_SUBJECTS = 4
"""Parameters of one probe."""


Kept = Callable[..., None]
"""Takes a probe's number, the loss that the script itself came to, and what its gradients were along what was moved."""


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

    def __init__(self, path: Path, places: Places, note: Callable[[str], None], kept: Kept) -> None:
        self._path = path
        self._places = places
        self._note = note
        self._kept = kept
        self._looks = SlopeLooks()
        self._awaited: Optional[slope_probe.Awaited] = None
        self._seen: dict[Any, _Seen] = {}
        self._awaiting: list[int] = []
        self._running: dict[Path, Moved] = {}
        self._started = 0
        self._others = 0
        self._moved: set[object] = set()
        self._noted = False

    def root(self, loss: Optional[float], accumulates: bool = True) -> None:
        """A backward pass begins at a loss; None where that is no single number."""
        self._looks.root(accumulates)
        if self._awaited is not None and accumulates:
            self._awaited.begins(loss)
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

    def calls(self) -> None:
        """A QNode is about to be called."""
        self._looks.calls()

    def end(self) -> None:
        """The recording ends."""
        self._looks.leave()

    def returned(self, qnode: Any, outputs: Sequence[Any], index: int, step: int, backward_seen: bool) -> None:
        """A call has returned and was recorded; in a copy the script goes on from here with its outputs moved."""
        self._looks.returned()
        tracked = [output for output in outputs if loss_graph.is_tracked(output)]
        if not tracked:
            return
        code = qnode_attributes.code_of(qnode)
        seen = self._seen.setdefault(code, _Seen())
        first = seen.fresh == 0
        seen.fresh += 1
        due = self._others < MOST and seen.probed < len(AGAIN) and seen.passes >= AGAIN[seen.probed]
        if not first or seen.alive or not due or not all(map(loss_graph.is_movable, tracked)) or self._is_busy(but_slopes=True):
            return
        seen.probed += 1
        self._others += 1
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
        # steps are looked at ever more seldom: what is known to get no gradient does not wait until slopes are known, if ever
        if not fresh or self._others >= MOST or self._is_busy(but_slopes=True):
            return
        self._others += 1
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

    def ask_slopes(
        self, stepped: int, taken: int, groups: Sequence[slope_probe.Held], calls: int, step: int, backward_seen: bool
    ) -> None:
        """At the end of the so many-th step of an optimiser: in copies the script goes on with all moved that one of them holds."""
        if not groups or self._awaited is not None or not self._looks.is_due(stepped, taken):
            return
        # two optimisers step one right after the other: the second has its first turn beside the copies of the first
        if self._is_busy(but_slopes=self._looks.is_first(stepped)):
            return
        groups = tuple(groups[:MOST_SUBJECTS])
        asked = [StepProbe(calls, step, Moved.HELD, held.name, token=held.number) for held in groups]
        began = time.perf_counter()
        gone_on = self._start(asked, slope_probe.plan(len(groups)), backward_seen)
        self._looks.asked(stepped, time.perf_counter() - began)
        if gone_on is not None:
            plan, pipe = gone_on
            branch = slope_probe.SlopeBranch(pipe, plan, self._places, groups[plan.subject])
            branch.confine_and_take_over()
            branch.go_on()
        elif self._awaiting:
            self._awaited = slope_probe.Awaited(self._awaiting.pop(), groups)

    def pass_ends(self) -> None:
        """A backward pass that leaves gradients is over."""
        if self._awaited is not None and self._awaited.loss is not None:
            awaited, self._awaited = self._awaited, None
            self._kept(awaited.number, awaited.loss, awaited.along())

    def _start(self, asked: list[StepProbe], plan: tuple[Plan, ...], backward_seen: bool) -> Optional[tuple[Plan, int]]:
        """Fork; in a copy its plan and pipe."""
        obstacle = confinement.obstacle(backward_seen)
        if obstacle:
            self._once(f"{UNAVAILABLE}: {obstacle}")
            return None
        import fcntl

        self._looks.leave()
        number, self._started = self._started, self._started + 1
        path = probe_path(self._path, number)
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            listener = _Listener(asked, plan, file)
            copy, pipe = going_on.go_on_in_copies(len(plan), file, SECONDS, listener.told, listener.wants)
            if copy >= 0:
                return plan[copy], pipe
            if pipe:
                self._once(f"{UNAVAILABLE}: this process could not be forked")
            else:
                self._running[path] = asked[0].moved
                self._awaiting.append(number)
        finally:
            os.close(file)
        return None

    def _is_busy(self, but_slopes: bool = False) -> bool:
        """Whether copies still run, so that others have to wait for a later occasion; those of slopes may not count."""
        self._running = {path: moved for path, moved in self._running.items() if is_running(path)}
        return any(moved is not Moved.HELD or not but_slopes for moved in self._running.values())

    def _once(self, text: str) -> None:
        if not self._noted:
            self._noted = True
            self._note(text)


class _Listener:
    """In the keeper of the copies: puts together what they say, and writes all that is known after each."""

    def wants(self, copy: int) -> bool:
        """Whether a copy is worth its time: where one that looked has come to no loss, moving the same says nothing."""
        one = self._plan[copy]
        if any(plan.looks and plan.subject == one.subject and place in self._barren for place, plan in enumerate(self._plan[:copy])):
            return False
        probe = self._probes[one.subject]
        return probe.moved is not Moved.HELD or slope_probe.wants(one, probe)

    def __init__(self, asked: list[StepProbe], plan: tuple[Plan, ...], file: int) -> None:
        self._probes = asked
        self._plan = plan
        self._file = file
        self._barren: set[int] = set()

    def told(self, copy: int, text: str) -> None:
        """A copy has ended."""
        from qdiag.recording import forking
        from qdiag.trace import call_parser

        plan = self._plan[copy]
        if text.startswith(going_on.SILENT):
            outcome = Outcome(plan.by, plan.direction, note=text[len(going_on.SILENT) :])
        else:
            outcome = call_parser.value_from(Outcome, text)
        if outcome.loss is None:
            self._barren.add(copy)
        for place, probe in enumerate(self._probes):
            if plan.subject in (-1, place):
                self._probes[place] = replace(probe, outcomes=(*probe.outcomes, outcome))
        forking.write_out(self._file, (call_text.text_of(tuple(self._probes)) + "\n").encode())

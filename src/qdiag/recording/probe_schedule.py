"""When the QNode itself is probed beside the script.

The first few QNodes of a run are probed as soon as they have been called. Where there are more, those that come next wait for one copy
of the process that serves them all: a fork costs the script as much as hundreds of calls. They wait no longer than nothing that they
were called with can have changed: until a backward pass begins, or one of them is called again.
"""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, NoReturn, Optional

from qdiag.model.probe import REPRESENTATIVES
from qdiag.recording import confinement, fork_obstacles, forking, turns
from qdiag.recording.probe_files import is_running, make_file, probe_path
from qdiag.trace import call_text, schema

if TYPE_CHECKING:
    # what launches and settles a recording loads no framework, which reading calls needs
    from qdiag.recording.ongoing_call import Ongoing

SECONDS = 20
"""Processor time that one probe may take before it is killed."""

SPARSELY_FROM = 256
"""After its first call, a QNode is probed at this one and at each fourfold: a fork costs the script 50 ms, as hundreds of calls do."""

UNAVAILABLE = "Probe unavailable"
"""How the sentence begins that says why there is none."""

WANTED = schema.PROBES
"""The trace's fact that asks for probes: how much processor time each may take, or ``yes``."""

MOST = 64
"""Probes of one run."""

AT_ONCE = 2
"""So many QNodes of a run are probed as soon as they were called; those that come after them wait for each other."""

TOGETHER = 32
"""So many wait at most before there is a copy for them."""

ALWAYS = 2
"""Copies for which there is always room; for more of them, which wait for their turn, where memory is free."""

KEPT_FREE = 8
"""Of the probes of one run, so many are kept for QNodes that are unlike those that were probed before them."""

FEW = 8
"""So many circuits of one QNode are probed for being unlike those before them: a number that is followed no longer makes such a one."""

TOO_MANY = f"A run has {MOST} probes at most: qdiag check QNODE looks at one QNode by itself."

NO_MEMORY = "There was too little memory for more copies of the script's process: qdiag check QNODE looks at one QNode by itself."


def is_due(number: int) -> bool:
    """Whether the n-th call of a QNode, from 1, is one at which it is probed."""
    while number > SPARSELY_FROM and number % 4 == 0:
        number //= 4
    return number in (1, SPARSELY_FROM)


def seconds_of(wanted: str) -> int:
    """The processor time that a trace's fact gives a probe."""
    return max(1, int(wanted)) if wanted.isdecimal() else SECONDS



class Asked(NamedTuple):
    """A call whose QNode is probed: which one, its index, the arrays that it returned, and whether other methods are asked, too."""

    call: Ongoing
    number: int
    returned: Optional[Sequence[Any]]
    others: bool


class Prober:
    """Probes the QNodes of one process.

    Parameters
    ----------
    path
        The trace.
    unseen
        Takes why there is no probe, as a sentence, each once.
    silence
        Turns the recording of the process off, in the copy.
    seconds
        Processor time that one probe may take.
    """

    def __init__(self, path: Path, unseen: Callable[[str], None], silence: Callable[[], None], seconds: int = SECONDS) -> None:
        self._path = path
        self._unseen = unseen
        self._silence = silence
        self._seconds = seconds
        self._home = os.getpid()
        self._seen: dict[str, int] = {}
        self._known: set[object] = set()
        self._circuits: dict[str, set[object]] = {}
        self._due: set[str] = set()
        self._siblings: Counter[object] = Counter()
        self._compared: set[str] = set()
        self._running: list[Path] = []
        self._waiting: list[Asked] = []
        self._started = 0
        self._said: set[str] = set()

    def probe_if_due(
        self,
        call: Ongoing,
        index: int,
        configuration: str,
        backward_seen: bool,
        likeness: object = None,
        returned: Optional[Sequence[Any]] = None,
        *,
        siblings: object = None,
        followed: bool = True,
    ) -> None:
        """A call has returned and was recorded.

        Parameters
        ----------
        call, index
            Which, and under which index.
        configuration
            Equal for calls of one QNode object under one configuration, followed by autograd or not.
        backward_seen
            Whether torch has gone backward in this process.
        likeness
            Equal for QNodes that look alike from outside, and make the same circuit: those that do not are probed first, where not
            all can be.
        returned
            The arrays that the call returned.
        siblings
            Equal for QNodes of which a few stand for the others, since their calls are all replayed; None where they are not.
        followed
            Whether anything can go back from them. Where it cannot, as at an evaluation of a whole data set, which adjoint runs row
            by row, no other method than the QNode's own is asked, once all were at another call.
        """
        number = self._seen[configuration] = self._seen.get(configuration, 0) + 1
        if is_due(number) | self._is_unlike(configuration, likeness):
            self._due.add(configuration)
        if configuration not in self._due:
            return
        if siblings is not None and self._siblings[siblings] >= REPRESENTATIVES:
            self._due.discard(configuration)
            return
        alike = likeness in self._known
        if self._started >= (MOST - KEPT_FREE if alike else MOST):
            self._once(TOO_MANY)
            return
        obstacle = fork_obstacles.obstacle(backward_seen)
        if obstacle:
            self._due.discard(configuration)
            self._once(f"{UNAVAILABLE}: {obstacle}.")
            return
        self._running = [path for path in self._running if is_running(path)]
        if len(self._running) < ALWAYS or turns.has_room(for_more=alike):
            self._due.discard(configuration)
            self._known.add(likeness)
            self._siblings[siblings] += 1
            others = followed or configuration not in self._compared
            self._compared.add(configuration)
            self._ask(Asked(call, index, returned, others), waits=number == 1 and self._started >= AT_ONCE)
            if len(self._waiting) >= TOGETHER:
                self.release(backward_seen)
        else:
            self._once(NO_MEMORY)

    def _ask(self, asked: Asked, *, waits: bool) -> None:
        self._started += 1
        if waits:
            self._waiting.append(asked)
        else:
            self._start([asked])

    def is_waiting(self, qnode: Any) -> bool:
        """Whether a QNode waits to be probed at the call that it had last."""
        return any(asked.call.qnode is qnode for asked in self._waiting)

    def release(self, backward_seen: bool) -> None:
        """Probe all that wait: from now on it may change what they were called with.

        Parameters
        ----------
        backward_seen
            As in `probe_if_due`.
        """
        waiting, self._waiting = self._waiting, []
        obstacle = fork_obstacles.obstacle(backward_seen) if waiting else ""
        if obstacle:
            self._once(f"{UNAVAILABLE}: {obstacle}.")
        elif waiting:
            self._start(waiting)

    def cannot_probe(self, why: str) -> None:
        """Say once why QNodes of a kind are not probed."""
        self._once(f"{UNAVAILABLE}: {why}.")

    def _is_unlike(self, configuration: str, likeness: object) -> bool:
        """Whether one of the first few different circuits of a QNode has come: a QNode may change, or be another, made in its place."""
        circuits = self._circuits.setdefault(configuration, set())
        if likeness in circuits or len(circuits) >= FEW:
            return False
        circuits.add(likeness)
        return True

    def _start(self, asked: Sequence[Asked]) -> None:
        """Make one copy that probes these one after the other."""
        paths = [probe_path(self._path, one.number) for one in asked]
        files: list[int] = []
        try:
            files.extend(map(make_file, paths))
            if forking.in_a_copy(lambda: self._attend(asked, files), files, turns.LONGEST, gives_way=False):
                self._running += paths
            else:
                self._once(f"{UNAVAILABLE}: this process could not be forked.")
        finally:
            for file in files:
                os.close(file)

    def _attend(self, asked: Sequence[Asked], files: Sequence[int]) -> None:
        """In the copy: have each done in a process of its own; who closes its file says that it is over."""
        self._silence()
        # once for all of them: each of these processes would load it anew
        from qdiag.bridges.live import qnode_probe  # noqa: F401

        for one, file in zip(asked, files):
            turns.Attendant(self._path, file, self._seconds, self._home).attend(functools.partial(self._probe, one, file))
            os.close(file)

    def _probe(self, asked: Asked, file: int) -> None:
        """There: evaluate, and write what is known after each stage; the last one counts."""
        from qdiag.bridges.live import qnode_probe

        def end(words: str) -> NoReturn:
            turns.say_why(file, words)
            os._exit(0)

        if not confinement.confine(file, self._seconds, end):
            end("the kernel does not confine it")
        call = asked.call
        seen = qnode_probe.probes(
            call.qnode, call.args, call.kwargs, layer=call.layer, call=asked.number, returned=asked.returned, others=asked.others
        )
        for probe in seen:
            forking.write_out(file, (call_text.text_of(probe) + "\n").encode())

    def _once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._unseen(text)

"""When the QNode itself is probed beside the script, and how what was seen gets from the forked copy into the trace."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NoReturn, Optional

from qdiag.errors import TraceError
from qdiag.model.probe import Probe
from qdiag.recording import confinement, fork_obstacles, forking, turns
from qdiag.trace import call_text, schema

if TYPE_CHECKING:
    # what launches and settles a recording loads no framework, which reading calls needs
    from qdiag.recording.call_reader import Ongoing

SECONDS = 20
"""Processor time that one probe may take before it is killed."""

PATIENCE = 300.0
"""Seconds for which probes are waited for when the script has ended. On a machine that is not busy they are soon over."""

HASTE = 2.0
"""The same where the script was interrupted."""

SPARSELY_FROM = 256
"""After its first call, a QNode is probed at this one and at each fourfold: a fork costs the script 50 ms, as hundreds of calls do."""

UNAVAILABLE = "Probe unavailable"
"""How the sentence begins that says why there is none."""

WANTED = schema.PROBES
"""The trace's fact that asks for probes: how much processor time each may take, or ``yes``."""

MOST = 64
"""Probes of one run."""

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


LOOKS = 0.002, 0.05
"""Seconds between two looks at a probe that is waited for: at first, and when it takes long."""


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
        self._running: list[Path] = []
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
        """
        number = self._seen[configuration] = self._seen.get(configuration, 0) + 1
        if is_due(number) | self._is_unlike(configuration, likeness):
            self._due.add(configuration)
        if configuration not in self._due:
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
            self._start(call, index, returned)
        else:
            self._once(NO_MEMORY)

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

    def _start(self, call: Ongoing, index: int, returned: Optional[Sequence[Any]]) -> None:
        import fcntl

        path = probe_path(self._path, index)
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            # the lock belongs to the open file, which the copy keeps: it is gone when the copy is, however that ended
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._started += 1
            attendant = turns.Attendant(self._path, file, self._seconds, self._home)
            work = functools.partial(self._probe, call, index, file, returned)
            if forking.in_a_copy(lambda: attendant.attend(work), file, turns.LONGEST, gives_way=False):
                self._running.append(path)
            else:
                self._once(f"{UNAVAILABLE}: this process could not be forked.")
        finally:
            os.close(file)

    def _probe(self, call: Ongoing, index: int, file: int, returned: Optional[Sequence[Any]]) -> None:
        """In the copy: evaluate, and write what is known after each stage; the last one counts."""
        self._silence()
        from qdiag.bridges.live import qnode_probe

        def end(words: str) -> NoReturn:
            turns.say_why(file, words)
            os._exit(0)

        if not confinement.confine(file, self._seconds, end):
            end("the kernel does not confine it")
        asked = qnode_probe.probes(call.qnode, call.args, call.kwargs, layer=call.layer, call=index, returned=returned)
        for probe in asked:
            forking.write_out(file, (call_text.text_of(probe) + "\n").encode())

    def _once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._unseen(text)


# --- after the script -----------------------------------------------------------------------------------------------------


def probe_path(trace: Path, index: int) -> Path:
    """Where a probe of a call leaves what it saw until the trace is settled."""
    return trace.with_name(f"{trace.name}.probe-{index}")


def is_running(path: Path) -> bool:
    """Whether the copy that writes this file still runs."""
    import fcntl

    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(file)
    return False


def collect_probes(trace: Path, patience: float = PATIENCE, pause: Callable[[float], Any] = time.sleep) -> Iterator[tuple[int, Probe]]:
    """What the probes of a recording saw, by call.

    Waits for those that have not come to their end, also for those whose turn comes only now, and removes their files: what still
    runs then ends by itself.
    """
    until = time.monotonic() + patience
    paths = sorted(trace.parent.glob(f"{trace.name}.probe-*[0-9]"), key=_index)
    if any(map(is_running, paths)):
        turns.announce_end(trace)
    try:
        for path in paths:
            seconds = LOOKS[0]
            while is_running(path) and time.monotonic() < until:
                pause(seconds)
                seconds = min(LOOKS[1], 1.5 * seconds)
            late = f"it was not done {patience:g} s after the end of the script; run it again where the machine is less busy"
            yield _index(path), _last(path, late if is_running(path) else "")
            with suppress(OSError):
                path.unlink()
    finally:
        for path in paths:
            with suppress(OSError):
                path.unlink()
        turns.forget(trace)


def _index(path: Path) -> int:
    return int(path.name.rpartition("-")[2])


def _last(path: Path, late: str = "") -> Probe:
    """The last complete line; a copy that was killed may have left half of one, or none at all, and why beside it."""
    why = late
    with suppress(OSError, UnicodeDecodeError):
        for line in reversed(path.read_bytes().decode().split("\n")[:-1]):
            if line.startswith("# "):
                why = why or line[2:]
                continue
            with suppress(TraceError):
                probe = call_text.value_from(Probe, line)
                return probe if probe.complete or not why else replace(probe, note=why)
    return Probe(_index(path), note=why or "it ended before it knew anything")

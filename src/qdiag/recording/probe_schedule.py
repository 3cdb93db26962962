"""When the QNode itself is probed beside the script, and how what was seen gets from the forked copy into the trace."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from qdiag.errors import TraceError
from qdiag.model.probe import Probe
from qdiag.recording import forking
from qdiag.trace import call_text

if TYPE_CHECKING:
    # what launches and settles a recording loads no framework, which reading calls needs
    from qdiag.recording.call_reader import Ongoing

SECONDS = 20
"""What one probe may take before it is killed."""

SPARSELY_FROM = 256
"""After its first call, a QNode is probed at this one and at each fourfold: a fork costs the script 50 ms, as hundreds of calls do."""

UNAVAILABLE = "Probe unavailable"
"""How the sentence begins that says why there is none."""

WANTED = "probe"
"""The trace's fact that asks for probes."""

MOST_AT_ONCE = 2
"""Probes that may run beside the script at the same time; the next one waits for a later call."""

MOST = 64
"""Probes of one run."""


def is_due(number: int) -> bool:
    """Whether the n-th call of a QNode, from 1, is one at which it is probed."""
    while number > SPARSELY_FROM and number % 4 == 0:
        number //= 4
    return number in (1, SPARSELY_FROM)


class Prober:
    """Probes the QNodes of one process.

    Parameters
    ----------
    path
        The trace.
    unseen
        Takes why there is no probe, as a sentence, once.
    silence
        Turns the recording of the process off, in the copy.
    """

    def __init__(self, path: Path, unseen: Callable[[str], None], silence: Callable[[], None]) -> None:
        self._path = path
        self._unseen = unseen
        self._silence = silence
        self._seen: dict[str, int] = {}
        self._due: set[str] = set()
        self._running: list[Path] = []
        self._started = 0
        self._noted = False

    def probe_if_due(self, call: Ongoing, index: int, configuration: str, backward_seen: bool) -> None:
        """A call of some configuration, and followed by autograd or not, has returned and was recorded under an index."""
        number = self._seen[configuration] = self._seen.get(configuration, 0) + 1
        if is_due(number):
            self._due.add(configuration)
        if configuration not in self._due or self._started >= MOST:
            return
        obstacle = forking.obstacle(backward_seen)
        if obstacle:
            self._due.discard(configuration)
            self._once(f"{UNAVAILABLE}: {obstacle}.")
            return
        self._running = [path for path in self._running if is_running(path)]
        if len(self._running) < MOST_AT_ONCE:
            self._due.discard(configuration)
            self._start(call, index)

    def _start(self, call: Ongoing, index: int) -> None:
        import fcntl

        path = probe_path(self._path, index)
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            # the lock belongs to the open file, which the copy keeps: it is gone when the copy is, however that ended
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._started += 1
            if forking.in_a_copy(lambda: self._probe(call, index, file), file, SECONDS):
                self._running.append(path)
            else:
                self._once(f"{UNAVAILABLE}: this process could not be forked.")
        finally:
            os.close(file)

    def _probe(self, call: Ongoing, index: int, file: int) -> None:
        """In the copy: evaluate, and write what is known after each stage; the last one counts."""
        self._silence()
        from qdiag.bridges.live import qnode_probe

        for probe in qnode_probe.probes(call.qnode, call.args, call.kwargs, layer=call.layer, call=index):
            forking.write_out(file, (call_text.text_of(probe) + "\n").encode())

    def _once(self, text: str) -> None:
        if not self._noted:
            self._noted = True
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


def collect_probes(
    trace: Path, patience: float = SECONDS + 2.0, pause: Callable[[float], Any] = time.sleep
) -> Iterator[tuple[int, Probe]]:
    """What the probes of a recording saw, by call; waits for those that still run, and removes their files."""
    until = time.monotonic() + patience
    for path in sorted(trace.parent.glob(f"{trace.name}.probe-*[0-9]"), key=_index):
        while is_running(path) and time.monotonic() < until:
            pause(0.05)
        yield _index(path), _last(path)
        with suppress(OSError):
            path.unlink()


def _index(path: Path) -> int:
    return int(path.name.rpartition("-")[2])


def _last(path: Path) -> Probe:
    """The last complete line; a copy that was killed may have left half of one, or none at all."""
    with suppress(OSError, UnicodeDecodeError):
        for line in reversed(path.read_bytes().decode().split("\n")[:-1]):
            with suppress(TraceError):
                return call_text.value_from(Probe, line)
    return Probe(_index(path), note=f"the probe ended before it knew anything; it may take {SECONDS} seconds")

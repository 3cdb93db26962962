"""A probe in its copy of the script's process: it waits for its turn, gives way to the script, and is tried again once that has ended.

The copy that was forked only attends: what is probed runs in a process of its own, so that a probe that crashes, waits for ever or has
used up its processor time leaves word of it. Nothing here is measured by the clock on the wall but that nothing happens at all: on a
busy machine a probe takes long, and sees the same.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Callable, NamedTuple, Optional

from qdiag.recording import forking

PAUSES = 0.25, 0.05
"""Seconds between two looks of a copy that waits for its turn: beside the script, and when that has ended."""

WATCHING = 0.002, 0.02
"""The same of one that attends, at first, and where that takes longer."""

IDLE = 15.0
"""A probe that has not computed for so many seconds waits for something that a copy never gets: a lock, an answer, a thread."""

STUCK = (
    f"it waited {IDLE:g} s for something and computed nothing, as for a lock or an answer that a copy of the process never gets; "
    "qdiag check QNODE looks at a QNode by itself"
)

SLOW = 0.5
"""A probe that gives way and gets a smaller part of a core begins anew when the script has ended."""

LITTLE = 1.0
"""Processor time that is soon made up for: a probe that has taken more is not begun anew before it is seen what it gets now."""

TRIAL = 2.0
"""Seconds after the script's end in which that is seen."""

GRACE = 10.0
"""Seconds after the end of a script that nobody seems to settle."""

LONGEST = 3600
"""Seconds after which a copy is gone, whatever it waits for."""

BESIDE_THE_SCRIPT = 2
"""Probes that compute at the same time as the script."""


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _ended_path(trace: Path) -> Path:
    return trace.with_name(f"{trace.name}.script-ended")


def _turns_path(trace: Path) -> Path:
    return trace.with_name(f"{trace.name}.turns")


def announce_end(trace: Path) -> None:
    """Let the copies know that the script has ended: they need not give way any more."""
    with suppress(OSError):
        _ended_path(trace).touch()


def forget(trace: Path) -> None:
    """Remove the files by which copies take turns."""
    for path in (_ended_path(trace), _turns_path(trace)):
        with suppress(OSError):
            path.unlink()


def say_why(file: int, words: str) -> None:
    """Write why work did not come to its end after what it wrote, which may end with half a line."""
    forking.write_out(file, f"\n# {words}\n".encode())


class Attendant:
    """In the copy: has a piece of work done in a process of its own.

    Parameters
    ----------
    trace
        The trace that is recorded.
    file
        The file that the work writes to; when it is removed, nobody waits for the work any more.
    seconds
        Processor time that the work may take.
    home
        The script's process.
    """

    def __init__(self, trace: Path, file: int, seconds: int, home: int) -> None:
        self._trace, self._file, self._seconds, self._home = trace, file, seconds, home
        self._orphaned: Optional[float] = None

    def attend(self, work: Callable[[], None]) -> None:
        """Have it done when its turn has come; what kept it from its end is written after what it wrote."""
        turns = os.open(_turns_path(self._trace), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        if not self._wait_for_turn(turns):
            return
        gives_way = not self._has_ended()
        why = self._run(work, gives_way=gives_way)
        if why is None:
            why = self._run(work, gives_way=False)
        if why:
            say_why(self._file, why)

    def _wait_for_turn(self, turns: int) -> bool:
        import fcntl

        while not self._is_given_up():
            over = self._has_ended()
            places = max(BESIDE_THE_SCRIPT, cores()) if over else BESIDE_THE_SCRIPT
            for place in range(places):
                with suppress(OSError):
                    fcntl.lockf(turns, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
                    return True
            time.sleep(PAUSES[over])
        return False

    def _run(self, work: Callable[[], None], *, gives_way: bool) -> Optional[str]:
        """Do the work in a process of its own; why it did not come to its end, or "", or None where it is to begin anew."""
        begun = moved = time.monotonic()
        spent, pause = 0.0, WATCHING[0]
        over: Optional[_Mark] = None
        runner = self._start(work, gives_way=gives_way)
        while True:
            ended, status = os.waitpid(runner, os.WNOHANG)
            if ended:
                return self._why(status)
            now, before = time.monotonic(), spent
            spent = _processor_time_of(runner)
            moved = now if spent > before else moved
            if over is None and gives_way and self._has_ended():
                over = _Mark(now, spent)
            slow = over is not None and _does_better_anew(_Mark(begun, 0.0), over, _Mark(now, spent))
            stuck = now - moved > IDLE
            if slow or stuck or self._is_given_up():
                os.kill(runner, signal.SIGKILL)
                os.waitpid(runner, 0)
                return None if slow and not stuck else STUCK if stuck else ""
            time.sleep(pause)
            pause = min(WATCHING[1], 1.2 * pause)

    def _start(self, work: Callable[[], None], *, gives_way: bool) -> int:
        runner = forking.fork_quietly()
        if runner == 0:
            try:
                forking.end_with_parent()
                forking.limit_processor_time(self._seconds)
                if gives_way:
                    os.nice(forking.NICENESS)
                work()
            finally:
                os._exit(0)
        return runner

    def _why(self, status: int) -> str:
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        if not number:
            return ""
        if number == signal.SIGSYS:
            return forking.OUTSIDE
        if number in (signal.SIGXCPU, signal.SIGKILL):
            more = f"qdiag trace --limit {6 * self._seconds} gives it {2 * self._seconds} s"
            return f"it took more than {self._seconds} s of processor time; {more}"
        return f"it crashed ({signal.Signals(number).name})"

    def _has_ended(self) -> bool:
        return _ended_path(self._trace).exists()

    def _is_given_up(self) -> bool:
        """Whether nobody will read what is seen: the file is gone, or the script is, and nobody settles it."""
        if os.fstat(self._file).st_nlink == 0:
            return True
        if self._has_ended() or _is_alive(self._home):
            self._orphaned = None
            return False
        self._orphaned = self._orphaned or time.monotonic()
        return time.monotonic() - self._orphaned > GRACE


class _Mark(NamedTuple):
    """A moment, and the processor time that work had taken by then."""

    at: float
    spent: float

    def is_slow_until(self, later: _Mark) -> bool:
        """Whether the work had a small part of a core from then on."""
        return later.spent - self.spent < SLOW * (later.at - self.at)


def _does_better_anew(begun: _Mark, over: _Mark, now: _Mark) -> bool:
    """Whether work that gives way is better begun anew, without: what it has done would be lost, and others may leave it a core now.

    Parameters
    ----------
    begun, over, now
        When the work began, when the script was seen to have ended, and the present.
    """
    if now.spent < LITTLE:
        return begun.is_slow_until(now)
    return now.at - over.at > TRIAL and over.is_slow_until(now)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _processor_time_of(process: int) -> float:
    """Seconds that a process has computed so far."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0


COPIES_AT_WORK = 4
"""For so many times what the script has for itself there must be room: its own writing takes the pages that waiting copies share from
them once, and copies at work write, too."""

LEFT_TO_OTHERS = 1 / 8
"""The part of the machine's memory that no waiting copy may touch."""


def has_room(*, for_more: bool) -> bool:
    """Whether there is memory for one more waiting copy of this process; and for as much again, where others are to follow it.

    A copy shares every page with the script and with the copies around it until one of them writes to it, so what they take shows in
    what is free.
    """
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            resident, shared = map(int, file.read().split()[1:3])
        with open("/proc/meminfo", encoding="ascii") as file:
            sizes = {line.partition(":")[0]: int(line.split()[1]) * 1024 for line in file}
        total, free = sizes["MemTotal"], sizes["MemAvailable"]
    except (OSError, ValueError, KeyError):
        return False
    total, free = _within_the_container(total, free)
    needed = COPIES_AT_WORK * max(resident - shared, 0) * os.sysconf("SC_PAGE_SIZE") + LEFT_TO_OTHERS * total
    return free > (2 * needed if for_more else needed)


def _within_the_container(total: int, free: int) -> tuple[int, int]:
    """The memory of a container that has less than its machine."""
    try:
        with open("/sys/fs/cgroup/memory.max", encoding="ascii") as file:
            most = int(file.read())
        with open("/sys/fs/cgroup/memory.current", encoding="ascii") as file:
            used = int(file.read())
    except (OSError, ValueError):
        return total, free
    return min(total, most), min(free, most - used)

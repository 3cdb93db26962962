"""Work in a forked copy of this process that nobody notices: the rules under which a fork is safe, all in one place.

The copy is no child of the script, so that no zombie is left. When the script goes on, the copy has nothing of it any more: the
memory that was shared is its own, its open files lead elsewhere, it hears no signal handler. It computes in one thread, and ends
by ``os._exit`` or by an alarm. What it may do is in `confinement`, where there is none in `fork_obstacles`.
"""

from __future__ import annotations

import gc
import os
import random
import re
import signal
import stat
import sys
import time
import warnings
from collections.abc import Collection
from contextlib import suppress
from typing import Any, Callable

from qdiag.recording import shared_memory, thread_pools

NICENESS = 10
"""The copy gives way to the script."""

_PATIENCE = 5.0
"""Seconds that the first child has to fork again; it needs milliseconds."""

_FORK_WARNINGS: Any = [
    ("ignore", None, kind, re.compile(re.escape(__name__) + r"\Z"), 0) for kind in (DeprecationWarning, RuntimeWarning)
]
"""Python's own, from 3.12 on, and JAX's."""


def in_a_copy(work: Callable[[], None], keep: Collection[int], seconds: int, *, gives_way: bool = True) -> bool:
    """Run something in a copy of this process, and return at once.

    Parameters
    ----------
    work
        What to do there. Nothing comes back but what it writes to `keep`.
    keep
        The only open files that the copy keeps.
    seconds
        After which the copy is killed.
    gives_way
        Whether the copy computes only what the script leaves; what only waits need not, and none of its children can take it back.

    Returns
    -------
    bool
        Whether there is a copy.
    """
    home = os.getpid()
    child = 0
    try:
        child = fork_quietly()
        if child == 0:
            # not even an interrupt may lead the copy back into the script
            step_apart(keep, seconds, gives_way=gives_way)
            work()
            os._exit(0)
    finally:
        if os.getpid() != home:
            os._exit(1)
    return reap_child(child)


def step_apart(keep: Collection[int], seconds: int, *, gives_way: bool = True) -> None:
    """In a forked child: let go of all that is the script's, and become a process that is no child of it.

    The script waits until that is done: nothing that it does next can depend on a copy that has not let go yet.

    Parameters
    ----------
    keep
        The only open files that are kept.
    seconds
        After which this process is killed.
    gives_way
        Whether it computes only what others leave.
    """
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
    thread_pools.begin_anew()
    _go_first_where_memory_is_short()
    if not shared_memory.make_private():
        os._exit(1)
    _deaf_to_signals()
    _mute()
    own_files(keep)
    _limit_process()
    if fork_quietly() != 0:
        os._exit(0)
    if gives_way:
        # only now: until here the script waits
        with suppress(OSError):
            os.nice(NICENESS)
    # the alarm of a process is not its child's
    signal.alarm(seconds)


def end_with_parent() -> None:
    """Have the kernel end this copy when its keeper ends."""
    import ctypes

    at_the_parents_death = 1
    ctypes.CDLL(None).prctl(at_the_parents_death, ctypes.c_ulong(signal.SIGKILL))


OUTSIDE = "it would have reached outside of its process"
"""What the filter of system calls means when it ends a copy."""


def fork_quietly() -> int:
    """Fork; a warning about threads, Python 3.12's or JAX's, would be shown under the script's name, and may be an error there.

    The filter is put straight into the list: going through ``warnings`` would make it forget what was shown before. Python gives
    the copy a random stream of its own: it is to have the script's. No garbage is collected in the copy until `collect_again`: a
    database or a temporary folder that nobody holds any more would be closed and removed there, too.
    """
    global _is_to_collect
    home, stream, collects = os.getpid(), random.getstate(), gc.isenabled()
    filters: list[Any] = warnings.filters  # type: ignore[assignment]
    filters[:0] = _FORK_WARNINGS
    gc.disable()
    try:
        child = os.fork()
    finally:
        for own in _FORK_WARNINGS:
            filters.remove(own)
        if collects and os.getpid() == home:
            gc.enable()
    if child == 0:
        _is_to_collect = _is_to_collect or collects
        random.setstate(stream)
    return child


_is_to_collect = False


def collect_again() -> None:
    """In a copy that reaches nothing any more: collect garbage as the script would."""
    if _is_to_collect:
        gc.enable()


def reap_child(child: int) -> bool:
    """Wait for the first child, which ends as soon as it has forked again."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            ended, status = os.waitpid(child, os.WNOHANG)
        except ChildProcessError:
            return True
        if ended:
            return status == 0
        if time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(child, 0)
            return False
        time.sleep(0.0005)


def _go_first_where_memory_is_short() -> None:
    """Where memory runs out, the kernel is to end the copy and not the script."""
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")


def _deaf_to_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGALRM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})


def _mute() -> None:
    """Show nothing in a notebook: what a copy of its kernel prints or displays opens a connection of its own."""
    kernel: Any = sys.modules.get("ipykernel.iostream")
    if kernel is not None:
        sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        kernel.IOPubThread.send_multipart = lambda *message, **options: None


def own_files(keep: Collection[int]) -> None:
    """Put the null device in place of every open file; one that is only read is opened anew, at the same place in it.

    Its number stays taken, so that nothing stray hits a file of ours.
    """
    null = os.open(os.devnull, os.O_RDWR)
    for name in os.listdir("/proc/self/fd"):
        number = int(name)
        if number != null and number not in keep:
            with suppress(OSError):
                again = _read_anew(number) if number > 2 else null
                os.dup2(again, number)
                if again != null:
                    os.close(again)


def _read_anew(number: int) -> int:
    """A regular file that is open for reading, opened again; else the null device."""
    import fcntl

    if stat.S_ISREG(os.fstat(number).st_mode) and fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        with suppress(OSError):
            again = os.open(f"/proc/self/fd/{number}", os.O_RDONLY)
            os.lseek(again, os.lseek(number, 0, os.SEEK_CUR), os.SEEK_SET)
            return again
    return os.open(os.devnull, os.O_RDWR)


def _limit_process() -> None:
    """Leave no core file, and write no file that the quantum function opens."""
    import resource

    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def limit_processor_time(seconds: int) -> None:
    """Have this process killed when it has computed for so long, however long that takes on a busy machine."""
    import resource

    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    with suppress(OSError, ValueError):
        most = resource.getrlimit(resource.RLIMIT_CPU)[1]
        given = seconds if most == resource.RLIM_INFINITY else min(seconds, most)
        resource.setrlimit(resource.RLIMIT_CPU, (given, most))


def write_out(file: int, data: bytes) -> None:
    """Append to the file that was kept, which alone may grow."""
    import resource

    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit[1], limit[1]))
    try:
        os.write(file, data)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)

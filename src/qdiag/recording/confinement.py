"""A copy that runs code of the script's, and what makes sure that nothing of it is ever seen outside.

Its memory is its own, that which was shared included; its open files lead nowhere, or read at places of their own; Python's audit
events and the kernel's filter end it where it would write a file, start a process or open a connection. It runs nothing at its
exit. Where any of this cannot be had, nothing is run. Copies in which a QNode is evaluated and those in which the script itself
goes on are confined alike; the latter have to meet more conditions before there are any.
"""

from __future__ import annotations

import atexit
import os
import stat
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Optional

from qdiag.recording import fork_obstacles, forking, shared_memory, syscall_filter

_WATCHERS = ("tqdm", "IPython")
"""Whose threads hold no work of the script's: they look at the clock, or keep a history."""

HEADROOM = 0.5
"""Share of the free memory that a copy may use which goes on with all that the script does."""


def obstacle(backward_seen: bool) -> str:
    """Why the script cannot go on in a copy of this process, or "".

    Parameters
    ----------
    backward_seen
        Whether torch has gone backward in this process.
    """
    found = fork_obstacles.obstacle(backward_seen)
    if found:
        return found
    if sys.gettrace() is not None:
        return "a debugger or a coverage tool follows the script"
    if threading.current_thread() is not threading.main_thread() or any(map(_holds_work, threading.enumerate())):
        return "the script has several threads"
    distributed: Any = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        return "the script trains in several processes that wait for each other"
    if _children():
        return "the script has child processes"
    return ""


def _holds_work(thread: threading.Thread) -> bool:
    module = type(thread).__module__.partition(".")[0]
    return thread is not threading.main_thread() and not (module in _WATCHERS and thread.daemon)


def _children() -> set[int]:
    """Processes that this one has started and not yet waited for; those that only clean up after it do not count."""
    found: set[int] = set()
    for thread in os.listdir("/proc/self/task"):
        with suppress(OSError), open(f"/proc/self/task/{thread}/children", encoding="ascii") as file:
            found |= set(map(int, file.read().split()))
    tracker = getattr(sys.modules.get("multiprocessing.resource_tracker"), "_resource_tracker", None)
    return found - {getattr(tracker, "_pid", None)}


# --- what it must not do --------------------------------------------------------------------------------------------------

_WORDS = {
    "os": "it changes files or starts processes",
    "shutil": "it copies or moves files",
    "tempfile": "it makes a temporary file",
    "socket": "it opens a connection",
    "subprocess": "it starts a process",
    "sqlite3": "it opens a database",
    "ctypes": "it loads a library",
    "pty": "it starts a process",
    "signal": "it sends a signal",
    "ftplib": "it opens a connection",
    "http": "it opens a connection",
    "urllib": "it opens a connection",
    "smtplib": "it opens a connection",
    "webbrowser": "it starts a process",
    "syslog": "it writes to the system's log",
}
"""What the audit events of a module mean."""

_HARMLESS = frozenset(
    [
        "os.listdir",
        "os.scandir",
        "os.walk",
        "os.fwalk",
        "os.listxattr",
        "os.getxattr",
        "os.putenv",
        "os.unsetenv",
        "os.chdir",
        "os.fchdir",
    ]
)
_CTYPES = frozenset(["ctypes.dlopen", "ctypes.set_exception"])
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def forbidden(event: str, arguments: tuple[Any, ...]) -> str:
    """What a copy may not do of what Python announces: in words, or "" where it may."""
    if event == "open":
        path, _, flags = arguments
        if isinstance(path, int):
            return ""
        return "it writes a file" if flags & _WRITING else "it reads from a pipe" if _is_pipe(path) else ""
    module = event.partition(".")[0]
    if event in _HARMLESS or (module == "ctypes" and event not in _CTYPES):
        return ""
    return _WORDS.get(module, "")


def _is_pipe(path: Any) -> bool:
    """Whether somebody at the other end would notice that this one is opened."""
    with suppress(OSError, TypeError, ValueError):
        return stat.S_ISFIFO(os.stat(path).st_mode)
    return False


def confine(keep: int, seconds: int, end: Callable[[str], None], share_of_memory: Optional[float] = None) -> bool:
    """Make this copy one that nobody notices, before it runs code of the script's.

    Parameters
    ----------
    keep
        The only open file that it keeps.
    seconds
        Of processor time after which it ends.
    end
        Ends it, and says why.
    share_of_memory
        How much of the free memory it may use; None for no limit.

    Returns
    -------
    bool
        Whether all of it could be done.
    """
    sys.dont_write_bytecode = True
    forking.own_files((keep,))
    if not shared_memory.make_private():
        return False
    forking.limit_processor_time(seconds)
    if share_of_memory is not None:
        _limit_memory(share_of_memory)
    never: Any = atexit
    never.register(os._exit, 0)
    never.register = lambda function, *args, **kwargs: function
    if not syscall_filter.filter_calls():
        return False

    def listen(event: str, arguments: tuple[Any, ...]) -> None:
        word = forbidden(event, arguments)
        if word:
            end(word)

    sys.addaudithook(listen)
    forking.collect_again()
    return True


def _limit_memory(share: float) -> None:
    import resource

    most = _address_space() + int(share * _free_memory())
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard == resource.RLIM_INFINITY or most < hard:
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _address_space() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _free_memory() -> int:
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")

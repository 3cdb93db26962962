"""A copy that goes on with the script's own code, and what makes sure that nothing of it is ever seen outside.

Its memory is its own, that which was shared included; its open files lead nowhere, or read at places of their own; Python's audit
events and the kernel's filter end it where it would write a file, start a process or open a connection. It runs nothing at its
exit. Where any of this cannot be had, there is no copy.
"""

from __future__ import annotations

import atexit
import os
import stat
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from qdiag.recording import forking, syscall_filter

MOST_SHARED = 1 << 28
"""Bytes of shared memory that a copy makes its own; where there is more, there is no copy."""

_WATCHERS = ("tqdm", "IPython")
"""Whose threads hold no work of the script's: they look at the clock, or keep a history."""

_HEADROOM = 0.5
"""Share of the free memory that a copy may use."""


def obstacle(backward_seen: bool) -> str:
    """Why the script cannot go on in a copy of this process, or "".

    Parameters
    ----------
    backward_seen
        Whether torch has gone backward in this process.
    """
    found = forking.obstacle(backward_seen)
    if found:
        return found
    if not syscall_filter.is_known():
        return "this machine's system calls are not known, so that a copy could not be confined"
    if sys.gettrace() is not None:
        return "a debugger or a coverage tool follows the script"
    if threading.current_thread() is not threading.main_thread() or any(map(_holds_work, threading.enumerate())):
        return "the script has several threads"
    distributed: Any = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        return "the script trains in several processes that wait for each other"
    if _children():
        return "the script has child processes"
    shared = _shared()
    if any(_is_device(path) for _, _, path in shared):
        return "memory of a device is in use"
    if sum(end - begin for begin, end, _ in shared) > MOST_SHARED:
        return "the script shares much memory with others"
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


# --- memory ---------------------------------------------------------------------------------------------------------------


def _shared() -> list[tuple[int, int, str]]:
    """Where memory lies that others see written: begin, end, and of which file."""
    found = []
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
        for line in file:
            place, rights, _, _, _, *path = line.split(maxsplit=5)
            if rights[1] == "w" and rights[3] == "s":
                begin, _, end = place.partition("-")
                found.append((int(begin, 16), int(end, 16), path[0].strip() if path else ""))
    return found


def _is_device(path: str) -> bool:
    return path.startswith("/dev/") and not path.startswith(("/dev/shm/", "/dev/zero"))


def own_memory() -> bool:
    """Put a private copy in place of all memory that is shared with others, at the same addresses."""
    import ctypes
    import mmap

    place = ctypes.CDLL(None).mmap
    place.restype = ctypes.c_void_p
    place.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
    fixed = 0x10
    for begin, end, _ in _shared():
        held = ctypes.string_at(begin, end - begin)
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | fixed
        if place(begin, end - begin, mmap.PROT_READ | mmap.PROT_WRITE, flags, -1, 0) != begin:
            return False
        ctypes.memmove(begin, held, end - begin)
    return not _shared()


# --- files ----------------------------------------------------------------------------------------------------------------


def own_files(keep: int) -> None:
    """Put the null device in place of every open file; one that is only read is opened anew, at the same place in it."""
    null = os.open(os.devnull, os.O_RDWR)
    for name in os.listdir("/proc/self/fd"):
        number = int(name)
        if number not in (keep, null):
            with suppress(OSError):
                os.dup2(_read_anew(number) if number > 2 else null, number)


def _read_anew(number: int) -> int:
    """A regular file that is open for reading, opened again; else the null device."""
    import fcntl

    if stat.S_ISREG(os.fstat(number).st_mode) and fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        with suppress(OSError):
            again = os.open(f"/proc/self/fd/{number}", os.O_RDONLY)
            os.lseek(again, os.lseek(number, 0, os.SEEK_CUR), os.SEEK_SET)
            return again
    return os.open(os.devnull, os.O_RDWR)


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
        return "it writes a file" if flags & _WRITING and not isinstance(path, int) else ""
    module = event.partition(".")[0]
    if event in _HARMLESS or (module == "ctypes" and event not in _CTYPES):
        return ""
    return _WORDS.get(module, "")


def confine(keep: int, seconds: int, end: Callable[[str], None]) -> bool:
    """Make this copy one that nobody notices, before it goes on.

    Parameters
    ----------
    keep
        The only open file that it keeps.
    seconds
        Of processor time after which it ends.
    end
        Ends it, and says why.

    Returns
    -------
    bool
        Whether all of it could be done.
    """
    sys.dont_write_bytecode = True
    own_files(keep)
    if not own_memory():
        return False
    _limit(seconds)
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
    return True


def _limit(seconds: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    most = _address_space() + int(_HEADROOM * _free_memory())
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard == resource.RLIM_INFINITY or most < hard:
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _address_space() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _free_memory() -> int:
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")

"""What stands in the way of a copy of this process: a fork that the script would notice, or a copy that could not be kept apart.

A new danger becomes a reason in `obstacle`; how a copy is made and kept apart is in `forking`.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import types
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from qdiag.recording import fork_hooks, shared_memory, syscall_filter


def obstacle(backward_seen: bool) -> str:
    """Why this process cannot be copied now, or "".

    Parameters
    ----------
    backward_seen
        Whether torch has gone backward in this process.
    """
    if sys.platform != "linux":
        return f"there is no safe fork on {sys.platform}"
    if not syscall_filter.is_known():
        return "this machine's system calls are not known, so that a copy could not be confined"
    if _listens_for_children():
        return "the script listens for the end of its child processes"
    here, in_the_copy = fork_hooks.hooks_of_forks()
    strangers = [hook for hooks in here for hook in hooks if not _is_standard(hook)]
    strangers += [hook for hook in in_the_copy if not (_is_standard(hook) or _is_installed(hook))]
    for stranger in strangers[:1]:
        return f"{getattr(stranger, '__module__', None) or 'a module'} runs code of its own at every fork"
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return shared_memory.obstacle()
    if torch.cuda.is_initialized():
        return "CUDA is in use"
    if backward_seen and int(torch.__version__.split(".")[0]) < 2:
        return f"torch {torch.__version__} cannot differentiate in a copy of a process that has gone backward"
    return shared_memory.obstacle()


def _listens_for_children() -> bool:
    """Whether the script would hear of a child that it has not started: by a signal, or by a thread that waits for any child."""
    if not _is_deaf(signal.getsignal(signal.SIGCHLD)):
        return True
    if signal.SIGCHLD in signal.pthread_sigmask(signal.SIG_BLOCK, ()):
        return True
    return any(map(syscall_filter.waits_for_any_child, _other_threads()))


_DATA_LOADER = "torch.utils.data._utils.signal_handling"
"""Its handler asks after the workers of DataLoaders alone, each by its number, and hears of their ends in any case."""


def _is_deaf(handler: Any) -> bool:
    """Whether a handler of `SIGCHLD` does nothing at the end of a child that the script has not started."""
    if handler in (signal.SIG_DFL, signal.SIG_IGN):
        return True
    if getattr(handler, "__module__", None) != _DATA_LOADER or not isinstance(handler, types.FunctionType):
        return False
    held = dict(zip(handler.__code__.co_freevars, handler.__closure__ or ()))
    before = held.get("previous_handler")
    return before is not None and (before.cell_contents is None or _is_deaf(before.cell_contents))


def _other_threads() -> Iterator[str]:
    """What the kernel says of the system calls in which this process's other threads stand."""
    if threading.active_count() == 1:
        return
    for thread in os.listdir("/proc/self/task"):
        if int(thread) != threading.get_native_id():
            with suppress(OSError), open(f"/proc/self/task/{thread}/syscall", encoding="ascii") as file:
                yield file.read()


_STANDARD = getattr(sys, "stdlib_module_names", ("concurrent", "logging", "multiprocessing", "random", "threading"))

_ALIKE = ("IPython", "h5py", "filelock")
"""Packages whose hooks do no more than the standard library's: a shell ends the thread that saves the history, and starts it again with
the next input; h5py, which PennyLane imports where it is installed, takes its lock before a fork and gives it back afterwards, and so
does filelock, which comes with torch."""

_WARNS = "jax._src.xla_bridge"
"""Its hook only warns, which `forking` keeps quiet: in the copy nothing of XLA's is run."""


_LOGURU = "loguru._locks_machinery"
"""Its hooks take each lock of its own before a fork and give it back afterwards, in both processes. None can be taken twice: where this
very thread holds one, as in a sink of the script's that calls a QNode, the fork would wait for it forever."""


def _is_free(machinery: Any) -> bool:
    """Whether none of loguru's locks is held now, as far as they are where they are known to be."""
    locks = [getattr(machinery, name, None) for name in ("logger_locks", "handler_locks")]
    return None not in locks and not any(lock.locked() for kept in locks for lock in list(kept or ()))


def _is_standard(hook: Any) -> bool:
    """Whether a hook only puts locks, threads and random streams in order, as the standard library's do."""
    if isinstance(hook, types.BuiltinFunctionType):
        return True
    if getattr(hook, "__module__", None) == _LOGURU:
        return _is_free(sys.modules.get(_LOGURU))
    module = str(getattr(hook, "__module__", "")).partition(".")[0]
    if getattr(hook, "__module__", None) == _WARNS:
        return True
    return module != "__main__" and (module in _STANDARD or module in (*_ALIKE, __name__.partition(".")[0]))


def _is_installed(hook: Any) -> bool:
    """Whether a hook comes with an installed package: what joblib or torch reset in the copy, this process never sees."""
    module = sys.modules.get(str(getattr(hook, "__module__", "")))
    folders = str(getattr(module, "__file__", None) or "").split(os.sep)
    # wherever they are: a kernel's own environment often stands on that of the system or of the user
    return "site-packages" in folders or "dist-packages" in folders

"""What a worker process does before its first task. It imports nothing but the standard library until the threads are bounded."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import warnings
from contextlib import suppress

from qdiag.evaluation import beside_script, taken_memory

NICENESS = 5

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def bound_threads() -> None:
    """Have what is loaded from here on compute with one thread: then an evaluation repeats bit for bit."""
    for name in _THREADS:
        os.environ[name] = "1"


def prepare(warm: bool, beside: str = "") -> None:
    """Bound the threads to one, step back behind the user's own script, leave Ctrl-C to the parent and end with it, repeat no warnings.

    Parameters
    ----------
    warm
        Whether to load PennyLane and torch now rather than at the first task.
    beside
        The folder of the user's own script, whose modules may be imported; "" for none.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="qdiag parent", daemon=True).start()
    bound_threads()
    # each of several workers would reserve most of a GPU's memory for itself
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))
    taken_memory.measure_here()
    # what the user's own call warned of was shown then, and is recorded; an evaluation collects its own
    warnings.simplefilter("ignore")
    if warm:
        from qdiag.bridges.interfaces import torch_graph
        from qdiag.bridges.running import run_circuit  # noqa: F401

        torch_graph.use_one_thread()
    if beside:
        beside_script.look_beside(beside)


def _end_with_parent() -> None:
    """End when the process that asks has ended, however that was: an evaluation under way would go on for nobody."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

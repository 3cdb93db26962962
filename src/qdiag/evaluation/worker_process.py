"""What a worker process does before its first task. It imports nothing but the standard library until the threads are bounded."""

from __future__ import annotations

import os
import signal
import warnings
from contextlib import suppress

NICENESS = 5

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def prepare(warm: bool) -> None:
    """Bound the threads to one, step back behind the user's own script, leave Ctrl-C to the parent, repeat no warnings.

    Parameters
    ----------
    warm
        Whether to load PennyLane and torch now rather than at the first task.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in _THREADS:
        os.environ[name] = "1"
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))
    # what the user's own call warned of was shown then, and is recorded; an evaluation collects its own
    warnings.simplefilter("ignore")
    if warm:
        from qdiag.bridges.interfaces import torch_graph
        from qdiag.bridges.running import run_circuit  # noqa: F401

        torch_graph.use_one_thread()
        torch_graph.load_gradients()

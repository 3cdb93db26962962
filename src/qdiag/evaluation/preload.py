"""Imported by the server that workers are forked from: PennyLane and torch are loaded once there, not once in each worker."""

from __future__ import annotations

import os
import sys

from qdiag.evaluation import framework_fork, worker_process

# `python -c`, as which the server starts, looks first in the current folder, where anything may lie that is called like a library
sys.path[:] = [entry for entry in sys.path if entry]
_before = dict(os.environ)
os.environ.pop(framework_fork.ADDRESS, None)
worker_process.bound_threads()
framework_fork.load()
framework_fork.offer(_before)
worker_process.prepare(warm=True)

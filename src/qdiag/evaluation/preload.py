"""Imported by the server that workers are forked from: PennyLane and torch are loaded once there, not once in each worker."""

from __future__ import annotations

import sys

from qdiag.evaluation import worker_process

# `python -c`, as which the server starts, looks first in the current folder, where anything may lie that is called like a library
sys.path[:] = [entry for entry in sys.path if entry]
worker_process.prepare(warm=True)

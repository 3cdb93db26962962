"""What an interruption before the judging leaves, and how to go on from there."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from qdiag.errors import Interrupted
from qdiag.trace.run_folder import RunFolder


@contextmanager
def telling_how_to_go_on(run: RunFolder) -> Iterator[None]:
    """Make of Ctrl-C an `Interrupted` that says what is kept of a run."""
    try:
        yield
    except KeyboardInterrupt as stop:
        again = f"what was recorded is kept; judge it with: qdiag diagnose {shlex.quote(str(run.path))}" if run.trace.exists() else ""
        raise Interrupted("interrupted", again, getattr(stop, "number", signal.SIGINT)) from None

"""How what a probe saw gets from its copy into the trace: a file for each, and a lock that tells whether the copy still runs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

from qdiag.errors import TraceError
from qdiag.model.probe import Probe
from qdiag.recording import turns

PATIENCE = 300.0
"""Seconds for which probes are waited for when the script has ended. On a machine that is not busy they are soon over."""

HASTE = 2.0
"""The same where the script was interrupted."""

LOOKS = 0.002, 0.05
"""Seconds between two looks at a probe that is waited for: at first, and when it takes long."""


def make_file(path: Path) -> int:
    """A new file for what a probe sees, open, and locked until every copy of this process that has it open is gone."""
    import fcntl

    file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        # the lock belongs to the open file, which the copy keeps: it is gone when the copy is, however that ended
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        raise
    return file


def probe_path(trace: Path, index: int) -> Path:
    """Where a probe of a call leaves what it saw until the trace is settled."""
    return trace.with_name(f"{trace.name}.probe-{index}")


def is_running(path: Path) -> bool:
    """Whether the copy that writes this file still runs."""
    import fcntl

    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(file)
    return False


def collect_probes(trace: Path, patience: float = PATIENCE, pause: Callable[[float], Any] = time.sleep) -> Iterator[tuple[int, Probe]]:
    """What the probes of a recording saw, by call.

    Waits for those that have not come to their end, also for those whose turn comes only now, and removes their files: what still
    runs then ends by itself.
    """
    until = time.monotonic() + patience
    paths = sorted(trace.parent.glob(f"{trace.name}.probe-*[0-9]"), key=_index)
    if any(map(is_running, paths)):
        turns.announce_end(trace)
    try:
        for path in paths:
            seconds = LOOKS[0]
            while is_running(path) and time.monotonic() < until:
                pause(seconds)
                seconds = min(LOOKS[1], 1.5 * seconds)
            late = f"it was not done {patience:g} s after the end of the script; run it again where the machine is less busy"
            yield _index(path), _last(path, late if is_running(path) else "")
            with suppress(OSError):
                path.unlink()
    finally:
        for path in paths:
            with suppress(OSError):
                path.unlink()
        turns.forget(trace)


def _index(path: Path) -> int:
    return int(path.name.rpartition("-")[2])


def _last(path: Path, late: str = "") -> Probe:
    """The last complete line; a copy that was killed may have left half of one, or none at all, and why beside it."""
    # the script's own process, which makes such files, never reads them
    from qdiag.trace import call_parser

    why = late
    with suppress(OSError, UnicodeDecodeError):
        for line in reversed(path.read_bytes().decode().split("\n")[:-1]):
            if line.startswith("# "):
                why = why or line[2:]
                continue
            with suppress(TraceError):
                probe = call_parser.value_from(Probe, line)
                return probe if probe.complete or not why else replace(probe, note=why)
    return Probe(_index(path), note=why or "it ended before it knew anything")

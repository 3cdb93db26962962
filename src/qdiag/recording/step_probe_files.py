"""What the copies of a step probe leave on the way into the trace: a file for each probe, and beside it the script's own next loss."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from qdiag.errors import TraceError
from qdiag.model.step_probe import StepProbe
from qdiag.recording.probe_files import is_running

SECONDS = 30
"""What the copies of one probe may take together before they are killed."""


def probe_path(trace: Path, number: int) -> Path:
    """Where the copies of a probe leave what they came to until the trace is settled."""
    return trace.with_name(f"{trace.name}.step-probe-{number}")


PATIENCE = SECONDS + 2.0
"""Seconds for which they are waited for."""


def fact_of(number: int) -> str:
    """Under which name a trace keeps the script's own loss after a probe, until it is settled."""
    return f"loss after step-probe-{number}"


def collect_step_probes(
    trace: Path, own: Callable[[int], str], patience: float = PATIENCE, pause: Callable[[float], Any] = time.sleep
) -> Iterator[StepProbe]:
    """What the step probes of a recording came to; waits for those that still run, and removes their files.

    Parameters
    ----------
    trace
        The trace.
    own
        The text of the loss that the script itself came to after a probe, or "".
    patience, pause
        How long to wait, and how.
    """
    until = time.monotonic() + patience
    for path in sorted(trace.parent.glob(f"{trace.name}.step-probe-*[0-9]"), key=_number):
        while is_running(path) and time.monotonic() < until:
            pause(0.05)
        text = own(_number(path))
        loss, *given = text.split() or [""]
        for place, probe in enumerate(_last(path)):
            along = float(given[place]) if place < len(given) and given[place] != "None" else None
            yield replace(probe, own=float(loss), eps=_eps(float(loss)), given=along) if loss else probe
        with suppress(OSError):
            path.unlink()


def _number(path: Path) -> int:
    return int(path.name.rpartition("-")[2])


def _last(path: Path) -> tuple[StepProbe, ...]:
    # as in `probe_files`: who makes them never reads them
    from qdiag.trace import call_parser

    with suppress(OSError, UnicodeDecodeError):
        for line in reversed(path.read_bytes().decode().split("\n")[:-1]):
            with suppress(TraceError):
                return call_parser.values_from(StepProbe, line)
    return ()


def _eps(loss: float) -> float:
    """Of the narrower of the two usual precisions that holds a loss."""
    return 2.0**-23 if float(np.float32(loss)) == loss else 2.0**-52

"""The first step of the staircase by itself: the user's script is recorded, and nothing is judged nor loaded that judges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Optional

from qdiag.errors import QdiagError, TraceError
from qdiag.model.call import Script
from qdiag.pipeline.asked import fact_of
from qdiag.pipeline.run_options import Options
from qdiag.recording import launcher
from qdiag.trace.reader import Trace
from qdiag.trace.run_folder import RunFolder


def record(
    script: str,
    argv: Sequence[str],
    *,
    module: bool,
    run: RunFolder,
    options: Options,
    unsettled: Optional[Callable[[TraceError], None]] = None,
) -> Script:
    """Run the user's script, only recording; whatever becomes of the recording, how the script ended is known."""
    return launcher.run(
        Script(script, tuple(argv), module),
        run.trace,
        launcher.Onlooker(unsettled=unsettled),
        probing=launcher.Probing(options.probe_seconds) if options.probe else None,
        facts=fact_of(options.plan),
    )


def recorded_calls(run: RunFolder) -> int:
    """How many calls there are by now; 0 where nobody knows. By a connection of its own: whoever asks may be another thread."""
    try:
        with Trace.open(run.trace) as trace:
            return len(trace)
    except QdiagError:
        return 0

"""The user's script, run and judged: calls are replayed while it still runs, the rest afterwards.

Loading what judges takes longer than anything before the script, so the script is started first.
"""

from __future__ import annotations

import math
import shlex
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Optional

from qdiag.errors import Interrupted, TraceError
from qdiag.evaluation.workers import load_frameworks, most_workers
from qdiag.model.call import Script
from qdiag.pipeline.asked import fact_of
from qdiag.pipeline.interruption import telling_how_to_go_on
from qdiag.pipeline.record import recorded_calls
from qdiag.pipeline.run_options import JudgedRun, Options, Voice
from qdiag.recording import launcher, settle
from qdiag.trace.run_folder import RunFolder

if TYPE_CHECKING:
    from qdiag.pipeline.run import Run

PROBES_SHARE = 0.5
"""The part of a budget for which probes are waited for."""


def trace(script: str, argv: Sequence[str], *, module: bool, run: RunFolder, options: Options, voice: Voice) -> JudgedRun:
    """Run the user's script and judge it.

    Raises
    ------
    Interrupted
        By Ctrl-C, while the script runs or afterwards.
    """
    if options.own_process and not options.cluster and most_workers() > 1:
        # where a core is free: the script takes its time, too, before its first QNode call
        load_frameworks()
    heard: list[int] = []
    with telling_how_to_go_on(run), _Later(run, options, voice) as later, ExitStack() as afterwards:
        if options.cluster:
            later.examination.connect()
        began, started = time.monotonic(), Script(script, tuple(argv), module)

        def tell_end(exit_code: int) -> None:
            from qdiag.report.content.sentences import script_ended

            later.examination.begin_budget()
            recorded = recorded_calls(run)
            if recorded and not heard and exit_code not in settle.BY_CTRL_C:
                voice.say(script_ended(replace(started, exit_code=exit_code), time.monotonic() - began, recorded))
            afterwards.enter_context(voice.progress("taking in what was recorded"))

        onlooker = launcher.Onlooker(lambda: later.examination.advance(), tell_end, later.miss_the_end, heard)
        patience = math.inf if options.plan.budget is None else PROBES_SHARE * options.plan.budget
        probing = launcher.Probing(options.probe_seconds, patience) if options.probe else None
        ended = launcher.run(started, run.trace, onlooker, probing=probing, facts=fact_of(options.plan))
        examination = later.examination
        examination.ended = ended
        afterwards.close()
        if heard or ended.exit_code in settle.BY_CTRL_C:
            # also where the script heard it and ended well: whoever sent it does not want to wait for what comes now
            what = "interrupted, though the script ended well" if ended.exit_code == 0 else "the script was interrupted"
            again = f"what it had recorded is kept; judge it with: qdiag diagnose {shlex.quote(str(run.path))}"
            raise Interrupted(what, again, heard[0] if heard else signal.SIGINT)
        return examination.finish()


class _Later:
    """A `Run` that is made, and loaded, when somebody needs it: the thread that waits for the script, or the one that judges."""

    def __init__(self, run: RunFolder, options: Options, voice: Voice) -> None:
        self._run, self._options, self._voice = run, options, voice
        self._lock = threading.Lock()
        self._made: Optional[Run] = None

    def __enter__(self) -> _Later:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._made is not None:
            self._made.__exit__(*exception)

    @property
    def examination(self) -> Run:
        """The run that is judged."""
        with self._lock:
            if self._made is None:
                from qdiag.pipeline.run import Run

                self._made = Run(self._run, self._options, self._voice)
            return self._made

    def miss_the_end(self, error: TraceError) -> None:
        """As `Run.miss_the_end`."""
        self.examination.miss_the_end(error)

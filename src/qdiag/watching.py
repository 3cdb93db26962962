"""A long training watched while it runs: every so many steps its QNode calls are recorded, and judged in a process beside it.

Nothing of the training changes but that some of its calls are written to a file; its own process evaluates nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Optional, Union

from qdiag.api import Methods, Recording, methods_of
from qdiag.errors import UsageError
from qdiag.judging.replay.plan import Plan
from qdiag.model.call import Script
from qdiag.model.comparison import Verdict
from qdiag.model.coverage import Gap
from qdiag.pipeline.follow import Scalars, follow, is_held, read_scalars
from qdiag.pipeline.reports import report
from qdiag.pipeline.run_options import Options, Silence
from qdiag.recording import startup
from qdiag.recording.session import Session
from qdiag.trace import run_folder
from qdiag.trace.run_folder import RunFolder

__all__ = ["Watch", "watch"]

_JUDGE = "import sys; from qdiag.watching import judge_beside; judge_beside(*sys.argv[1:])"

_WHAT_IS_LEFT_OUT = "{} QNode calls were made at other steps than every {}, or of QNodes that are not watched: they are not recorded."

NICENESS = 10
"""How far the judge stands behind the training where both want the same core."""


class Watch:
    """A watch over a training. Use `watch`; a context manager that ends it, and waits for what is still being judged.

    Parameters
    ----------
    run
        Where the recording and its reports go.
    every
        Every how many optimiser steps calls are recorded.
    only
        The QNodes that are watched; none for all.
    methods
        What they are compared under.
    """

    def __init__(self, run: RunFolder, every: int, only: tuple[Any, ...], methods: str) -> None:
        self.recording = Recording(run, trusted=True)
        self._every = every
        # kept, not only known by their ids, which others could come to have
        self._only = {id(qnode): qnode for qnode in only}
        self._session = Session(run.trace, Script("watch", called=True), takes=self._takes)
        self._session.__enter__()
        self._open = True
        self._passed_over = 0
        command = [sys.executable, "-c", _JUDGE, str(run.path.absolute()), methods]
        log = (run.path / "watch.log").open("wb")
        with log:
            self._judge = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)

    def _takes(self, qnode: Any, step: int) -> bool:
        taken = step % self._every == 0 and (not self._only or id(qnode) in self._only)
        self._passed_over += not taken
        return taken

    def scalars(self) -> Scalars:
        """What is known so far, as numbers for TensorBoard, Weights & Biases, MLflow or a print (`qdiag.pipeline.follow.scalars_of`).

        Costs as much as reading a file of a few hundred bytes; empty until the first calls were judged.

        Examples
        --------
        >>> for name, number in watch.scalars().items():  # doctest: +SKIP
        ...     writer.add_scalar(name, number, step)
        """
        return read_scalars(self.recording.run.scalars)

    def close(self, timeout: Optional[float] = None) -> Recording:
        """End the recording, and wait until what was recorded is judged.

        Parameters
        ----------
        timeout
            Seconds to wait at most; judging ends with them, and ``qdiag diagnose`` goes on where it was.

        Returns
        -------
        Recording
            With its ``report``, which is None where the time did not suffice, or no call was recorded.
        """
        if self._open:
            self._open = False
            recorded = self._session.calls
            if self._passed_over:
                self._session.unseen(Gap.NOT_WATCHED, _WHAT_IS_LEFT_OUT.format(f"{self._passed_over:,}", self._every))
            self._session.__exit__(None, None, None)
            with suppress(subprocess.TimeoutExpired):
                self._judge.wait(timeout if recorded else 0.0)
            self._end()
        return self.recording

    def _end(self) -> None:
        if self._judge.poll() is None:
            self._judge.terminate()
        self._judge.wait()
        if self._judge.stdin is not None:
            self._judge.stdin.close()

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        # a training that failed, or that Ctrl-C ended, is not to be held up
        self.close(None if error is None else 0.0)

    def __repr__(self) -> str:
        return f"<qdiag.Watch {self.recording.path}: every {self._every} steps>"


def watch(
    *targets: Any, every: int = 100, methods: Methods = "auto", out: Union[str, Path, None] = None, force: bool = False
) -> Watch:
    """Watch a training: record its QNode calls at every so many optimiser steps, and judge them in a process beside it.

    Parameters
    ----------
    *targets
        QNodes, or modules that hold some; none to watch whatever QNode is called.
    every
        Every how many optimiser steps. Where no optimiser of torch or PennyLane steps, all calls are recorded.
    methods
        As in `qdiag.check`.
    out, force
        As in `qdiag.record`.

    Returns
    -------
    Watch
        ``scalars()`` tells what is known so far; ``close()``, or the end of a ``with`` block, waits for the verdict.

    Raises
    ------
    UsageError
        If ``every`` is no positive number, or a target holds no QNode that can be seen.

    Examples
    --------
    >>> with qdiag.watch(model, every=100) as watch:  # doctest: +SKIP
    ...     for step, (x, y) in enumerate(data):
    ...         train(x, y)
    ...         logger.log_metrics(watch.scalars(), step)
    >>> watch.recording  # doctest: +SKIP
    """
    if every < 1:
        raise UsageError(f"every {every} steps cannot be watched", "give a number that is 1 or larger")
    run = run_folder.create("watch", None if out is None else Path(out), force=force)
    return Watch(run, every, _all_qnodes(targets), ",".join(map(str, methods_of(methods))))


def _all_qnodes(targets: tuple[Any, ...]) -> tuple[Any, ...]:
    if not targets:
        return ()
    from qdiag.bridges.live.qnodes_of import qnodes_of

    found: list[Any] = []
    for target in targets:
        held = qnodes_of(target)
        if not held:
            said = f"{type(target).__name__} holds no QNode that can be seen"
            raise UsageError(said, "name none, to watch every QNode that is called")
        found += held
    return tuple(found)


def judge_beside(folder: str, methods: str) -> None:
    """What the process beside a training does: judge until the recording ends or nobody holds our input, then write the reports."""
    startup.leave()
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    plan = Plan(methods=methods_of(methods or "auto"), trusted=True)
    options = Options(plan, jobs=1, trusted=True, own_process=True, proven=(Verdict.ERROR,))
    report(follow(RunFolder(Path(folder)), options, Silence(), there=partial(is_held, sys.stdin.buffer)))

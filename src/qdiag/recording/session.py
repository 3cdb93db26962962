"""Recording inside a running program: hooks go in at the beginning, and nothing of them is left at the end."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Callable, Optional

from qdiag.model.call import Script
from qdiag.model.coverage import Gap
from qdiag.recording import current, first_need, hook_points, imports, probe_schedule, settle
from qdiag.recording.hooks import quietly
from qdiag.trace import writer
from qdiag.trace.schema import HANDED


class Session:
    """Records the QNode calls of this process into a trace, from entry to exit.

    Sessions may lie inside each other, and inside a traced script: the innermost one records.

    Parameters
    ----------
    trace
        The trace to make.
    script
        What the trace is said to be of.
    probe
        Whether QNodes are also evaluated in forked copies of this process.
    met
        Is told of each QNode before it is called.
    takes
        Says of a QNode, at an optimiser step, whether its call is recorded; without it every call is.
    handed
        Whether what is called was handed in to be judged: then what is marked trainable is, also where nothing goes backward.
    meanwhile
        Called at the end while probes are waited for; whether there was anything to do.
    """

    def __init__(
        self,
        trace: Path,
        script: Script,
        *,
        probe: bool = False,
        met: Optional[Callable[[Any], None]] = None,
        takes: Optional[Callable[[Any, int], bool]] = None,
        handed: bool = False,
        meanwhile: Optional[Callable[[], bool]] = None,
    ) -> None:
        self.trace = Path(os.path.abspath(trace))
        self.script = script
        self._facts = {**({probe_schedule.WANTED: "yes"} if probe else {}), **({HANDED: "yes"} if handed else {})}
        self._wanted = current.Wanted(str(self.trace), os.getcwd(), met, takes)
        self._before: tuple[Any, current.Wanted] = (None, current.Wanted())
        self._outermost = False
        self._watch = _Watch(str(self.trace), "", True)
        self._home, self._meanwhile = os.getpid(), meanwhile

    def __enter__(self) -> Session:
        writer.create(self.trace, self.script, **self._facts)
        self._outermost = not hook_points.is_hooked()
        self._before = current.exchange(None, self._wanted)
        try:
            if self._outermost:
                self._watch.begin()
        except BaseException:
            self._put_back()
            raise
        return self

    def __exit__(self, kind: Optional[type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]) -> None:
        recorder = _hear_of_jax()
        try:
            if recorder is not None and error is not None:
                recorder.script_failed(error)
            if recorder is not None:
                recorder.close()
        finally:
            # a Ctrl-C while the trace is closed leaves no hook behind
            self._put_back()
        if os.getpid() == self._home:
            settle.settle(self.trace, replace(self.script, exit_code=_exit_code(error)), self._meanwhile)

    def _put_back(self) -> None:
        if self._outermost:
            hook_points.unhook()
            self._watch.end()
        current.exchange(*self._before)

    def unseen(self, gap: Gap, text: str) -> None:
        """Something that the verdict is not about, as `Recorder.unseen` takes it."""
        if current.recorder is not None:
            current.recorder.unseen(gap, text)

    @property
    def calls(self) -> int:
        """How many QNode calls were recorded so far."""
        return 0 if current.recorder is None else int(current.recorder.count)


COMPILED_BEFORE = (
    "No QNode was called or compiled while this was recorded, and JAX was at work: functions that were compiled before the recording "
    "began tell nothing of their runs. Make them inside of it, or call jax.clear_caches() first."
)


def _hear_of_jax() -> Any:
    """Who has recorded, once JAX has told all runs that are under way; where there are none at all, it says why that may be."""
    jax, bridge = sys.modules.get("jax"), sys.modules.get("jax._src.xla_bridge")
    # PennyLane loads JAX wherever it is installed: that something is computed by it shows in this alone
    if jax is not None and getattr(bridge, "backends_are_initialized", bool)():
        with suppress(Exception):
            jax.effects_barrier()
        if current.recorder is None and current.wanted.trace:
            quietly(lambda: first_need.ensure_recorder().unseen(Gap.UNRECORDED, COMPILED_BEFORE))
    return current.recorder


def _exit_code(error: Optional[BaseException]) -> int:
    """What Python would exit with."""
    if error is None:
        return 0
    return 130 if isinstance(error, KeyboardInterrupt) else 1


@contextmanager
def pause_recording() -> Iterator[None]:
    """What is called in here is ours: recorded by nobody, and its warnings are none of the user's."""
    before = current.exchange(None, current.Wanted())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        current.exchange(*before)


class _Watch(imports.Watch):
    """Puts the hooks of a framework in, now or as soon as it is imported."""

    def hook(self, module: ModuleType) -> None:
        """Put the hooks in; the recording is in force already."""
        hook_points.hook(module)

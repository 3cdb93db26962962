"""Starts the script in a process of its own, stays out of its way, and completes the trace when it has ended."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Callable, Optional

from qdiag.errors import TraceError, UsageError
from qdiag.model.call import Script
from qdiag.recording import probe_files, probe_schedule, settle, turns
from qdiag.trace import writer
from qdiag.trace.reader import Trace

_BOOTSTRAP = Path(__file__).with_name("importlib_bootstrap.py")
_FORWARDED = ("SIGTERM", "SIGHUP")

INTERVAL = 0.2
"""Seconds between looks at what can be done meanwhile, where there was nothing more to do."""


@dataclass(frozen=True)
class Probing:
    """How QNodes are also evaluated in forked copies of the script's process.

    Parameters
    ----------
    seconds
        Processor time that each probe may take.
    patience
        Seconds for which probes are waited for, at most, when the script has ended.
    """

    seconds: int = probe_schedule.SECONDS
    patience: float = math.inf


@dataclass(frozen=True)
class Onlooker:
    """Whoever has a script recorded: what is done meanwhile, and what is told.

    Parameters
    ----------
    meanwhile
        Called again and again while the script runs, and while probes are waited for; it says whether it has more to do at once.
    ended
        Told in a thread, at once when the script has ended, its exit code; what is left of the recording is taken in after it.
    unsettled
        Told why the trace could not be completed, where that is no reason to say nothing of how the script ended.
    heard
        Takes the numbers of the signals that came while the script ran: they are the script's, and nobody else knows of them.
    """

    meanwhile: Optional[Callable[[], bool]] = None
    ended: Callable[[int], None] = lambda exit_code: None
    unsettled: Optional[Callable[[TraceError], None]] = None
    heard: list[int] = field(default_factory=list)


def run(
    script: Script,
    trace_path: Path,
    onlooker: Optional[Onlooker] = None,
    *,
    probing: Optional[Probing] = None,
    output: Optional[BinaryIO] = None,
    folder: Optional[Path] = None,
    facts: Mapping[str, str] = types.MappingProxyType({}),
) -> Script:
    """Run a script and record it.

    Parameters
    ----------
    script
        Which one (also a folder or archive with a ``__main__``, or a module), with its arguments.
    trace_path
        The trace to make; it exists from before the script starts.
    onlooker
        Who is told, if anybody is.
    probing
        How QNodes are probed, if they are.
    output
        Where the script's output and errors go, by default where ours go.
    folder
        The working folder, by default ours.
    facts
        What else the trace is to say of itself.

    Returns
    -------
    Script
        With the exit code, negative for a signal, and the exception that ended the script.

    Raises
    ------
    UsageError
        If the script does not exist.
    OutputError
        If the trace cannot be written.
    TraceError
        If the trace could not be completed, and nobody is to be told.
    """
    place = os.path.join(folder or "", script.path)
    if not script.module and not os.path.exists(place):
        raise UsageError(f"there is no script {script.path}", "check the path; use -m for a module")
    trace_path, onlooker = Path(os.path.abspath(trace_path)), onlooker or Onlooker()
    if probing is not None:
        onlooker = _announcing(onlooker, trace_path)
    writer.create(trace_path, script, **facts, **({probe_schedule.WANTED: str(probing.seconds)} if probing else {}))
    kind = "module" if script.module else "folder" if _holds_main(place) else "script"
    script = replace(script, exit_code=_run(_command(kind, script, trace_path), onlooker, output, folder))
    try:
        _settle(trace_path, script, onlooker, probing.patience if probing else math.inf)
        with Trace.open(trace_path) as trace:
            return trace.script
    except TraceError as error:
        if onlooker.unsettled is None:
            raise
        onlooker.unsettled(error)
        return script


def _announcing(onlooker: Onlooker, trace_path: Path) -> Onlooker:
    """One that lets probes know at once that the script has ended: what is done meanwhile may take longer than they wait for a word."""

    def ended(exit_code: int) -> None:
        turns.announce_end(trace_path)
        onlooker.ended(exit_code)

    return replace(onlooker, ended=ended)


def _run(command: list[str], onlooker: Onlooker, output: Optional[BinaryIO], folder: Optional[Path]) -> int:
    """Run a command to its end; its exit code."""
    _flush()
    with _signals(onlooker.heard) as forward_to:
        errors = None if output is None else subprocess.STDOUT
        process = subprocess.Popen(command, stdout=output, stderr=errors, cwd=folder)
        forward_to(process)
        _running.add(process)
        exit_code = _wait(process, onlooker)
    _running.discard(process)
    return exit_code


def _settle(trace_path: Path, script: Script, onlooker: Onlooker, patience: float) -> None:
    """Complete the trace; whoever has interrupted the script, or interrupts now, does not want to wait for what comes to it."""
    heard, meanwhile = onlooker.heard, onlooker.meanwhile
    if heard or script.exit_code in settle.BY_CTRL_C:
        meanwhile, patience = None, min(patience, probe_files.HASTE)
    try:
        settle.settle(trace_path, script, meanwhile, patience)
    except KeyboardInterrupt as stop:
        heard.append(getattr(stop, "number", signal.SIGINT))
        settle.settle(trace_path, script, patience=0.0)


def _command(kind: str, script: Script, trace_path: Path) -> list[str]:
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    return [sys.executable, *flags, str(_BOOTSTRAP), kind, str(trace_path), script.path, *script.argv]


def _holds_main(script: str) -> bool:
    import zipfile

    return os.path.isdir(script) or (not script.endswith(".py") and zipfile.is_zipfile(script))


def _wait(process: subprocess.Popen[bytes], onlooker: Onlooker) -> int:
    """Wait for the script, in a thread beside what is done meanwhile, which may take its time over what it has begun."""
    over = threading.Event()

    def watch() -> None:
        try:
            exit_code = process.wait()
        finally:
            # nothing more is begun meanwhile, however long it takes to tell
            over.set()
        onlooker.ended(exit_code)

    watcher = threading.Thread(target=watch, name="qdiag-script", daemon=True)
    watcher.start()
    more = False
    while not over.wait(0 if more else INTERVAL):
        more = onlooker.meanwhile is not None and not onlooker.heard and onlooker.meanwhile()
    watcher.join()
    return process.wait()


_running: set[subprocess.Popen[bytes]] = set()


def end_scripts() -> None:
    """Ask all scripts to end that run in other threads, where no signal is heard."""
    for process in tuple(_running):
        process.terminate()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


@contextmanager
def _signals(heard: list[int]) -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """Leave Ctrl-C to the script, which gets it from the terminal as we do, and pass on requests to end; remember all of them.

    A handler, not ``SIG_IGN``: what is ignored stays ignored in the child.
    """
    children: list[subprocess.Popen[bytes]] = []

    def remember(number: int, frame: Any) -> None:
        heard.append(number)

    def forward(number: int, frame: Any) -> None:
        heard.append(number)
        for child in children:
            child.send_signal(number)

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for name, handler in (("SIGINT", remember), *((name, forward) for name in _FORWARDED)):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, handler)
    try:
        yield children.append
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

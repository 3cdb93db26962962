"""Another stack that is asked what this one is asked: one process of its interpreter, started anew where it is lost."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import IO, Optional

import packaging

from qdiag.errors import TraceError, UsageError
from qdiag.evaluation import frames, other_process
from qdiag.evaluation.limits import SECONDS, late_evaluation
from qdiag.evaluation.workers import WALL
from qdiag.model.call import LOST, Environment, Failure
from qdiag.model.evaluation import Evaluation, Request
from qdiag.trace.call_parser import value_from
from qdiag.trace.evaluation_text import DAMAGE, read_evaluation
from qdiag.trace.request_text import write_request

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
"""Our own package's folder."""

STARTING = 300.0
"""Seconds by the clock that a process may take to load PennyLane and torch."""

MOST_TOLD = 2000
"""Characters of what a process wrote that are looked at."""


class OtherStack:
    """A process of another environment that evaluates. Use it as a context manager.

    Parameters
    ----------
    python
        Its interpreter.
    variables
        The environment variables that it gets.
    limit
        Processor time for each evaluation, in seconds.
    command
        The words that start it, instead of our own program.
    """

    def __init__(
        self, python: str, variables: Mapping[str, str], limit: float = SECONDS, command: Optional[Sequence[str]] = None
    ) -> None:
        lent = [_OURS, os.path.dirname(os.path.abspath(str(packaging.__file__)))]
        self._command = list(command or (python, "-I", other_process.__file__, str(limit), *lent))
        self._variables, self._limit = dict(variables), limit
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end
        self._process: Optional[subprocess.Popen[bytes]] = None
        self.environment = Environment()

    def __enter__(self) -> OtherStack:
        self._start()
        return self

    def __exit__(self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self._end()
        self._said.close()

    def evaluate(self, request: Request) -> Evaluation:
        """Evaluate a request there; a process that is lost is an evaluation that failed, and started anew for the next one."""
        written = write_request(request)
        if self._process is None:
            self._start()
        late = threading.Event()
        try:
            answer = self._exchange((written.head.encode(), written.structure.encode(), written.arrays), WALL * self._limit, late)
            found = read_evaluation(answer[0].decode(), answer[1])
        except (EOFError, OSError, IndexError, *DAMAGE):
            code = self._end()
            if late.is_set():
                return late_evaluation(request, self._limit, f"the evaluation took longer than {WALL * self._limit:g} s by the clock")
            lost = Failure(LOST, f"the process that evaluated it was lost (exit code {code})", stage="worker")
            return Evaluation(request.method, failure=lost)
        return replace(found, method=request.method)

    def _start(self) -> None:
        self._said.truncate(0)
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env=self._variables,
            cwd=tempfile.gettempdir(),
        )
        try:
            (told,) = self._exchange(None, STARTING, threading.Event())
            self.environment = value_from(Environment, told.decode())
        except (EOFError, OSError, ValueError, TraceError):
            self._end()
            raise UsageError(f"{self._command[0]} does not start: {self._last_words()}", "see that it can import pennylane") from None

    def _exchange(self, message: Optional[tuple[bytes, ...]], seconds: float, late: threading.Event) -> tuple[bytes, ...]:
        """Send a message, if there is one, and wait for the answer, for so long."""
        process = self._process
        assert process is not None, "it was started before anything is sent"
        assert process.stdin is not None, "it has a pipe"
        assert process.stdout is not None, "it has a pipe"

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            if message is not None:
                frames.send(process.stdin, *message)
            return frames.receive(process.stdout)
        finally:
            timer.cancel()

    def _end(self) -> Optional[int]:
        process, self._process = self._process, None
        if process is None:
            return None
        process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue
        return process.wait()

    def _last_words(self) -> str:
        self._said.seek(0)
        lines = self._said.read()[-MOST_TOLD:].decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it says nothing")

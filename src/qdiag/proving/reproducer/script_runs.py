"""Scripts run in processes of their own: in an interpreter each, or in forks of one that has loaded the frameworks before.

To import PennyLane and torch takes seconds and is the same for all scripts; to run one takes a tenth of a second. So an interpreter
that has imported what a script imports, and nothing of ours, is kept (see `script_server`): every script has a fork of it to itself.
"""

from __future__ import annotations

import ast
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, Optional, Protocol

from qdiag.evaluation.framework_fork import FRAMEWORKS, FrameworkFork
from qdiag.evaluation.workers import take_fork
from qdiag.proving.reproducer import script_server

Ended = tuple[Optional[int], str]
"""The exit code of a script, None where it took too long, and what it wrote."""


class Started(Protocol):
    """A script that was started."""

    def ended(self) -> Ended:
        """How it ended, once it has."""

    def end(self) -> None:
        """End it, where nobody wants to know any more."""


Start = Callable[[Path, float], Started]
"""Starts the script at a path, in its folder, for so many seconds at most."""

LOADING = 60.0
"""Seconds that the workers' server may take to load the frameworks before an interpreter of our own is started for them."""


def frameworks_of(source: str) -> tuple[str, ...]:
    """The frameworks that a script imports at its top."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):
        return ()
    names = {name.name for line in body if isinstance(line, ast.Import) for name in line.names}
    names |= {line.module or "" for line in body if isinstance(line, ast.ImportFrom) and not line.level}
    roots = {name.partition(".")[0] for name in names}
    return tuple(name for name in FRAMEWORKS if name in roots)


class NewInterpreter:
    """A script in an interpreter of its own, as ``python script.py``."""

    def __init__(self, path: Path, seconds: float, python: str = sys.executable) -> None:
        streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        self._seconds, self._began = seconds, time.monotonic()
        self._process = subprocess.Popen([python, path.name], cwd=path.parent, encoding="utf-8", errors="replace", **streams)

    def ended(self) -> Ended:
        """As `Started` says."""
        left = self._seconds - (time.monotonic() - self._began)
        try:
            output, _ = self._process.communicate(timeout=max(0.0, left))
        except subprocess.TimeoutExpired:
            return _stopped_after(self._seconds)
        return self._process.returncode, output

    def end(self) -> None:
        """As `Started` says."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def _stopped_after(seconds: float) -> Ended:
    return None, f"stopped after {seconds:g} s"


class ScriptRunner:
    """Starts scripts, those that import frameworks in forks of an interpreter that has them. Use it as a context manager.

    Parameters
    ----------
    python
        The interpreter.
    forking
        Whether it may be forked: elsewhere than on Linux, frameworks start threads that a fork does not survive.
    """

    def __init__(self, python: str = sys.executable, forking: bool = sys.platform == "linux") -> None:
        self._python, self._forking = python, forking
        self._servers: dict[tuple[str, ...], _Server] = {}

    def __enter__(self) -> ScriptRunner:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        for server in self._servers.values():
            server.end()

    def get_ready(self, frameworks: Sequence[str] = FRAMEWORKS) -> None:
        """Begin to load frameworks, where scripts that import them are to be expected; returns at once."""
        if self._forking and frameworks:
            self._server(tuple(frameworks))

    def __call__(self, path: Path, seconds: float) -> Started:
        """As `Start` says."""
        frameworks = frameworks_of(path.read_text(encoding="utf-8")) if self._forking else ()
        if not frameworks:
            return NewInterpreter(path, seconds, self._python)
        return _Forked(self._server(frameworks), path, seconds, self._python)

    def _server(self, frameworks: tuple[str, ...]) -> _Server:
        known = self._servers.get(frameworks)
        if known is None or known.lost:
            fork = take_fork() if frameworks == FRAMEWORKS and self._python == sys.executable else None
            channel = _OfInterpreter(self._python, frameworks) if fork is None else _OfFork(fork, frameworks)
            known = self._servers[frameworks] = _Server(channel)
        return known


class _Forked:
    """A script that a server runs; in an interpreter of its own, where the server was lost."""

    def __init__(self, server: _Server, path: Path, seconds: float, python: str) -> None:
        self._server, self._path, self._seconds, self._python = server, path, seconds, python
        self._number, self._answer = server.start(path.resolve(), seconds)

    def ended(self) -> Ended:
        wait([self._answer], self._seconds)
        if not self._answer.done():
            return _stopped_after(self._seconds)
        ended = self._answer.result()
        if ended is None:
            instead = NewInterpreter(self._path, self._seconds, self._python)
            try:
                return instead.ended()
            finally:
                instead.end()
        return ended if ended[0] != -signal.SIGALRM else _stopped_after(self._seconds)

    def end(self) -> None:
        if not self._answer.done():
            self._server.ask({"number": self._number})


class _Server:
    """The other side of `script_server`: what is asked, and what is answered, by number."""

    def __init__(self, channel: _Channel) -> None:
        self._channel = channel
        self._answers: dict[int, Future[Optional[Ended]]] = {}
        self._lock = threading.Lock()
        self.lost = False
        threading.Thread(target=self._listen, name="qdiag-scripts", daemon=True).start()

    def start(self, script: Path, seconds: float) -> tuple[int, Future[Optional[Ended]]]:
        """Start a script: its number, and how it will have ended, None where the server is lost."""
        with self._lock:
            number, answer = len(self._answers), Future[Optional[Ended]]()
            self._answers[number] = answer
            if self.lost:
                answer.set_result(None)
        self.ask({"number": number, "script": str(script), "seconds": seconds})
        return number, answer

    def ask(self, what: dict[str, Any]) -> None:
        """Send a line; whether the server is lost is heard elsewhere."""
        with suppress(OSError, ValueError):
            self._channel.write(json.dumps(what) + "\n")

    def _listen(self) -> None:
        with suppress(OSError, ValueError):
            for line in self._channel.lines():
                answer = json.loads(line)
                self._answers[answer["number"]].set_result((int(answer["code"]), str(answer["output"])))
        with self._lock:
            self.lost = True
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_result(None)

    def end(self) -> None:
        """End it, and what it runs."""
        self._channel.end()


class _Channel(Protocol):
    """A server's two streams, and its process, which leads a group of its own: one signal ends it with all that it runs."""

    process: int

    def write(self, line: str) -> None:
        """Send a line."""

    def lines(self) -> Iterable[str]:
        """What it answers, until it is lost."""

    def end(self) -> None:
        """End it, and what it runs."""


class _OfInterpreter:
    """Of an interpreter that loads the frameworks for it."""

    def __init__(self, python: str, frameworks: Sequence[str]) -> None:
        command = [python, script_server.__file__, *frameworks]
        streams: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        # a group of its own: Ctrl-C is ours to answer
        self._interpreter = subprocess.Popen(command, start_new_session=True, encoding="utf-8", **streams)
        self.process = self._interpreter.pid

    def write(self, line: str) -> None:
        """As `_Channel` says."""
        assert self._interpreter.stdin is not None, "it was opened"
        self._interpreter.stdin.write(line)
        self._interpreter.stdin.flush()

    def lines(self) -> Iterable[str]:
        """As `_Channel` says."""
        assert self._interpreter.stdout is not None, "it was opened"
        return self._interpreter.stdout

    def end(self) -> None:
        """As `_Channel` says."""
        _end_group(self.process)
        self._interpreter.wait()


class _OfFork:
    """Of a fork of the workers' server, which has loaded them before; what is asked waits until it has."""

    def __init__(self, fork: FrameworkFork, frameworks: Sequence[str]) -> None:
        self._fork, self._program = fork, (script_server.__file__, *frameworks)
        self._streams: Optional[socket.socket] = None
        self.process = 0
        self._waiting: list[str] = []
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        """As `_Channel` says."""
        with self._lock:
            if self._streams is None:
                self._waiting.append(line)
            else:
                self._streams.sendall(line.encode())

    def lines(self) -> Iterable[str]:
        """As `_Channel` says."""
        streams, self.process = self._fork.take(self._program, LOADING)
        with self._lock:
            streams.sendall("".join(self._waiting).encode())
            self._streams = streams
        with streams.makefile(encoding="utf-8") as answers:
            yield from answers

    def end(self) -> None:
        """As `_Channel` says."""
        self._fork.close()
        if self.process:
            _end_group(self.process)


def _end_group(leader: int) -> None:
    with suppress(OSError):
        os.killpg(leader, signal.SIGKILL)

"""A process that has loaded PennyLane and torch and nothing of ours: for programs that are to find what a new interpreter would have.

To load both takes seconds of processor time. The server that workers are forked from loads them anyway; before it loads anything that
is ours beyond the standard library it forks once, and the fork waits at a socket until there is a program for it. It is given once, and
ends when nobody is there any more to give it something.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import shutil
import socket
import struct
import sys
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

FRAMEWORKS = ("pennylane", "torch")
"""What takes long to import, in the order of a script's import lines."""

ADDRESS = "QDIAG_FRAMEWORK_FORK"
"""The variable by which the server is told where its fork is waited for."""

_LONGEST = 1 << 16
_CREDENTIALS = struct.Struct("3i")


# --- in the process that has a program -------------------------------------------------------------------------------------


class FrameworkFork:
    """The fork of a server that is about to be started with `address` in its environment. Only on Linux.

    Attributes
    ----------
    address
        Where it is waited for: in a folder that nobody else may enter.

    Raises
    ------
    OSError
        If it cannot be waited for here, as where the folder for temporary files has a very long name.
    """

    def __init__(self) -> None:
        folder = tempfile.mkdtemp(prefix="qdiag-")
        # not by TemporaryDirectory: before Python 3.10 it raises where the folder cannot be removed
        self._remove = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.address = str(Path(folder) / "fork")
        self._listener = socket.socket(socket.AF_UNIX)
        try:
            self._listener.bind(self.address)
            self._listener.listen(1)
        except OSError:
            self.close()
            raise

    def take(self, program: Sequence[str], seconds: float) -> tuple[socket.socket, int]:
        """Run a program in it.

        Parameters
        ----------
        program
            The path of a Python file, and its arguments.
        seconds
            How long the frameworks may take to load.

        Returns
        -------
        tuple of socket.socket, int
            What the program reads and writes as its standard streams, and the number of its process, which leads a group of its own.

        Raises
        ------
        OSError
            If none comes.
        """
        self._listener.settimeout(seconds)
        try:
            streams, _ = self._listener.accept()
        finally:
            self.close()
        streams.settimeout(None)
        streams.sendall(json.dumps([*program]).encode() + b"\n")
        process, _, _ = _CREDENTIALS.unpack(streams.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
        return streams, process

    def close(self) -> None:
        """Wait no longer: it ends."""
        self._listener.close()
        self._remove()


# --- in the server, and in its fork ----------------------------------------------------------------------------------------


def load() -> None:
    """Import the frameworks; whoever needs one that cannot be imported says so."""
    for name in FRAMEWORKS:
        with suppress(Exception):  # whatever a broken installation raises
            importlib.import_module(name)


def offer(environment: Mapping[str, str]) -> None:
    """Fork, where it is waited for; the fork never returns. What it runs finds an environment that is given here."""
    if ADDRESS not in environment:
        return
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        # nobody's child: a server of multiprocessing knows its workers and no others
        if not os.fork():
            os.setsid()
            _run_what_is_asked(dict(environment))
    finally:
        os._exit(0)


def _run_what_is_asked(environment: dict[str, str]) -> None:
    with socket.socket(socket.AF_UNIX) as streams:
        streams.connect(environment.pop(ADDRESS))
        program = json.loads(_line(streams) or "[]")
        if not program:
            return
        for standard in (0, 1):
            os.dup2(streams.fileno(), standard)
    # what a server holds is closed with the program that asks it, and not with this one
    os.closerange(3, 1 + max((int(name) for name in os.listdir("/proc/self/fd")), default=2))
    os.environ.clear()
    os.environ.update(environment)
    for name in [name for name in sys.modules if name.partition(".")[0] == __name__.partition(".")[0]]:
        del sys.modules[name]
    sys.argv[:] = program
    sys.path.insert(0, os.path.dirname(program[0]))
    runpy.run_path(program[0], run_name="__main__")


def _line(streams: socket.socket) -> str:
    """What comes up to the end of a line; nothing where whoever asks has gone."""
    found = b""
    with suppress(OSError):
        while not found.endswith(b"\n") and len(found) < _LONGEST:
            # one by one: what follows is the program's own
            byte = streams.recv(1)
            if not byte:
                return ""
            found += byte
    return found.decode() if found.endswith(b"\n") else ""

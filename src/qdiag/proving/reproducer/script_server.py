"""An interpreter that imports frameworks once and then runs scripts, each in a fork: a program by itself, standard library only.

Started as ``python script_server.py MODULE ...``. What is written to it, a JSON object a line, names a script to start or one to end;
what it answers, a line for each script, is how that ended. A fork has imported what the script would import first, and done nothing
else: the script finds itself where ``python script.py`` would be seconds later. When nobody can ask any more, it ends with all of them.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import runpy
import select
import signal
import sys
from contextlib import suppress
from typing import Any, Optional

MOST_KEPT = 40_000
"""Bytes of a script's output that are answered: its last."""

GLANCE = 0.2
"""Seconds after which scripts are looked for that have ended and left their output to a process of theirs."""

CHUNK = 65536


class Running:
    """A script under way: its process, the end of the pipe that it writes to, and what came out of it."""

    def __init__(self, number: int, process: int, output: int) -> None:
        self.number, self.process, self.output = number, process, output
        self.written = b""

    def read(self) -> bool:
        """Take in what it wrote; False where nobody writes any more."""
        chunk = os.read(self.output, CHUNK)
        self.written = (self.written + chunk)[-MOST_KEPT:]
        return bool(chunk)

    def answer(self, status: int) -> dict[str, Any]:
        """How it ended, with what can be read of its output by now."""
        while select.select([self.output], [], [], 0)[0] and self.read():
            pass
        os.close(self.output)
        text = self.written.decode("utf-8", "replace")
        return {"number": self.number, "code": os.waitstatus_to_exitcode(status), "output": text}


class Server:
    """Forks for each request and answers at each end, over two pipes that the scripts do not see."""

    def __init__(self, requests: int, answers: int) -> None:
        self.requests, self.answers = requests, answers
        self.asked = b""
        self.running: list[Running] = []

    def next_script(self) -> Optional[str]:
        """In a fork the script to run; in the server itself None, once nobody asks any more."""
        while True:
            outputs = [one.output for one in self.running]
            ready, _, _ = select.select([self.requests, *outputs], [], [], GLANCE)
            for one in [one for one in self.running if one.output in ready]:
                if not one.read():
                    self.end(one, os.waitpid(one.process, 0)[1])
            for one in list(self.running):
                process, status = os.waitpid(one.process, os.WNOHANG)
                if process:
                    self.end(one, status)
            if self.requests in ready:
                chunk = os.read(self.requests, CHUNK)
                if not chunk:
                    return None
                *lines, self.asked = (self.asked + chunk).split(b"\n")
                for line in lines:
                    script = self.do(**json.loads(line))
                    if script is not None:
                        return script

    def do(self, number: int, script: str = "", seconds: float = 0.0) -> Optional[str]:
        """What one line asks for: to start a script, or, without one, to end it. The script in the fork, None in the server."""
        if not script:
            self.stop([one for one in self.running if one.number == number])
            return None
        read, write = os.pipe()
        process = os.fork()
        if process:
            os.close(write)
            self.running.append(Running(number, process, read))
            return None
        for own in (self.requests, self.answers, read, *(one.output for one in self.running)):
            os.close(own)
        for stream in (1, 2):
            os.dup2(write, stream)
        os.close(write)
        # by default it ends the process, whatever that is doing
        signal.setitimer(signal.ITIMER_REAL, seconds)
        return script

    def end(self, one: Running, status: int) -> None:
        """Answer for a script that has ended."""
        self.running.remove(one)
        os.write(self.answers, json.dumps(one.answer(status)).encode() + b"\n")

    @staticmethod
    def stop(running: list[Running]) -> None:
        """End what is under way."""
        for one in running:
            with suppress(OSError):
                os.kill(one.process, signal.SIGKILL)


def load(modules: list[str]) -> None:
    """Import frameworks; a script says for itself what it misses."""
    for name in modules:
        with suppress(Exception):  # whatever a broken installation raises
            importlib.import_module(name)


def as_if_just_started(script: str) -> None:
    """What a new interpreter would have of its own for a script: folder, path, random numbers."""
    folder, name = os.path.split(script)
    os.chdir(folder)
    sys.path.insert(0, folder)
    sys.argv[:] = [name]
    # forks would all draw the same numbers; Python's own generator sees to that itself
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "torch" in sys.modules:
        sys.modules["torch"].seed()


def run(script: str) -> int:
    """Run a script to its end; its exit code."""
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as stop:
        return code_of(stop)
    except BaseException as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename != script:
            # ours
            trace = trace.tb_next
        try:
            sys.excepthook(type(error), error.with_traceback(trace), trace)
        except SystemExit as stop:
            return code_of(stop)
        return 1
    return 0


def code_of(stop: SystemExit) -> int:
    """The exit code by which an interpreter ends; what is no number is a message."""
    if stop.code is None or isinstance(stop.code, int):
        return int(stop.code or 0)
    print(stop.code, file=sys.stderr)
    return 1


if __name__ == "__main__":
    # this folder is no place to import from
    del sys.path[0]
    streams = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    load(sys.argv[1:])
    server = Server(*streams)
    found = server.next_script()
    if found is None:
        server.stop(server.running)
    else:
        as_if_just_started(found)
        code = run(found)
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # a script may have closed it
                stream.flush()
        # to take all modules down takes ten times as long as a script
        os._exit(code & 0xFF)

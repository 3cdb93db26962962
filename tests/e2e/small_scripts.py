"""Each small script, plain and recorded, byte for byte: ``python -m tests.e2e.small_scripts [NAME ...]``.

PennyLane and torch are loaded once; each run is a fork of that process, the plain one and the recorded one alike, so that a script
takes the time that it takes itself. Compared is what it prints, how it ends, which files it leaves, and where its random streams stand.
"""

from __future__ import annotations

import atexit
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

SCRIPTS = Path(__file__).with_name("scripts") / "small"
SECONDS = 60


class Seen(NamedTuple):
    """Everything that a run leaves behind."""

    stdout: bytes
    stderr: bytes
    status: int
    files: dict[str, bytes]
    streams: bytes


class Outcome(NamedTuple):
    """What came of one script."""

    name: str
    different: tuple[str, ...]
    calls: int
    seconds: float

    def __str__(self) -> str:
        verdict = f"DIFFERENT: {', '.join(self.different)}" if self.different else "the same"
        return f"{self.name:34} {verdict}  ({self.calls} calls recorded, {self.seconds:.1f} s)"


def names() -> list[str]:
    """The scripts."""
    return sorted(path.stem for path in SCRIPTS.glob("[!_]*.py"))


def compare(name: str, folder: Path) -> Outcome:
    """Run one script twice in the same folder, made anew."""
    begun = time.monotonic()
    plain = _run(name, folder, "")
    trace = folder.with_name("trace.qdiag")
    calls = 0
    from qdiag.errors import QdiagError
    from qdiag.model.call import Script
    from qdiag.recording import probe_schedule, settle
    from qdiag.trace import writer
    from qdiag.trace.reader import Trace

    shutil.rmtree(trace.parent / "out", ignore_errors=True)
    (trace.parent / "out").mkdir()
    trace = trace.parent / "out" / trace.name
    writer.create(trace, Script(f"{name}.py"), **{probe_schedule.WANTED: "5"})
    recorded = _run(name, folder, str(trace))
    with suppress(QdiagError):
        settle.settle(trace, Script(f"{name}.py", exit_code=0), patience=0.0)
        with Trace.open(trace) as opened:
            calls = len(opened)
    different = tuple(what for what, one, other in zip(Seen._fields, plain, recorded) if one != other)
    for what in different:
        print(f"--- {what} of {name}, plain and recorded:\n{getattr(plain, what)!r}\n{getattr(recorded, what)!r}", file=sys.stderr)
    return Outcome(name, different, calls, time.monotonic() - begun)


def _run(name: str, folder: Path, trace: str) -> Seen:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file in (f"{name}.py", "_q.py"):
        shutil.copy2(SCRIPTS / file, folder)  # with its time, which Python writes into what it compiles
    seen = folder.parent / "seen"
    shutil.rmtree(seen, ignore_errors=True)
    seen.mkdir()
    (seen / "stdin").write_bytes(b"from stdin")
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        _become(name, folder, seen, trace)
    status = _wait(child)
    streams = (seen / "streams").read_bytes() if (seen / "streams").exists() else b""
    files = {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    stdout, stderr = (re.sub(rb"0x[0-9a-f]{6,}", b"0x...", (seen / name).read_bytes()) for name in ("stdout", "stderr"))
    return Seen(stdout, stderr, status, files, streams)


def _wait(child: int) -> int:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        time.sleep(0.005)
    else:
        status = -1
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if status == -1:
        os.waitpid(child, 0)
    return status


def _become(name: str, folder: Path, seen: Path, trace: str) -> NoReturn:
    """In the child: the script, as the launcher would have it run, and an end as Python's."""
    code = 1
    try:
        os.setsid()
        os.chdir(folder)
        _redirect(seen)
        code = _run_to_the_end(name, trace)
        (seen / "streams").write_text(repr(tuple(_streams())))
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _redirect(seen: Path) -> None:
    for number, (stream, flags) in enumerate((("stdin", os.O_RDONLY), ("stdout", _NEW), ("stderr", _NEW))):
        opened = os.open(seen / stream, flags, 0o600)
        os.dup2(opened, number)
    os.closerange(3, 64)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115


_NEW = os.O_CREAT | os.O_WRONLY | os.O_APPEND


def _run_to_the_end(name: str, trace: str) -> int:
    from qdiag.recording import child, imports

    if not trace:
        imports.watch = lambda *given: None
    sys.argv[:] = ["bootstrap", "script", trace, f"{name}.py"]
    atexit._clear()
    random.seed(1)
    code = 1
    try:
        child.become()
        code = 0
    except SystemExit as error:
        code = _code(error)
    except BaseException:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    with suppress(Exception):
        sys.stdout.flush()
    return code


def _code(error: SystemExit) -> int:
    if error.code is None or isinstance(error.code, int):
        return int(error.code or 0) & 0xFF
    print(error.code, file=sys.stderr)
    return 1


def _streams() -> Iterator[Any]:
    import numpy
    import torch

    return iter((random.random(), numpy.random.rand(), torch.rand(1).item(), torch.is_grad_enabled(), torch.get_default_dtype()))


def load() -> None:
    """What every script here imports, once."""
    import pennylane
    import torch

    torch.set_num_threads(1)
    weight = torch.rand(1, requires_grad=True)
    weight.sum().backward()
    torch.optim.SGD([weight], lr=0.1).step()
    pennylane.device("default.qubit", wires=1)


def main(wanted: list[str]) -> int:
    """Print the list with results; 1 where any run was changed."""
    load()
    with tempfile.TemporaryDirectory() as place:
        outcomes = []
        for name in wanted or names():
            outcomes.append(compare(name, Path(place).resolve() / "work"))
            print(outcomes[-1], flush=True)
    changed = [outcome.name for outcome in outcomes if outcome.different]
    print(f"{len(outcomes)} scripts, {len(changed)} changed{': ' + ', '.join(changed) if changed else ''}")
    return 1 if changed else 0


if __name__ == "__main__":
    # as a module of its own: the child empties ``__main__``
    from tests.e2e import small_scripts

    sys.exit(small_scripts.main(sys.argv[1:]))

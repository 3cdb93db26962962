"""The folder that one run writes: where it is, what its files are called, and which run was the last.

Nothing is ever overwritten unasked: a run takes the next free number, or the folder that the user named.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from qdiag.errors import OutputError, TraceError

RUNS = "qdiag-runs"
TRACE = "trace.qdiag"


@dataclass(frozen=True)
class RunFolder:
    """A run's folder and the names of the files in it."""

    path: Path
    name: str = TRACE

    @property
    def trace(self) -> Path:
        """The recorded calls."""
        return self.path / self.name

    @property
    def findings(self) -> Path:
        """The machine-readable result."""
        return self.path / "findings.json"

    @property
    def markdown(self) -> Path:
        """The report as Markdown."""
        return self.path / "report.md"

    @property
    def html(self) -> Path:
        """The report as one HTML file."""
        return self.path / "report.html"

    @property
    def outline(self) -> Path:
        """What reports are rendered from, so that another format needs no judging."""
        return self.path / "report.qdiag"

    @property
    def certificate(self) -> Path:
        """What a device was found to be trusted with, for machines."""
        return self.path / "certificate.json"

    @property
    def hunt(self) -> Path:
        """What a hunt found, for machines."""
        return self.path / "hunt.json"

    @property
    def evaluations(self) -> Path:
        """What replaying worked out so far, so that it can be resumed."""
        return self.path / "evaluations.qdiag"

    @property
    def scalars(self) -> Path:
        """What is known while a training is still watched, as plain numbers."""
        return self.path / "scalars.json"

    def reproducer(self, finding: int) -> Path:
        """The reproducer of the n-th finding, from 0; the first one has the short name."""
        return self.path / ("repro.py" if finding == 0 else f"repro-{finding + 1}.py")

    def bisection(self, finding: int) -> Path:
        """Which releases show the n-th finding, for machines."""
        return self.path / ("bisect.json" if finding == 0 else f"bisect-{finding + 1}.json")


    @property
    def stacks(self) -> Path:
        """What another stack gives of the run's circuits."""
        return self.path / "stacks.json"

    @property
    def changed(self) -> Path:
        """The script of the first circuit that another stack evaluates otherwise."""
        return self.path / "changed.py"

    @property
    def unfinished(self) -> Path:
        """Where scripts are written and tried until all is known."""
        return self.path / "unfinished"

    def begin_unfinished(self) -> Path:
        """An empty folder for them; what an interrupted run left there is gone."""
        shutil.rmtree(self.unfinished, ignore_errors=True)
        self.unfinished.mkdir()
        return self.unfinished

    def publish(self, *, whole: bool) -> None:
        """Put what is there into its place; where it is of the whole run, scripts of an earlier judgement make room."""
        made = sorted(path for path in self.unfinished.glob("*") if path.is_file())
        for path in made:
            path.replace(self.path / path.name)
        shutil.rmtree(self.unfinished, ignore_errors=True)
        if whole:
            for path in self.path.glob("repro*"):
                if re.fullmatch(r"repro(-\d+)?\.(py|minimal)", path.name) and path.name not in {one.name for one in made}:
                    path.unlink(missing_ok=True)


def create(script: str, out: Path | None, *, force: bool) -> RunFolder:
    """Make the folder of a new run.

    Parameters
    ----------
    script
        The script's path or the module's name, from which the folder takes its name.
    out
        The folder that the user named, or None for the next number below ``qdiag-runs/``.
    force
        Whether an existing folder may be emptied of an earlier run.

    Raises
    ------
    OutputError
        If the folder exists and ``force`` is not given, or cannot be written.
    """
    try:
        if out is None:
            return RunFolder(_next_number(Path(RUNS), _stem(script)))
        if out.exists() and not out.is_dir():
            raise OutputError(f"{out} is a file", "name a folder with --out")
        if out.is_dir() and any(out.iterdir()):
            if not force:
                raise OutputError(f"the folder {out} exists and is not empty", "choose another --out, or pass --force")
            if not any(path.exists() for path in (out / TRACE, RunFolder(out).certificate, RunFolder(out).hunt)):
                raise OutputError(f"{out} does not look like a run of qdiag", "empty it yourself, or choose another --out")
            shutil.rmtree(out)
        out.mkdir(parents=True, exist_ok=True)
        (out / TRACE).touch()
        (out / TRACE).unlink()
    except OSError as error:
        raise OutputError(f"cannot write to {out or RUNS}: {error.strerror}", "choose another folder with --out") from None
    return RunFolder(out)


def create_below(parent: Path, script: str) -> RunFolder:
    """Make the folder of a new run below another one: the next number that is free there."""
    return RunFolder(_next_number(parent, _stem(script)))


def find(run: Path | None) -> RunFolder:
    """The run that a command is about: a folder, a trace inside one, or the last run below ``qdiag-runs/``.

    Raises
    ------
    TraceError
        If there is none, or it cannot be looked at.
    """
    try:
        return _find(run)
    except OSError as error:
        shown = str(run or RUNS)[:200]
        raise TraceError(f"cannot look at {shown}: {error.strerror}", "name a folder that qdiag trace wrote, or a trace file") from None


def _find(run: Path | None) -> RunFolder:
    if run is None:
        runs = sorted(Path(RUNS).glob(f"*/{TRACE}"), key=lambda trace: trace.stat().st_mtime, reverse=True)
        last = next(filter(_counts, runs), None)
        if last is None:
            raise TraceError(f"there is no run below {RUNS}/", "record one with: qdiag trace SCRIPT")
        return RunFolder(last.parent)
    if run.is_dir():
        if not (run / TRACE).exists():
            raise TraceError(f"{run} holds no {TRACE}", "name the folder that qdiag trace wrote")
        return RunFolder(run)
    if not run.exists():
        raise TraceError(f"{run} does not exist", "name a folder that qdiag trace wrote, or a trace file")
    return RunFolder(run.parent, run.name)


def _counts(trace: Path) -> bool:
    """Whether a run may be the last one: of a script that failed before its first QNode call nobody asks anything."""
    from qdiag.trace.reader import Trace

    try:
        with Trace.open(trace) as opened:
            return bool(len(opened)) or opened.script.exit_code in (0, None)
    except TraceError:
        return True  # whoever asks for it is told what is wrong with it


def _stem(script: str) -> str:
    return re.sub(r"[^\w.\-]", "-", Path(script).stem if script.endswith(".py") else script.rpartition(".")[2]) or "run"


def _next_number(parent: Path, stem: str) -> Path:
    taken = [int(m[1]) for p in parent.glob(f"{stem}-*") if (m := re.fullmatch(re.escape(stem) + r"-(\d+)", p.name))]
    number = max(taken, default=0) + 1
    while True:
        path = parent / f"{stem}-{number}"
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            return path


def write_together(texts: Mapping[Path, str]) -> None:
    """Write several files, all of them or none.

    Raises
    ------
    OSError
        The operating system's, when what was there before is there still.
    """
    try:
        for path, text in texts.items():
            _unfinished(path).write_text(text, encoding="utf-8")
        for path in texts:
            _unfinished(path).replace(path)
    except OSError:
        for path in texts:
            with suppress(OSError):
                _unfinished(path).unlink()
        raise


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")

"""What the QNode calls of a test run came to: which test made which calls, judged in a process of its own, told in a few lines."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from rich.console import Console

from qdiag.errors import QdiagError
from qdiag.judging.replay.plan import Plan
from qdiag.model.comparison import Verdict
from qdiag.model.method import parse_list
from qdiag.pipeline.reports import report
from qdiag.pipeline.run import examine
from qdiag.pipeline.run_options import Options
from qdiag.pipeline.speaking import SECONDS_BETWEEN_LINES, WIDTH, Speaker, Stage
from qdiag.report.outline import Chapter, Document
from qdiag.trace import run_folder
from qdiag.trace.reader import Trace
from qdiag.trace.run_folder import RunFolder

SECONDS_BEFORE_WE_SPEAK = SECONDS_BETWEEN_LINES + 0.6
"""Where the process that judges says nothing: once it has begun, it speaks for itself."""

PATIENCE = 5.0
"""Seconds in which the process that judges ends when it is asked to."""

MOST_FINDINGS = 10
"""Findings that are shown; the report has them all."""


@dataclass(frozen=True)
class Span:
    """The calls of one test, from the first to before the last, and whether it passed."""

    test: str
    first: int
    last: int
    passed: bool


@dataclass(frozen=True)
class Seen:
    """A finding, and the tests in which it showed."""

    chapter: Chapter
    record: dict[str, Any]
    spans: tuple[Span, ...]

    @property
    def expected(self) -> bool:
        """Whether a QNode raised, and every test in which it did so passed: the tests want it to."""
        return self.record["where"] == "raise" and bool(self.spans) and all(span.passed for span in self.spans)

    @property
    def healthy(self) -> bool:
        """Whether it is rounding only."""
        return bool(self.record["verdict"] == Verdict.ROUNDING.value)

    def lines(self, folder: str) -> Iterator[str]:
        """The finding in three lines."""
        more = f" and {len(self.spans) - 1} more" if len(self.spans) > 1 else ""
        place = f"in {self.spans[0].test}{more}" if self.spans else "while the tests were collected"
        # not with the verdict first: pytest's own lines on errors start like that
        yield f"qdiag: {self.chapter.verdict.lower()} {place}"
        yield f"    {self.chapter.sentence}"
        cause, reproducer = self.record["cause"], self.record["reproducer"]
        named = "cause unknown" if cause["confidence"] == "unknown" else f"{cause['code']} {cause['title']}, {cause['confidence']}"
        yield f"    {named}" + (f" · {folder}/{reproducer['path']}" if reproducer is not None else "")


def own_methods(run: RunFolder) -> dict[int, str]:
    """The method that each call of a run asks for by itself."""
    with Trace.open(run.trace) as trace:
        return {call.index: str(call.configuration.method) for call in trace.calls()}


def findings_with_tests(outline: Document, spans: Sequence[Span], own: Mapping[int, str]) -> tuple[Seen, ...]:
    """The findings of a report, each with its tests: those that use a wrong method themselves before those that only could."""
    found = []
    for chapter, record in zip(outline.chapters, outline.record["findings"]):
        calls = {record["call"], *record["calls"]}
        wrong = {call for call in calls if own.get(call) in record["wrong"]}
        shown = [span for span in spans if _makes_any_of(span, calls)]
        found.append(Seen(chapter, record, tuple(sorted(shown, key=lambda span: not _makes_any_of(span, wrong)))))
    return tuple(found)


def _makes_any_of(span: Span, calls: set[int]) -> bool:
    return any(span.first <= call < span.last for call in calls)


def summary(outline: Document, spans: Sequence[Span], folder: str, own: Mapping[int, str]) -> Iterator[str]:
    """The lines below a test run's results; ``own`` is the method of each call."""
    findings = findings_with_tests(outline, spans, own)
    shown = [finding for finding in findings if not (finding.expected or finding.healthy)]
    for finding in shown[:MOST_FINDINGS]:
        yield from finding.lines(folder)
    if len(shown) > MOST_FINDINGS:
        yield f"… and {len(shown) - MOST_FINDINGS} more"
    if not shown:
        yield f"no method differs from another further than rounding explains{_where(outline)}"
    expected = sum(finding.expected for finding in findings)
    if expected:
        yield f"left out: {expected} that raise where the test passes all the same"
    yield f"report: {folder}/report.html"


def _where(outline: Document) -> str:
    """At which calls, where these are not all."""
    coverage = outline.record["coverage"]
    if coverage["compared"] >= coverage["recorded"]:
        return ""
    return f", at the {coverage['compared']:,} of {coverage['recorded']:,} calls at which methods were compared"


# --- judging ---------------------------------------------------------------------------------------------------------------


def create() -> RunFolder:
    """The folder of a test run, whatever folder its tests change to."""
    return RunFolder(run_folder.create("pytest", None, force=False).path.absolute())


def examine_in_a_process(run: RunFolder, methods: str, say: Callable[[str], None] = lambda line: None) -> str:
    """Judge a run in a process of its own: whatever happens there, the test run ends as it would. Why it could not be, or "".

    ``say`` is told line by line how far it is.
    """
    order = "import sys; from qdiag.pipeline import pytest_run; sys.exit(pytest_run.examine_run(*sys.argv[1:]))"
    command = [sys.executable, "-c", order, run.path.name, methods]
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "text": True, "errors": "replace"}
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        with subprocess.Popen(command, cwd=run.path.parent, stderr=errors, **streams) as process:
            try:
                _hand_on(process.stdout or (), say)
            except KeyboardInterrupt:
                _end(process)
                raise
        errors.seek(0)
        said = errors.read()
    if run.outline.exists():
        return ""
    return next((line for line in reversed(said.splitlines()) if line.strip()), f"exit code {process.returncode}")


def _end(process: subprocess.Popen[str]) -> None:
    """Have it keep what it has worked out, and end."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()


def _hand_on(lines: Iterable[str], say: Callable[[str], None]) -> None:
    """Say what comes line by line, and that judging goes on where nothing comes: the process takes its time to begin, too."""
    arrived: queue.SimpleQueue[Optional[str]] = queue.SimpleQueue()

    def read() -> None:
        for line in lines:
            arrived.put(line.rstrip())
        arrived.put(None)

    began = time.monotonic()
    threading.Thread(target=read, name="qdiag-lines", daemon=True).start()
    while True:
        try:
            line = arrived.get(timeout=SECONDS_BEFORE_WE_SPEAK)
        except queue.Empty:
            line = Stage("judging", began).line(time.monotonic())
        if line is None:
            return
        say(line)


def examine_run(folder: str, methods: str) -> str:
    """In that process: judge the run, and write its reports; why it could not be, or ""."""
    plan = Plan(methods=() if methods == "auto" else parse_list(methods), trusted=True)
    options = Options(plan, trusted=True, own_process=True, proven=(Verdict.ERROR,))
    voice = Speaker(Console(file=sys.stdout, width=WIDTH, highlight=False))
    try:
        judged = examine(RunFolder(Path(folder)), options, voice)
        with voice.progress("writing the reports"):
            report(judged)
    except QdiagError as error:
        return error.cause
    return ""

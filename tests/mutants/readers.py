"""Every reader of a file, as far as it goes without a framework; what it makes of the file is looked at, as it would be printed."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rich.console import Console

from qdiag.cli import json_arguments, main
from qdiag.diagnosis.training.recorded import training_in
from qdiag.errors import QdiagError
from qdiag.pipeline import follow, stage_prove
from qdiag.pipeline.asked import asked_before
from qdiag.pipeline.coverage import of_events
from qdiag.pipeline.notes import about_recording
from qdiag.pipeline.reports import judged_outline
from qdiag.report.content.chapters import flow
from qdiag.report.content.drawing import drawing
from qdiag.report.formats import bundle, findings_json, github, html, markdown, terminal
from qdiag.trace import twin_steps, twin_variation
from qdiag.trace.circuit_text import skeleton
from qdiag.trace.evaluation_store import EvaluationStore
from qdiag.trace.reader import Trace
from qdiag.trace.run_folder import RunFolder
from qdiag.trace.run_list import list_runs
from qdiag.twins.series import series_of, trains

HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
"""What must be in no output."""

Said = Iterator[str]
Reader = Callable[[Path], Said]


class OddError(Exception):
    """A reader did what it must not: no exception of qdiag's own, another exit code, hidden characters."""


def read_trace(folder: Path) -> Said:
    """Every call, event and fact of a trace, and what is made of them before anything is replayed."""
    with Trace.open(folder / "trace.qdiag") as trace:
        for call in trace.calls():
            skeleton(call.circuit)
            drawing(call.circuit)
            list(flow(call))
        trace.first_of_each_structure(apart=True)
        for index in range(min(len(trace), 10)):
            trace.structure_of(index), trace.is_differentiated(index)
        list(trace.calls_that_warned())
        events = trace.events
        trace.environment, trace.script, trace.probes, trace.step_probes, trace.start_time, trace.handed  # noqa: B018
        training_in(events)
        list(of_events(events))
        list(about_recording(trace))
        trains(series_of(trace, twin_steps.Steps()))
    yield ""


def read_steps(folder: Path) -> Said:
    """The steps of a twin run."""
    twin_steps.read(folder / "trace.qdiag.steps")
    yield ""


def read_variation(folder: Path) -> Said:
    """What a twin run changes."""
    twin_variation.load(folder / "trace.qdiag")
    yield ""


def read_evaluations(folder: Path) -> Said:
    """Stored evaluations."""
    with EvaluationStore(folder / "evaluations.qdiag", "stack") as store:
        for key in ("a", "b", "none"):
            store.get(key)
    yield ""


def read_minimal(folder: Path) -> Said:
    """The smallest circuit of a finding."""
    drawing(stage_prove.load_minimal(folder / "repro.minimal"))
    yield ""


def read_scalars(folder: Path) -> Said:
    """What is known while a training is watched."""
    follow.read_scalars(folder / "scalars.json")
    yield ""


def read_findings(folder: Path) -> Said:
    """What the result of a run says to programs, as far as they are ours."""
    asked_before(RunFolder(folder))
    yield from (f"{run.path} {run.verdict}" for run in list_runs(folder.parent))


def read_values(folder: Path) -> Said:
    """The arguments of a check."""
    json_arguments.read(folder / "values.json")
    yield ""


def _formats(folder: Path, *, drawn: bool) -> Said:
    document = judged_outline(RunFolder(folder))
    numbers = range(1, len(document.chapters) + 1)
    stream = io.StringIO()
    terminal.render(document, Console(file=stream, width=80), verbose=True)
    yield stream.getvalue()
    yield markdown.render(document)
    yield findings_json.render(document)
    for number in numbers:
        made = github.issue(document, number)
        yield github.form(made)
        yield str(github.address(made).text)
        yield from bundle.contents(document.of_finding(number)).values()
    if drawn:
        yield html.render(document)


def read_report(folder: Path) -> Said:
    """A stored report in every format but HTML."""
    return _formats(folder, drawn=False)


def read_report_with_plots(folder: Path) -> Said:
    """A stored report in HTML, too, whose plots take their time."""
    return _formats(folder, drawn=True)


def command_line(*words: str) -> Reader:
    """A command of qdiag's, with all that it prints."""

    def read(folder: Path) -> Said:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main([*words, str(folder)])
            except SystemExit as ended:
                code = ended.code
        if code not in (0, 2):
            raise OddError(f"exit code {code}: {err.getvalue()[:2000]}")
        if code == 2 and not err.getvalue().startswith("qdiag: "):
            raise OddError(f"no cause and cure: {err.getvalue()[:500]}")
        yield out.getvalue()
        yield err.getvalue()

    return read


def examine(read: Reader, folder: Path) -> str:
    """Let a reader read; what it refused, or "" where it took the file."""
    try:
        said: Any = list(read(folder))
        refused = ""
    except QdiagError as error:
        said, refused = [error.cause, error.cure], error.cause
        if not error.cure:
            raise OddError(f"no cure: {error.cause}") from None
    for text in said:
        found = HIDDEN.search(text)
        if found:
            raise OddError(f"{found[0]!r} is printed: {text[max(0, found.start() - 40) : found.end() + 40]!r}")
    return refused


def judge(folder: Path) -> Said:
    """A trace, replayed in this process: only where PennyLane and torch are to be loaded, and hundreds of times dearer than reading."""
    import qdiag

    yield repr(qdiag.open(folder).judge(quiet=True, budget=20.0))

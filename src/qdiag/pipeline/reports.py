"""The reports of a run, written from one outline; and the outline of a run that was judged before."""

from __future__ import annotations

import os
import shlex
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Optional

from qdiag.diagnosis.cause import Cause
from qdiag.diagnosis.causes import CAUSES
from qdiag.diagnosis.page import page_of
from qdiag.errors import OutputError, TraceError
from qdiag.model.call import Environment
from qdiag.model.comparison import Verdict
from qdiag.model.findings import Finding
from qdiag.model.remarks import Remark
from qdiag.model.result import Entry, Result
from qdiag.pipeline.run_options import JudgedRun
from qdiag.report.content import outline_file
from qdiag.report.content.chapters import no_bug
from qdiag.report.content.document import document
from qdiag.report.content.known_faults import matching
from qdiag.report.formats import findings_json, markdown
from qdiag.report.outline import Document, Meaning, NextStep
from qdiag.trace.connection import check_header
from qdiag.trace.run_folder import TRACE, RunFolder, write_together


def load_pages() -> None:
    """Begin to load what draws a page, beside the search for causes that leaves a core free; returns at once."""

    def load() -> None:
        with suppress(Exception):  # whoever writes the page says what is missing
            _page()

    threading.Thread(target=load, name="qdiag pages", daemon=True).start()


def _page() -> ModuleType:
    # matplotlib takes half a second to load, which is not to be paid before the script has run
    from qdiag.report.formats import html

    return html


def report(outcome: JudgedRun) -> Document:
    """Write every report of a run, and give the outline that they were made from; reports that say more stay as they are."""
    outline = outline_of(outcome)
    if not _stay(outcome):
        write_reports(outline, outcome.run)
    return outline


def as_told_here(outline: Document, run: RunFolder) -> Document:
    """An outline for the screen of whoever has the run: with the folder itself, which is left out where a report may be passed on."""
    _, colon, files = outline.wrote.partition(": ")
    return replace(outline, wrote=f"{str(run.path).rstrip('/')}/: {files}") if colon else outline


def _stay(outcome: JudgedRun) -> bool:
    """Whether the reports that are there say more than those of work that was interrupted would."""
    return outcome.partial and outcome.run.outline.exists()


def outline_of(outcome: JudgedRun, *, written: bool = True) -> Document:
    """The outline of a run's reports; ``written`` is whether there are files to name."""
    run = outcome.run
    reproducers = [Path(f.reproducer.path).name for f in outcome.result.findings if f.reproducer is not None]
    files = [run.trace.name, run.findings.name, run.markdown.name, run.html.name, *reproducers]
    return document(
        outcome.result,
        outcome.script,
        outcome.environment,
        folder=str(run.path),
        files=files if written and not _stay(outcome) else [],
        next_step=_next(outcome),
        training=outcome.training,
        meanings=meanings_of(outcome.result),
    )


def meanings_of(result: Result) -> tuple[Meaning, ...]:
    """What the codes mean that a result's report has in it: those of its causes, then those that experiments ruled out."""
    diagnoses = [entry.diagnosis for entry in result.entries]
    codes = dict.fromkeys([*(one.code for one in diagnoses), *(code for one in diagnoses for code in one.ruled_out)])
    return tuple(_meaning(cause) for code in codes for cause in CAUSES if cause.code == code)


def _meaning(cause: Cause) -> Meaning:
    page = page_of(cause.code)
    return Meaning(cause.code, cause.title, page.explanation, page.example, page.confirmed_by, page.what_to_do)


def write_reports(outline: Document, run: RunFolder) -> None:
    """Write an outline, and what is rendered from it, into a run's folder: all of it, or nothing where it cannot be."""
    texts = {
        run.findings: findings_json.render(outline),
        run.markdown: markdown.render(outline),
        run.html: _page().render(outline),
        run.outline: outline_file.save(outline),
    }
    try:
        write_together(texts)
    except OSError as error:
        raise OutputError(f"cannot write into {run.path}: {error.strerror}", "free some space; qdiag diagnose goes on") from None


def judged_outline(run: RunFolder) -> Document:
    """The outline of a run that was judged before."""
    if not run.outline.exists():
        if run.name != TRACE and run.trace.exists():
            check_header(run.trace)
        named = run.path if run.name == TRACE else run.trace
        raise TraceError(f"{named} was recorded and not judged yet", f"judge it with: qdiag diagnose {shlex.quote(str(named))}")
    return outline_file.read(run.outline)


def _next(outcome: JudgedRun) -> Optional[NextStep]:
    """What to type next, and why; None where there is nothing that would help."""
    errors = [entry for entry in outcome.result.entries if entry.verdict is Verdict.ERROR]
    for_the_script = bool(errors) and all(_is_for_the_script(entry) for entry in errors)
    if outcome.partial:
        return NextStep(("qdiag", "diagnose", str(outcome.run.path)), reason="judging goes on where it was interrupted")
    if outcome.script.called and (for_the_script or not errors):
        return None
    script = outcome.script
    of_script = (*(["-m"] if script.module else []), _path_from_here(script.path))
    if for_the_script:
        return NextStep(("qdiag", "trace", *of_script), script.argv, "again, once the script is changed as the remedy says")
    if outcome.result.verdict is Verdict.ERROR:
        told = all(_has_an_issue(entry, outcome.environment) for entry in errors if not _is_for_the_script(entry))
        reason = "the text for a comment on the known issue" if told else "the text for an issue"
        return NextStep(("qdiag", "report", "--github"), reason=reason)
    trained = bool(outcome.result.steps) and script.failure is None and script.exit_code in (0, None)
    if outcome.result.verdict is Verdict.ROUNDING and outcome.training is None and trained:
        return NextStep(("qdiag", "twin", *of_script), script.argv, "should its losses part from those of another method: why")
    return None


def _is_for_the_script(error: Entry) -> bool:
    """Whether an error is to be mended in the script: it lies around circuits or in it, or PennyLane says that it does not do that."""
    if isinstance(error, Remark):
        return True
    divergence = error.divergence
    return (divergence.outside and not divergence.rewritten) or bool(no_bug(error))


def _has_an_issue(error: Entry, environment: Environment) -> bool:
    """Whether PennyLane's tracker has an error."""
    return isinstance(error, Finding) and any(fault.issue for fault in matching(error, environment))


def _path_from_here(path: str) -> str:
    """A path as one types it from here, or its name alone where it lies elsewhere: reports name no folders of a machine."""
    relative = os.path.relpath(path) if os.path.isabs(path) else path
    return os.path.basename(path) if relative.startswith("..") else relative

"""What `trace` and `diagnose` have in common: from a run to its summary, files and exit code."""

from __future__ import annotations

import shlex

import click

from qdiag.cli.progress import Voice
from qdiag.errors import OutputError
from qdiag.pipeline import signals
from qdiag.pipeline.reports import as_told_here, outline_of, report
from qdiag.pipeline.run_options import JudgedRun, exit_code
from qdiag.report.formats import findings_json, terminal
from qdiag.report.outline import Document
from qdiag.trace.run_folder import RunFolder


def show_outcome(outcome: JudgedRun, voice: Voice, *, fail_on: str, as_json: bool) -> int:
    """Write a run's files and print its summary; the exit code.

    Raises
    ------
    OutputError
        If the files cannot be written: the summary is printed all the same.
    """
    try:
        with voice.progress("writing the reports"):
            outline = report(outcome)
    except OutputError:
        show_outline(outline_of(outcome, written=False), voice, as_json=as_json)
        raise
    except KeyboardInterrupt:
        return say_interrupted(outcome.run)
    show_outline(as_told_here(outline, outcome.run), voice, as_json=as_json)
    if outcome.interrupted:
        return say_interrupted(outcome.run)
    return int(exit_code(outcome, fail_on))


def say_interrupted(run: RunFolder) -> int:
    """Say how to go on after Ctrl-C or a request to end; the exit code."""
    click.echo(f"qdiag: interrupted; what was worked out is kept; go on with: qdiag diagnose {shlex.quote(str(run.path))}", err=True)
    return int(signals.code_of_interruption())


def show_outline(outline: Document, voice: Voice, *, as_json: bool) -> None:
    """Print a summary."""
    if as_json:
        # the script's own output may stand on this stream, its last line unfinished
        click.echo(f"\n{findings_json.line(outline)}")
    elif voice.quiet < 2:
        terminal.render(outline, voice.console, verbose=voice.verbose)

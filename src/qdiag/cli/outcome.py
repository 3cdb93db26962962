"""What `trace` and `diagnose` have in common: from options to a plan, and from a run to its summary, files and exit code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from qdiag.cli import completion
from qdiag.cli.progress import Voice
from qdiag.errors import MethodError, OutputError
from qdiag.judging.replay.plan import Plan
from qdiag.model.comparison import Tolerance
from qdiag.model.method import Method, parse_list
from qdiag.pipeline import signals
from qdiag.pipeline.reports import outline_of, report
from qdiag.pipeline.run_options import JudgedRun, Options, exit_code
from qdiag.report.formats import findings_json, terminal
from qdiag.report.outline import Document
from qdiag.trace.run_folder import RunFolder


def options_of(given: Mapping[str, Any], *, trusted: bool) -> Options:
    """The pipeline's options from those of the command line."""
    methods = () if given["methods"] == "auto" else _require_devices(parse_list(given["methods"]))
    plan = Plan(
        methods=methods,
        every=given["every"],
        max_calls=given["max_calls"],
        budget=given["budget"],
        tolerance=Tolerance(given["atol"], given["rtol"]),
        trusted=trusted,
        assumed=given.get("assume_precision") or "",
    )
    return Options(
        plan,
        given["jobs"],
        not given["no_minimize"],
        trusted=trusted,
        own_process=True,
        quick=given["quick"],
        limit=given["limit"],
        cluster=given["cluster"],
    )


def _require_devices(methods: tuple[Method, ...]) -> tuple[Method, ...]:
    """The methods, if this environment has their devices: asked of the plugins' entry points, without loading PennyLane."""
    known = sorted({point.name for point in completion.plugins()})
    for method in methods:
        if method.device and known and method.device not in known:
            raise MethodError(f"there is no device '{method.device}' here", "installed are " + ", ".join(known))
    return methods


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
    show_outline(outline, voice, as_json=as_json)
    if outcome.interrupted:
        return say_interrupted(outcome.run)
    return int(exit_code(outcome, fail_on))


def say_interrupted(run: RunFolder) -> int:
    """Say how to go on after Ctrl-C or a request to end; the exit code."""
    click.echo(f"qdiag: interrupted; what was worked out is kept; go on with: qdiag diagnose {run.path}", err=True)
    return int(signals.code_of_interruption())


def show_outline(outline: Document, voice: Voice, *, as_json: bool) -> None:
    """Print a summary."""
    if as_json:
        # the script's own output may stand on this stream, its last line unfinished
        click.echo(f"\n{findings_json.line(outline)}")
    elif voice.quiet < 2:
        terminal.render(outline, voice.console, verbose=voice.verbose)

"""What `trace` and `diagnose` have in common: from options to a plan, and from a run to its summary, files and exit code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from qdiag import pipeline
from qdiag.cli.voice import Voice
from qdiag.compare import Tolerance
from qdiag.locate import Plan
from qdiag.method import parse_list
from qdiag.run_directory import RunDirectory


def options_of(given: Mapping[str, Any], *, trusted: bool) -> pipeline.Options:
    """The pipeline's options from those of the command line."""
    methods = () if given["methods"] == "auto" else parse_list(given["methods"])
    plan = Plan(
        methods=methods,
        every=given["every"],
        max_calls=given["max_calls"],
        budget=given["budget"],
        tolerance=Tolerance(given["atol"], given["rtol"]),
        trusted=trusted,
    )
    return pipeline.Options(plan, given["jobs"], not given["no_minimize"], trusted)


def examine(run: RunDirectory, options: pipeline.Options, voice: Voice, *, fail_on: str, as_json: bool) -> int:
    """Judge a recorded run, write its files, print its summary."""
    outcome = pipeline.examine(run, options, voice)
    document = pipeline.report(outcome)
    if as_json:
        click.echo(run.findings.read_text())
    elif voice.quiet < 2:
        from qdiag.report import terminal

        terminal.render(document, voice.console)
    return int(pipeline.exit_code(outcome, fail_on))

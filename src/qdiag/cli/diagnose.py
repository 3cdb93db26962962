"""``qdiag diagnose``: judge a trace that was recorded before, or go on where judging was interrupted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Optional

import click
from click.core import ParameterSource

from qdiag.cli import completion, options
from qdiag.cli.asked import options_of
from qdiag.cli.other_stack import check_other, compare_with, show_other_stack, worse_code
from qdiag.cli.outcome import show_outcome
from qdiag.cli.progress import Voice
from qdiag.pipeline.asked import asked_again, asked_before
from qdiag.pipeline.run import examine
from qdiag.trace import run_folder


@click.command(name="diagnose", epilog="Example:  qdiag diagnose qdiag-runs/train-1")
@options.replay
@options.trust
@compare_with
@options.verdicts
@options.talk
@click.argument("run", required=False, type=click.Path(path_type=Path), shell_complete=completion.runs)
def command(
    run: Optional[Path],
    trust: bool,
    other: Optional[str],
    fail_on: str,
    as_json: bool,
    quiet: int,
    verbose: bool,
    **replay: object,
) -> int:
    """Judge the trace of RUN (a folder or a trace file; the last run if none is named).

    What an earlier, interrupted run worked out is used again. Methods, tolerance and precision are those that the run was asked for,
    unless they are told here (--methods auto: all that apply).
    """
    check_other(other)
    found = run_folder.find(run)
    voice = Voice(quiet, verbose)
    chosen = options_of(replay, trusted=trust)
    # what is told holds, also the default where it is told
    source = click.get_current_context().get_parameter_source
    told = {name for name in replay if source(name) is ParameterSource.COMMANDLINE}
    before = asked_before(found)
    again = {"methods": "methods" in told, "tolerance": bool(told & {"atol", "rtol"}), "assumed": "assume_precision" in told}
    plan = asked_again(chosen.plan, before, **again)
    chosen = replace(chosen, plan=plan)
    outcome = examine(found, chosen, voice)
    code = show_outcome(outcome, voice, fail_on=fail_on, as_json=as_json)
    if other and outcome.result.calls and not outcome.interrupted:
        code = worse_code(code, show_other_stack(other, found, chosen, voice, as_json=as_json))
    return code

"""``qdiag trace``: run a training script unchanged, and judge every QNode call."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Optional

import click

from qdiag.cli import completion, options
from qdiag.cli.asked import options_of
from qdiag.cli.other_stack import check_other, compare_with, show_other_stack, worse_code
from qdiag.errors import TraceError, UsageError
from qdiag.model.call import Script
from qdiag.pipeline.record import record, recorded_calls
from qdiag.trace import run_folder
from qdiag.trace.run_folder import RunFolder


@click.command(
    name="trace",
    context_settings={"allow_interspersed_args": False, "ignore_unknown_options": False},
    epilog="Example:  qdiag trace --methods backprop,adjoint train.py -- default.qubit backprop",
)
@click.option("-m", "module", is_flag=True, help="SCRIPT is a module's name, run as python -m does.")
@options.replay
@options.probe
@options.output
@compare_with
@click.option("--record-only", is_flag=True, help="Only record; exit exactly as the script does.")
@options.verdicts
@options.talk
@click.argument("script", shell_complete=completion.files)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, shell_complete=completion.files)
def command(
    script: str,
    arguments: tuple[str, ...],
    module: bool,
    out: Optional[Path],
    force: bool,
    other: Optional[str],
    record_only: bool,
    fail_on: str,
    as_json: bool,
    quiet: int,
    verbose: bool,
    probe: bool,
    **replay: object,
) -> int:
    """Run SCRIPT unchanged, record every QNode call, and judge each under every method that applies.

    Options of qdiag come before SCRIPT; everything after it goes to the script (a first -- is dropped). Progress and summary go to
    stderr, since stdout is the script's; qdiag report prints the same summary on stdout. qdiag runs -v says what the files are.
    """
    argv = arguments[1:] if arguments[:1] == ("--",) else arguments
    options.check_script(script, module)
    if other and record_only:
        raise UsageError("--record-only judges nothing", "hold the run against another stack by: qdiag diagnose --compare-with")
    check_other(other)
    beside = os.getcwd() if module else os.path.dirname(os.path.realpath(script))
    chosen = replace(options_of(replay, trusted=True), probe=probe, beside=beside)
    run = run_folder.create(script, out, force=force)
    if record_only:
        ended = record(script, argv, module=module, run=run, options=chosen, unsettled=_tell)
        if not quiet:
            _say_where(run, ended, argv)
        _leave_as(ended.exit_code)
    # loaded here: who only records waits for neither, and the script does not wait for what shows the outcome
    from qdiag.cli.progress import Voice
    from qdiag.pipeline.trace import trace

    voice = Voice(quiet, verbose)
    outcome = trace(script, argv, module=module, run=run, options=chosen, voice=voice)
    from qdiag.cli.outcome import show_outcome

    code = show_outcome(outcome, voice, fail_on=fail_on, as_json=as_json)
    if not (outcome.result.calls or quiet) and outcome.script.exit_code:
        _hint_at_options(argv)
    if other and outcome.result.calls and not outcome.interrupted:
        code = worse_code(code, show_other_stack(other, run, chosen, voice, as_json=as_json))
    return code


def _say_where(run: RunFolder, ended: Script, argv: Sequence[str]) -> None:
    """Where the trace is, and what to type next: nothing else tells of a run that is only recorded."""
    calls = recorded_calls(run)
    if calls or not ended.exit_code:
        number = f"{calls} QNode call{'s' * (calls != 1)}"
        click.echo(f"qdiag: recorded {number} into {run.trace}", err=True)
        click.echo(f"       judge with: qdiag diagnose {shlex.quote(str(run.path))}", err=True)
    else:
        words = f"your script failed (exit code {ended.exit_code}) before its first QNode call: nothing was recorded"
        click.echo(f"qdiag: {words}", err=True)
        _hint_at_options(argv)


def _hint_at_options(argv: Sequence[str]) -> None:
    """A script that fails before anything happens may have been given what was meant for qdiag."""
    ours = {name for option in command.params for name in option.opts if name.startswith("--")}
    meant = sorted({word.partition("=")[0] for word in argv} & ours)
    if meant:
        verb, they = ("is an option", "it") if len(meant) == 1 else ("are options", "they")
        click.echo(f"       {' and '.join(meant)} {verb} of qdiag: if meant for it, {they} must stand before the script", err=True)


def _tell(error: TraceError) -> None:
    """Words only: the script's exit code says how it ended, whatever became of the recording."""
    click.echo(f"qdiag: {error.cause}: {error.cure}", err=True)


def _leave_as(exit_code: Optional[int]) -> None:
    """Exit exactly as the script did, by the same signal where it was a signal."""
    if exit_code is not None and exit_code < 0:
        with suppress(OSError):  # SIGKILL and SIGSTOP have no handler to take away
            signal.signal(-exit_code, signal.SIG_DFL)
        os.kill(os.getpid(), -exit_code)
    sys.exit(exit_code or 0)

"""``qdiag lock``: the circuits of a script, and what they give, in a text file that can be committed."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Optional

import click

from qdiag.cli import completion, options
from qdiag.cli.progress import Voice
from qdiag.errors import ExitCode, OutputError, TraceError, UsageError, UserCodeError
from qdiag.evaluation.limits import SECONDS
from qdiag.judging.replay.plan import Plan
from qdiag.model.lock import Lock
from qdiag.pipeline.record import record
from qdiag.pipeline.run_options import Options
from qdiag.report.content.figures import count, size
from qdiag.trace import run_folder
from qdiag.trace.lock_file import LARGEST, NAME, read_lock, write_lock
from qdiag.trace.run_folder import RunFolder, write_together

OWN = "own"
"""As a seed: the run's own numbers."""


def _checked_seed(context: click.Context, option: click.Parameter, value: str) -> Optional[int]:
    if value == OWN:
        return None
    if not value.isdecimal():
        raise click.BadParameter(f"{value} is neither a number nor '{OWN}'")
    return int(value)


@click.command(
    name="lock",
    context_settings={"allow_interspersed_args": False, "ignore_unknown_options": False},
    epilog="Example:  qdiag lock --file model.lock train.py -- default.qubit backprop",
)
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=NAME,
    show_default=True,
    metavar="FILE",
    help="Write this file; a lock file that is there is replaced.",
)
@click.option(
    "--numbers",
    callback=_checked_seed,
    default="0",
    show_default=True,
    metavar="SEED",
    help=f"Numbers in the circuits are made up from this seed; {OWN}: keep those of the run.",
)
@options.workers
@click.option("-q", "--quiet", count=True, help="No progress; twice: no summary either.")
@click.argument("target", metavar="SCRIPT_OR_RUN", shell_complete=completion.files)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, shell_complete=completion.files)
def command(
    target: str,
    arguments: tuple[str, ...],
    file: Path,
    numbers: Optional[int],
    jobs: Optional[int],
    cluster: str,
    quiet: int,
) -> int:
    """Keep the distinct circuits of a script, or of a RUN that was recorded before, with what each gives on this stack.

    A script is run once, only recorded. qdiag ci says later, on another stack, which of the circuits give something else.
    """
    from qdiag.evaluation.executor import open_evaluator
    from qdiag.pipeline.lock import Wanted, lock
    from qdiag.report.redacting.redaction import secrets_of_this_machine
    from qdiag.trace.reader import Trace

    _check_place(file)
    voice = Voice(quiet)
    with ExitStack() as resources:
        run = _recorded(target, arguments, resources)
        trace = resources.enter_context(Trace.open(run.trace))
        if not len(trace):
            raise TraceError("the run made no QNode call", "there is nothing to lock")
        evaluator = resources.enter_context(open_evaluator(cluster, jobs, SECONDS, forked=True, tell=voice.say))
        secrets = secrets_of_this_machine(trace.script).but_names(trace.environment.devices)
        made = lock(trace, Wanted(numbers), evaluator, voice, secrets)
    text = write_lock(made)
    try:
        write_together({file: text})
    except OSError as error:
        raise OutputError(f"cannot write {file}: {error.strerror}", "choose another with --file") from None
    if quiet < 2:
        _tell(made, file, len(text))
    return int(ExitCode.NOTHING_BEYOND_ROUNDING if made.circuits else ExitCode.INCONCLUSIVE)


def _check_place(file: Path) -> None:
    """Refuse to write over what is no lock file: it was somebody's."""
    if not file.exists():
        return
    try:
        read_lock(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, TraceError):
        raise OutputError(f"{file} exists and is no lock file", "choose another with --file, or delete it") from None


def _recorded(target: str, arguments: tuple[str, ...], resources: ExitStack) -> RunFolder:
    """The run that a user means, recorded now where it is a script."""
    argv = arguments[1:] if arguments[:1] == ("--",) else arguments
    path = Path(target)
    if not (path.is_file() and path.suffix == ".py"):
        if argv:
            raise UsageError(f"{target} is no script, and takes no arguments", "name a script that ends in .py, or a run alone")
        return run_folder.find(path)
    run = RunFolder(Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="qdiag-lock-"))))
    ended = record(target, argv, module=False, run=run, options=Options(Plan(trusted=True), probe=False))
    if ended.exit_code:
        raise UserCodeError(f"the script failed (exit code {ended.exit_code}), and nothing is locked", "see that python can run it")
    return run


def _tell(made: Lock, file: Path, length: int) -> None:
    from qdiag.report.content.two_stacks import missing_in_words

    numbers = "the run's own numbers" if made.seed is None else f"numbers made up from seed {made.seed}"
    click.echo(f"{count(len(made.circuits), 'circuit')}, {numbers}, in {file} ({size(length)} of at most {size(LARGEST)})", err=True)
    for line in missing_in_words(made.left_out):
        click.echo(f"  {line}", err=True)
    click.echo(f"  hold another stack against it with: qdiag ci{'' if os.fspath(file) == NAME else f' {file}'}", err=True)

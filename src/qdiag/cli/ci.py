"""``qdiag ci``: which circuits of a lock file give something else on the stack at hand."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Optional

import click

from qdiag.cli import completion, options
from qdiag.cli.progress import Voice
from qdiag.errors import ExitCode, OutputError, TraceError
from qdiag.evaluation.limits import SECONDS
from qdiag.model.comparison import Tolerance, Verdict
from qdiag.model.lock import Lock
from qdiag.trace.lock_file import LARGEST_READ, NAME, read_lock

EXIT_CODES = {Verdict.ERROR: ExitCode.ERROR_FOUND, Verdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE}


@click.command(name="ci", epilog="Example:  qdiag ci qdiag.lock")
@click.argument("file", required=False, default=NAME, type=click.Path(path_type=Path), shell_complete=completion.files)
@options.tolerances
@options.workers
@click.option(
    "--summary",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="GITHUB_STEP_SUMMARY",
    metavar="FILE",
    help="Append what was found as Markdown.  [env var: GITHUB_STEP_SUMMARY]",
)
@options.talk
def command(
    file: Path,
    atol: Optional[float],
    rtol: Optional[float],
    jobs: Optional[int],
    cluster: str,
    summary: Optional[Path],
    as_json: bool,
    quiet: int,
    verbose: bool,
) -> int:
    """Evaluate the circuits of a lock FILE (qdiag.lock, unless another is named) on this stack, and say which give something else.

    Exits with 1 where a circuit changed beyond rounding. In a workflow on GitHub each of them becomes an annotation.
    """
    from qdiag.bridges.stack import environment
    from qdiag.evaluation.executor import open_evaluator
    from qdiag.pipeline.ci import replay_lock
    from qdiag.report.content import two_stacks as content
    from qdiag.report.formats import stacks_github, stacks_terminal

    lock, voice = _read(file), Voice(quiet, verbose)
    with open_evaluator(cluster, jobs, SECONDS, forked=True, tell=voice.say) as evaluator:
        found = replay_lock(lock, evaluator, voice, Tolerance(atol, rtol), here=environment())
    page = content.page(found, content.LOCK, title=f"ci {file}: {lock.script}")
    if "GITHUB_ACTIONS" in os.environ:
        click.echo(stacks_github.annotate(page, os.path.dirname(lock.script)), nl=False)
    if summary is not None:
        _append(summary, stacks_github.summary(page))
    if as_json:
        click.echo(json.dumps(page.record, allow_nan=False))
    elif quiet < 2:
        stacks_terminal.render(page, voice.console)
    return int(EXIT_CODES.get(content.verdict_of(found, raising_counts=True), ExitCode.NOTHING_BEYOND_ROUNDING))


def _read(file: Path) -> Lock:
    try:
        with file.open(encoding="utf-8") as stream:
            # one character more than is allowed tells a file that is too large from one that is not
            text = stream.read(LARGEST_READ + 1)
    except (OSError, UnicodeDecodeError) as error:
        words = getattr(error, "strerror", None) or "it is no text"
        raise TraceError(f"cannot read {file}: {words}", "make one with: qdiag lock train.py") from None
    return read_lock(text)


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}", "name another file with --summary") from None

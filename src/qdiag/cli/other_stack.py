"""``--compare-with``: a run held against another stack, shown and written, with how to go on."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Optional

import click

from qdiag.errors import ExitCode, OutputError
from qdiag.model.comparison import Verdict
from qdiag.pipeline.run_options import Options
from qdiag.trace.run_folder import RunFolder, write_together

if TYPE_CHECKING:
    # the script does not wait for what shows the outcome
    from qdiag.cli.progress import Voice

compare_with = click.option(
    "--compare-with",
    "other",
    metavar="NAME==RELEASE",
    help="Also replay the calls beside another release, as pennylane==0.44.1, and say which is the first to differ.",
)

_CODES = {Verdict.ERROR: ExitCode.ERROR_FOUND, Verdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE}
_PRECEDENCE = (
    ExitCode.INTERRUPTED,
    ExitCode.USAGE,
    ExitCode.SCRIPT_FAILED,
    ExitCode.ERROR_FOUND,
    ExitCode.INCONCLUSIVE,
    ExitCode.NOTHING_BEYOND_ROUNDING,
)


def check_other(other: Optional[str]) -> None:
    """Refuse what is no release before the script is run.

    Raises
    ------
    UsageError
        If it is none.
    """
    if other:
        from qdiag.pipeline.compare_stacks import Other

        Other.from_words(other)


def show_other_stack(written: str, run: RunFolder, options: Options, voice: Voice, *, as_json: bool) -> int:
    """Hold a run against another stack, print what it comes to, and write it beside the trace; the exit code."""
    from packaging.version import Version

    from qdiag.bisecting.layers import cache_folder
    from qdiag.pipeline.compare_run import compare_run
    from qdiag.pipeline.compare_stacks import Other
    from qdiag.report.content import two_stacks as content
    from qdiag.report.formats import stacks_terminal
    from qdiag.report.outline import Fact

    other = Other.from_words(written)
    compared = compare_run(run, other, options, cache_folder(), voice)
    found = compared.found
    sides = content.sides_of(other.package, other.release)
    more = list(content.first_in_words(found, sides))
    if compared.scripted is not None:
        oldest, newest = sorted(Version(stack.version(other.package)) for stack in found.stacks)
        between = ["--package", other.package, "--from", oldest.public, "--to", newest.public]
        more.append(Fact("next", shlex.join(["qdiag", "bisect", str(run.changed), *between])))
    page = content.page(found, sides, title=f"compare with {sides.first}: {run.path}", raising_counts=False, more=more)
    try:
        write_together({run.stacks: json.dumps(page.record, indent=1, allow_nan=False) + "\n"})
    except OSError as error:
        raise OutputError(f"cannot write {run.stacks}: {error.strerror}", "free some space, or use --json") from None
    # with --json the last line of stdout is findings.json: this is in its file
    if not as_json and voice.quiet < 2:
        stacks_terminal.render(page, voice.console)
    return int(_CODES.get(content.verdict_of(found, raising_counts=False), ExitCode.NOTHING_BEYOND_ROUNDING))


def worse_code(one: int, other: int) -> int:
    """The exit code that stands before the other one; any that is not among those of judging stands before all."""
    known = [int(code) for code in _PRECEDENCE]
    unknown = [code for code in (one, other) if code not in known]
    return unknown[0] if unknown else min(one, other, key=known.index)

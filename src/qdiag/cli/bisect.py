"""``qdiag bisect``: which release broke it, and which one mended it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Optional

import click
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from qdiag.bisecting import layers
from qdiag.bisecting.asking import SECONDS
from qdiag.bridges.releases.table import PACKAGES
from qdiag.cli import completion, options
from qdiag.cli.progress import Voice
from qdiag.errors import ExitCode, OutputError, TraceError, UsageError
from qdiag.model.bisection import Bisection
from qdiag.pipeline import signals
from qdiag.report.content.figures import size
from qdiag.trace import run_folder
from qdiag.trace.run_folder import write_together

Versions = Mapping[str, str]
"""Packages and their versions."""


def _checked_release(context: click.Context, option: click.Parameter, value: Optional[str]) -> str:
    if value:
        try:
            return str(Version(value))
        except InvalidVersion:
            raise click.BadParameter(f"{value} is no release") from None
    return ""


@click.command(name="bisect", epilog="Example:  qdiag bisect qdiag-runs/train-1")
@click.argument("run", required=False, type=click.Path(path_type=Path), shell_complete=completion.runs)
@click.option("--package", type=click.Choice(PACKAGES), default=PACKAGES[0], show_default=True, help="Whose releases are asked.")
@click.option("--finding", type=click.IntRange(min=1), default=1, show_default=True, metavar="N", help="The run's N-th script.")
@click.option("--bad", callback=_checked_release, metavar="RELEASE", help="A release that has it.  [default: that of the run]")
@click.option("--from", "oldest", callback=_checked_release, metavar="RELEASE", help="The oldest release to ask.")
@click.option("--to", "newest", callback=_checked_release, metavar="RELEASE", help="The newest release to ask.")
@click.option("--offline", is_flag=True, help="Download nothing: ask the releases that are in the cache.")
@click.option("--again", is_flag=True, help="Run the script anew where an earlier bisection knows the answer.")
@click.option(
    "--limit",
    type=click.FloatRange(min=1),
    default=SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="Processor time of the script on a release.",
)
@click.option("--python", metavar="PATH", help="Another interpreter for the releases.  [default: this one]")
@click.option("--cache", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Keep releases and answers here.")
@click.option(
    "--cache-size",
    type=click.FloatRange(min=0),
    default=layers.LARGEST,
    show_default=True,
    metavar="GB",
    help="What releases may take; those that were used the longest ago go.",
)
@click.option("--clean", is_flag=True, help="Delete the cache, and do nothing else.")
@options.talk
def command(
    run: Optional[Path],
    package: str,
    finding: int,
    bad: str,
    oldest: str,
    newest: str,
    offline: bool,
    again: bool,
    limit: float,
    python: Optional[str],
    cache: Optional[Path],
    cache_size: float,
    clean: bool,
    as_json: bool,
    quiet: int,
    verbose: bool,
) -> int:
    """Find the first release with the fault of RUN (the last run, if none is named) or of a reproducer, and the first that is mended.

    The reproducer is run on other releases, each in an environment of its own that is installed where it is missing, and kept. A
    reproducer is a script: it may do anything that you may do. Read it first where the run comes from somebody else.
    """
    from qdiag.pipeline.bisect import Wanted, bisect

    cache = cache or layers.cache_folder()
    if clean:
        click.echo(f"deleted {size(layers.clean(cache))} in {cache}", err=True)
        return int(ExitCode.NOTHING_BEYOND_ROUNDING)
    voice = Voice(quiet, verbose)
    script, versions, record = _script_of(run, finding - 1)
    known = bad or _version_in(versions, package) or _installed(package)
    pennylane = _version_in(versions, "pennylane") or _installed("pennylane")
    voice.say(f"{script} is run on other releases of {package}, each installed into {cache} where it is not there")
    wanted = Wanted(
        script,
        str(script),
        package,
        known,
        pennylane,
        python or sys.executable,
        cache,
        limit,
        cache_size,
        oldest,
        newest,
        offline,
        again,
    )
    found = bisect(wanted, voice)
    _show(found, record, voice, as_json=as_json)
    return _exit_code(found)


def _exit_code(found: Bisection) -> int:
    if found.interrupted:
        return int(signals.code_of_interruption())
    return int(ExitCode.INCONCLUSIVE if found.span is None else ExitCode.NOTHING_BEYOND_ROUNDING)


def _show(found: Bisection, record: Optional[Path], voice: Voice, *, as_json: bool) -> None:
    from qdiag.report.content import bisection as content
    from qdiag.report.formats import bisection_terminal

    page = content.page(found, wrote="" if record is None else str(record))
    if record is not None:
        try:
            write_together({record: json.dumps(page.record, indent=1, allow_nan=False) + "\n"})
        except OSError as error:
            raise OutputError(f"cannot write {record}: {error.strerror}", "free some space, or use --json") from None
    if as_json:
        click.echo(json.dumps(page.record, allow_nan=False))
    elif voice.quiet < 2:
        bisection_terminal.render(page, voice.console)


# --- which script, and where it is known to be bad --------------------------------------------------------------------------------


def _script_of(run: Optional[Path], finding: int) -> tuple[Path, Versions, Optional[Path]]:
    """The script that a user means, the versions that it was found with, and where the record goes."""
    if run is not None and run.is_file() and run.suffix == ".py":
        beside = run.parent / run_folder.TRACE
        of_run = _versions_of_trace(beside) if beside.exists() else {}
        return run, {**of_run, **_versions_in_header(run)}, None
    folder = run_folder.find(run)
    script = folder.reproducer(finding)
    if not script.exists():
        raise UsageError(f"{folder.path} has no {script.name}", "name a run with an error, or the reproducer itself")
    return script, _versions_of_trace(folder.trace), folder.bisection(finding)


def _versions_of_trace(trace: Path) -> dict[str, str]:
    from qdiag.trace.reader import Trace

    try:
        with Trace.open(trace) as opened:
            return dict(opened.environment.packages)
    except TraceError:
        return {}


_HEADER = re.compile(r"^# /// script$\s(?P<content>(^#(| .*)$\s)+)^# ///$", re.MULTILINE)
"""As the packaging guide has it."""


def _versions_in_header(script: Path) -> dict[str, str]:
    """The versions that a script's own header asks for."""
    try:
        match = _HEADER.search(script.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return {}
    found: dict[str, str] = {}
    for text in re.findall(r'"([^"]+)"', match["content"]) if match else ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        found.update((requirement.name, one.version) for one in requirement.specifier if one.operator == "==")
    return found


def _version_in(versions: Versions, package: str) -> str:
    """The release of a package, without what a builder added to its number."""
    try:
        return Version(versions.get(package, "")).public
    except InvalidVersion:
        return ""


def _installed(package: str) -> str:
    try:
        return Version(metadata.version(package)).public
    except (metadata.PackageNotFoundError, InvalidVersion) as error:
        raise UsageError(f"{package} is not installed here: {error}", "name a release that has it with --bad") from None


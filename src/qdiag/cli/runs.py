"""``qdiag runs``: what lies below ``qdiag-runs/``, and a way to be rid of it."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from qdiag.cli import options
from qdiag.cli.console import PatientConsole
from qdiag.errors import UsageError
from qdiag.report.content.figures import count, size
from qdiag.report.formats.terminal import COLOURS, print_lines
from qdiag.trace.run_folder import RUNS
from qdiag.trace.run_list import FILES, Listed, delete, list_runs, older_than_newest
from qdiag.visible import make_visible


@click.command(name="runs", epilog="Example:  qdiag runs --clean --keep 2")
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False), default=Path(RUNS))
@click.option("--clean", is_flag=True, help="Delete all runs but the newest ones of each script; asks first.")
@click.option("--keep", type=click.IntRange(min=0), default=1, show_default=True, metavar="N", help="How many of each script stay.")
@click.option("--yes", is_flag=True, help="Do not ask before runs are deleted.")
@options.json_only
@click.option("-q", "--quiet", is_flag=True, help="The folders' names only.")
@click.option("-v", "--verbose", is_flag=True, help="Also say what each file of a run is.")
def command(folder: Path, clean: bool, keep: int, yes: bool, as_json: bool, quiet: bool, verbose: bool) -> None:
    """List the runs in FOLDER, the newest first: verdict, calls, size, and when each last changed.

    [default of FOLDER: qdiag-runs]
    """
    found = list_runs(folder)
    if clean:
        _clean(older_than_newest(found, keep), yes=yes)
    elif as_json:
        click.echo(json.dumps([_record(run) for run in found], indent=1))
    elif quiet:
        click.echo("".join(f"{make_visible(str(run.path))}\n" for run in found), nl=False)
    elif not found:
        click.echo(f"there is no run in {make_visible(str(folder))}; record one with: qdiag trace SCRIPT")
    else:
        _print(found, verbose=verbose)


def _clean(old: tuple[Listed, ...], *, yes: bool) -> None:
    if not old:
        click.echo("there is nothing to delete", err=True)
        return
    what = f"{count(len(old), 'run')}, {size(sum(run.size for run in old))}"
    for run in old:
        click.echo(make_visible(str(run.path)))
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError(f"{what} would be deleted, and there is nobody to ask", "add --yes")
        click.confirm(f"Delete {what}?", abort=True, err=True)
    delete(old)
    click.echo(f"deleted {what}", err=True)


def _record(run: Listed) -> dict[str, object]:
    return {"path": str(run.path), "verdict": run.verdict, "calls": run.calls, "bytes": run.size, "changed": round(run.changed, 3)}


def _print(runs: tuple[Listed, ...], *, verbose: bool) -> None:
    console = PatientConsole()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("Run", overflow="fold")
    table.add_column("Verdict", no_wrap=True)
    for title in ("Calls", "Size"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("Changed", no_wrap=True)
    for run in runs:
        word = run.verdict.upper() if run.verdict.upper() in COLOURS else run.verdict
        changed = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.changed))
        cells = (make_visible(str(run.path)), Text(word, style=COLOURS.get(word, "")), str(run.calls), size(run.size), changed)
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in cells))
    print_lines(console, table)
    if verbose:
        files = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        files.add_column("File", no_wrap=True)
        files.add_column("What it is", overflow="fold")
        for name, meaning in FILES:
            files.add_row(Text(name), Text(meaning))
        print_lines(console, files)

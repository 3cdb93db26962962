"""``qdiag known``: faults of PennyLane that were reproduced, on which releases they are, and which of them a run touches."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

import click
from rich.console import Group
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from qdiag.cli import completion, options
from qdiag.cli.console import PatientConsole
from qdiag.report.content.figures import calls as calls_in_words
from qdiag.report.content.figures import count, listing
from qdiag.report.content.known_faults import KnownFault, Touched, known_faults, record_of, touched_by
from qdiag.report.formats.terminal import print_lines
from qdiag.trace import run_folder


@click.command(name="known", epilog="Example:  qdiag known qdiag-runs/train-1")
@click.argument("run", required=False, type=click.Path(path_type=Path), shell_complete=completion.runs)
@click.option("--release", metavar="RELEASE", help="Only what is on this release of PennyLane.")
@click.option("-q", "--quiet", is_flag=True, help="Titles only.")
@options.json_only
def command(run: Optional[Path], release: Optional[str], quiet: bool, as_json: bool) -> None:
    """List faults of PennyLane that were reproduced, with the releases that have them.

    With RUN, only those whose operations and methods are in the run, on its PennyLane: nothing need be wrong at its points.
    """
    if run is not None:
        _of_run(run, quiet=quiet, as_json=as_json)
        return
    faults = [fault for fault in known_faults() if release is None or fault.affects(release)]
    if as_json:
        click.echo(json.dumps([record_of(fault) for fault in faults], indent=1))
    elif quiet:
        click.echo("".join(f"{fault.title}\n" for fault in faults), nl=False)
    else:
        _print([(fault, "") for fault in faults])
        click.echo(f"{count(len(faults), 'fault')}; the releases are measured, each by a script that shows it")


def _of_run(run: Path, *, quiet: bool, as_json: bool) -> None:
    from qdiag.trace.reader import Trace

    with Trace.open(run_folder.find(run).trace) as trace:
        version, total = trace.environment.version("pennylane"), len(trace)
        found = touched_by(trace.calls(), version)
    if as_json:
        click.echo(json.dumps([{**record_of(one.fault), "calls": list(one.calls), "qnode": one.qnode} for one in found], indent=1))
    elif quiet:
        click.echo("".join(f"{one.fault.title}\n" for one in found), nl=False)
    elif not total:
        click.echo("no QNode call was recorded in this run")
    elif not found:
        click.echo(f"nothing that is known of PennyLane {version} has the operations and methods of this run")
    else:
        _print([(one.fault, _where(one, total)) for one in found])
        click.echo("the run has their operations under their methods: that says where to look, not that it is wrong there")


def _where(touched: Touched, total: int) -> str:
    return f"{touched.qnode}, {calls_in_words(touched.calls, total)}"


def _print(rows: Sequence[tuple[KnownFault, str]]) -> None:
    table = Table(Column("What", overflow="fold"), Column("PennyLane", overflow="fold"), box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for fault, where in rows:
        details = [f"{listing(fault.methods)}; {fault.promise.value}; {fault.reference}", *([where] if where else [])]
        # indented as a whole: so is what a narrow screen puts on a line of its own
        told = Group(Text(fault.title, overflow="fold"), *(Padding(Text(line, overflow="fold"), (0, 0, 0, 2)) for line in details))
        fixed = f"fixed in {fault.first_fixed}" if fault.first_fixed else ""
        table.add_row(told, Text("\n".join(filter(None, (fault.releases, fixed)))))
    print_lines(PatientConsole(), table)

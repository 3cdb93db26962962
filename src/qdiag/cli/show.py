"""``qdiag show``: what a trace holds, call by call, and what judging it found there."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any, Optional

import click
from rich.table import Column, Table
from rich.text import Text

from qdiag.cli import completion, options
from qdiag.cli.console import PatientConsole
from qdiag.errors import UsageError
from qdiag.model.call import Call
from qdiag.pipeline.coverage import unseen_in
from qdiag.pipeline.reports import judged_outline
from qdiag.report.content.chapters import flow
from qdiag.report.content.costs import HEADER, costs_in
from qdiag.report.content.figures import NOTHING, count, units
from qdiag.report.content.method_names import full, names_of
from qdiag.report.formats.terminal import print_lines
from qdiag.report.outline import Document, GapPlot
from qdiag.report.redacting.redaction import redact, secrets_of_this_machine
from qdiag.trace import run_folder
from qdiag.trace.reader import Trace
from qdiag.trace.run_folder import RunFolder

PLACES = ("QNode arguments", "circuit parameters", "device state", "QNode output", "handed on")
"""The stations of a call that are shown, in their order; only a layer hands on."""

LEGEND = ("arguments", "circuit", "device", "outputs", "layer")
"""What the stations are called below the table."""

MOST_ROWS = 40
"""A table longer than this is cut in the middle, unless everything is asked for."""


@click.command(name="show", epilog="Example:  qdiag show qdiag-runs/train-1")
@click.argument("run", required=False, type=click.Path(path_type=Path), shell_complete=completion.runs)
@click.option("-v", "--verbose", "--all", "everything", is_flag=True, help="Every call, however many there are.")
@click.option("-q", "--quiet", is_flag=True, help="How many calls, structures and steps only.")
@click.option("--costs", is_flag=True, help="What a gradient takes under each method, and which right one is the cheapest.")
@options.json_only
def command(run: Optional[Path], everything: bool, quiet: bool, costs: bool, as_json: bool) -> None:
    """List what the trace of RUN holds (the last run, if none is named): calls, QNodes, steps, dtypes as they flow.

    Where the run was judged, also the gap at each call, and what each method took.
    """
    found = run_folder.find(run)
    judged = _stored_document(found)
    if costs:
        _show_costs(judged, found, as_json=as_json)
        return
    with Trace.open(found.trace) as trace:
        # what is shown is what people paste
        secrets = secrets_of_this_machine(trace.script)
        rows = redact([_row(call, judged.gaps if judged else None) for call in trace.calls()], secrets)
        unseen = redact([one.text for one in unseen_in(trace) if one.text], secrets)
        if as_json:
            click.echo(json.dumps({**_everything(rows, judged), "unseen": unseen}, indent=1))
            return
        steps = sum(1 for event in trace.events if event.kind == "step")
        structures = len(trace.first_of_each_structure())
        click.echo(f"{count(len(rows), 'QNode call')} · {count(structures, 'circuit structure')} · {count(steps, 'optimiser step')}")
    if not quiet:
        for text in unseen:
            click.echo(text)
        if rows:
            _print(rows, judged, everything)


def _show_costs(judged: Optional[Document], run: RunFolder, *, as_json: bool) -> None:
    """What each method takes, and which to use."""
    if judged is None:
        raise UsageError(f"{run.path} is not judged yet", f"judge it with: qdiag diagnose {shlex.quote(str(run.path))}")
    found = costs_in(judged.record)
    if as_json:
        cheapest = None if found.cheapest is None else full(found.cheapest)
        click.echo(json.dumps({"costs": judged.record.get("costs", []), "cheapest": cheapest, "says": found.sentences}, indent=1))
        return
    console = PatientConsole()
    if found.rows:
        left, right = Column(Text(HEADER[0]), overflow="fold"), [Column(Text(title), justify="right") for title in HEADER[1:]]
        table = Table(left, *right, box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
        for row in found.rows:
            table.add_row(*map(Text, row))
        print_lines(console, table)
        click.echo()
    for sentence in found.sentences:
        print_lines(console, Text(sentence))


def _stored_document(run: RunFolder) -> Optional[Document]:
    return judged_outline(run) if run.outline.exists() else None


def _everything(rows: list[dict[str, Any]], judged: Optional[Document]) -> dict[str, Any]:
    """Calls, the QNodes that made them, and what judging measured."""
    return {
        "stations": PLACES,
        "calls": [{**row, "method": full(row["method"])} for row in rows],
        "qnodes": list(dict.fromkeys(row["qnode"] for row in rows)),
        "gap_unit": judged.gaps.unit if judged and judged.gaps else None,
        # numbers, as findings.json has them
        "costs": judged.record.get("costs", []) if judged else [],
    }


def _row(call: Call, gaps: Optional[GapPlot]) -> dict[str, Any]:
    stations = {station.place: station.dtype for station in flow(call)}
    if call.failure:
        stations["QNode output"] = call.failure.type
    places = [place for place in PLACES if place in stations or place != "handed on"]
    return {
        "call": call.index,
        "step": call.step,
        "qnode": call.configuration.label,
        "source": str(call.source),
        "method": call.configuration.method,
        "dtypes": [stations.get(place) for place in places],
        "gaps": {} if gaps is None else _gaps(call.index, gaps),
    }


def _gaps(index: int, plot: GapPlot) -> dict[str, float]:
    """How far each method is from the user's own at a call, in units of the working precision; exact agreement is left out."""
    places = {curve.method: dict(zip(curve.calls, curve.heights)) for curve in plot.curves}
    return {method: heights[index] for method, heights in places.items() if index in heights}


def _print(rows: list[dict[str, Any]], judged: Optional[Document], everything: bool) -> None:
    console = PatientConsole()
    names = names_of([row["method"] for row in rows])
    if names.place:
        console.print(Text(f"methods on {names.place}, unless another device is named"))
    titles = ["call", "step", "QNode", "where", "method", "dtypes"]
    gaps = judged.gaps if judged else None
    if gaps is not None:
        titles.append("gap")
    table = Table(*titles, box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    shown = rows if everything or len(rows) <= MOST_ROWS else [*rows[: MOST_ROWS // 2], None, *rows[-MOST_ROWS // 2 :]]
    for row in shown:
        cells = _cells({**row, "method": names.short(row["method"])}) if row else ["…"] * len(titles)
        table.add_row(*map(Text, cells[: len(titles)]))
    print_lines(console, table)
    stations = "→".join(LEGEND[: max(len(row["dtypes"]) for row in rows)])
    console.print(Text(f"dtypes: {stations}; f is float, c complex, i int"))
    if gaps is not None:
        but = ", finite differences left out" if any(map(_is_of_a_step, (curve.method for curve in gaps.curves))) else ""
        console.print(Text(f"gap: the largest to another method{but}, in {gaps.unit}"))
    if judged is not None and judged.costs is not None:
        costs = Table(*(Column(Text(title)) for title in judged.costs.header), box=None, header_style="bold")
        for cost in judged.costs.rows:
            costs.add_row(*map(Text, cost))
        console.print()
        print_lines(console, costs)


def _cells(row: dict[str, Any]) -> list[str]:
    """The row as texts, of the gaps the largest."""
    largest = max((gap for method, gap in row["gaps"].items() if not _is_of_a_step(method)), default=None)
    texts = {**row, "dtypes": "→".join(_short(dtype or NOTHING) for dtype in row["dtypes"])}
    return [*(str(cell) for name, cell in texts.items() if name != "gaps"), NOTHING if largest is None else units(largest)]


def _is_of_a_step(method: str) -> bool:
    """Whether a method takes finite differences: what their step leaves out, in any precision, is more than any gap of rounding's."""
    return "finite-diff" in method


def _short(dtype: str) -> str:
    """A dtype as it fits into a line: ``f32``."""
    for name in ("float", "complex", "int"):
        dtype = re.sub(rf"\b{name}(?=\d)", name[0], dtype)
    return dtype

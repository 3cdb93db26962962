"""``qdiag show``: what a trace holds, call by call, and what judging it found there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional

import click
from rich.console import Console
from rich.table import Table

from qdiag import pipeline, run_directory
from qdiag.call import Call
from qdiag.cli import options
from qdiag.report.figures import units
from qdiag.report.outline import Document, GapPlot
from qdiag.report.redaction import redacted, secrets_of_this_machine
from qdiag.run_directory import RunDirectory
from qdiag.trace_file import Trace

MOST_ROWS = 40
"""A table longer than this is cut in the middle, unless everything is asked for."""


@click.command(name="show", epilog="Example:  qdiag show qdiag-runs/train-1")
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option("-v", "--verbose", "--all", "everything", is_flag=True, help="Every call, however many there are.")
@click.option("-q", "--quiet", is_flag=True, help="How many calls, structures and steps only.")
@options.json_only
def command(run: Optional[Path], everything: bool, quiet: bool, as_json: bool) -> None:
    """List what the trace of RUN holds (the last run, if none is named): calls, QNodes, steps, dtypes as they flow.

    Where the run was judged, also the gap at each call, and what each method took.
    """
    found = run_directory.find(run)
    judged = _judged(found)
    with Trace.open(found.trace) as trace:
        # what is shown is what people paste
        secrets = secrets_of_this_machine(trace.script)
        rows = [redacted(_row(call, judged.gaps if judged else None), secrets) for call in trace.calls()]
        if as_json:
            click.echo(json.dumps(rows, indent=1))
            return
        steps = sum(1 for event in trace.events if event.kind == "step")
        click.echo(f"{len(rows)} QNode calls · {len(set(trace.structures))} circuit structures · {steps} optimiser steps")
    if not quiet:
        _print(rows, judged, everything)


def _judged(run: RunDirectory) -> Optional[Document]:
    return pipeline.reported(run) if run.outline.exists() else None


def _row(call: Call, gaps: Optional[GapPlot]) -> dict[str, Any]:
    circuit = ", ".join(sorted({p.value.dtype.name for p in call.circuit.parameters})) or "–"
    outputs = ", ".join(sorted({output.dtype.name for output in call.outputs or ()})) or "–"
    arguments = ", ".join(sorted({a.dtype for a in call.arguments if a.dtype})) or "–"
    flow = [arguments, circuit, call.failure.type if call.failure else outputs, *([call.layer_dtype] if call.layer_dtype else [])]
    return {
        "call": call.index,
        "step": call.step,
        "qnode": call.configuration.qnode,
        "source": str(call.source),
        "method": str(call.configuration.method),
        "dtypes": " → ".join(flow),
        "gaps": {} if gaps is None else _gaps(call.index, gaps),
    }


def _gaps(index: int, plot: GapPlot) -> dict[str, float]:
    """How far each method is from the user's own at a call, in units of the working precision; exact agreement is left out."""
    places = {curve.method: dict(zip(curve.calls, curve.heights)) for curve in plot.curves}
    return {method: heights[index] for method, heights in places.items() if index in heights}


def _print(rows: list[dict[str, Any]], judged: Optional[Document], everything: bool) -> None:
    shown = rows if everything or len(rows) <= MOST_ROWS else [*rows[: MOST_ROWS // 2], None, *rows[-MOST_ROWS // 2 :]]
    titles = ["call", "step", "QNode", "where", "method", "arguments → circuit → outputs → layer"]
    gaps = judged.gaps if judged else None
    if gaps is not None:
        titles.append(f"gap, {gaps.unit}")
    table = Table(*titles, box=None, header_style="bold")
    for row in shown:
        table.add_row(*_cells(row)[: len(titles)] if row else ["…"] * len(titles))
    console = Console()
    console.print(table)
    if judged is not None and judged.costs is not None:
        costs = Table(*judged.costs.header, box=None, header_style="bold")
        for cells in judged.costs.rows:
            costs.add_row(*cells)
        console.print()
        console.print(costs)


def _cells(row: dict[str, Any]) -> list[str]:
    """The row as texts, of the gaps the largest."""
    largest = max(row["gaps"].values(), default=None)
    return [*(str(cell) for name, cell in row.items() if name != "gaps"), "–" if largest is None else units(largest)]

"""``qdiag show``: what a trace holds, call by call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional

import click
from rich.console import Console
from rich.table import Table

from qdiag import run_directory
from qdiag.call import Call
from qdiag.trace_file import Trace

MOST_ROWS = 40
"""A table longer than this is cut in the middle, unless everything is asked for."""


@click.command(name="show", epilog="Example:  qdiag show qdiag-runs/train-1")
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Every call, however many there are.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(run: Optional[Path], everything: bool, as_json: bool) -> None:
    """List what the trace of RUN holds (the last run, if none is named): calls, QNodes, steps, dtypes as they flow."""
    with Trace.open(run_directory.find(run).trace) as trace:
        rows = [_row(call, trace.structure_of(call.index)) for call in trace.calls()]
        if as_json:
            click.echo(json.dumps(rows, indent=1))
            return
        steps = sum(1 for event in trace.events if event.kind == "step")
        click.echo(f"{len(rows)} QNode calls · {len(set(trace.structures))} circuit structures · {steps} optimiser steps")
    shown = rows if everything or len(rows) <= MOST_ROWS else [*rows[: MOST_ROWS // 2], None, *rows[-MOST_ROWS // 2 :]]
    table = Table("call", "step", "QNode", "where", "method", "arguments → circuit → outputs → layer", box=None, header_style="bold")
    for row in shown:
        table.add_row(*(str(cell) for cell in row.values()) if row else ["…"] * 6)
    Console().print(table)


def _row(call: Call, structure: str) -> dict[str, Any]:
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
    }

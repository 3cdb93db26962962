"""``qdiag hunt``: PennyLane's own devices and methods, over the whole space of circuits."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

import click

from qdiag.cli import completion, options
from qdiag.cli.progress import Voice
from qdiag.errors import ExitCode
from qdiag.model.hunt import Find, Hunt
from qdiag.model.method import DETERMINISTIC
from qdiag.pipeline import signals
from qdiag.trace import run_folder
from qdiag.trace.run_folder import RunFolder

New = Optional[Sequence[Find]]
"""Finds that an earlier hunt has not; None where there is none to hold it against."""


@click.command(name="hunt", epilog="Example:  qdiag hunt --operation TrotterProduct --method adjoint")
@click.option(
    "--device",
    "devices",
    multiple=True,
    metavar="NAME",
    help="Only this device; may be repeated.  [default: PennyLane's own that are installed]",
    shell_complete=completion.devices,
)
@click.option("--operation", "only", multiple=True, metavar="NAME", help="Only this operation or measurement; may be repeated.")
@click.option(
    "--method",
    "methods",
    multiple=True,
    type=click.Choice(DETERMINISTIC),
    metavar="NAME",
    help="Only this differentiation method; may be repeated.  [default: all that are deterministic]",
)
@click.option("--module", default="", metavar="MODULE", help="Import this module: its operations are asked for, too.")
@click.option(
    "--against", metavar="RELEASE|DIR", help="Fail only where something is new since this hunt: its folder, or PennyLane's release."
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Take no longer than this; the plainest circuits come first.",
)
@click.option(
    "--seeds",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    metavar="RUN",
    help="Ask what this recorded run computes, too, and circuits near that; may be repeated.",
)
@click.option(
    "--random", type=click.IntRange(min=0), default=200, show_default=True, metavar="N", help="So many random circuits, last of all."
)
@click.option(
    "--near", type=click.IntRange(min=0), default=8, show_default=True, metavar="N", help="So many circuits near each find."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N", help="Of the numbers in the circuits.")
@click.option("--quick", is_flag=True, help="Only find: look for no cause.")
@options.workers
@click.option(
    "--resume", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Go on with a hunt that was interrupted."
)
@options.output
@options.talk
def command(
    devices: tuple[str, ...],
    only: tuple[str, ...],
    methods: tuple[str, ...],
    module: str,
    against: Optional[str],
    budget: Optional[float],
    seeds: tuple[Path, ...],
    random: int,
    near: int,
    seed: int,
    quick: bool,
    jobs: Optional[int],
    cluster: str,
    resume: Optional[Path],
    out: Optional[Path],
    force: bool,
    as_json: bool,
    quiet: int,
    verbose: bool,
) -> int:
    """Look for wrong gradients in PennyLane itself: every operation, measurement and differentiation method on its own devices.

    Each circuit is evaluated in a worker that may die. What is wrong by our reference and by numerical differentiation of the
    QNode itself is a hit; hits of one cause are one find, which is diagnosed and shrunk. The exit code is 1 where there is one,
    with --against where one is new.
    """
    from qdiag.pipeline.hunt import Asked, hunt
    from qdiag.trace.earlier_hunts import earlier_hits

    before = None if against is None else earlier_hits(against)
    if module:
        # where `python -m` would search for it
        sys.path.insert(0, os.getcwd())
    asked = Asked(devices, module, methods, frozenset(only), seed, jobs, budget, not quick, cluster, random, near, seeds)
    run = run_folder.create("hunt", out, force=force) if resume is None else RunFolder(resume)
    voice = Voice(quiet, verbose)
    found = hunt(asked, run, voice)
    new = None if before is None else [find for find in found.offered if not any(hit.key in before for hit in find.hits)]
    _show(found, new, run, voice, as_json=as_json)
    return _exit_code(found, new)


def _exit_code(hunt: Hunt, new: New) -> int:
    if hunt.interrupted:
        return int(signals.code_of_interruption())
    if hunt.offered if new is None else new:
        return int(ExitCode.ERROR_FOUND)
    from qdiag.report.content.hunt import verdict_of

    return int(ExitCode.INCONCLUSIVE if verdict_of(hunt) == "INCONCLUSIVE" else ExitCode.NOTHING_BEYOND_ROUNDING)


def _show(hunt: Hunt, new: New, run: RunFolder, voice: Voice, *, as_json: bool) -> None:
    from qdiag.pipeline.certificate_files import write_hunt
    from qdiag.report.content import hunt as content
    from qdiag.report.formats import certificate_json, certificate_terminal

    page = content.page(hunt, new=new, wrote=str(run.path))
    with voice.progress("writing the report"):
        write_hunt(page, run)
    if as_json:
        click.echo(certificate_json.line(page))
    elif voice.quiet < 2:
        certificate_terminal.render(page, voice.console, verbose=voice.verbose)

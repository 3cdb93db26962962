"""``qdiag minimize``: shrink a finding's circuit to the few operations that matter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Optional

import click

from qdiag.cli import completion, options
from qdiag.cli.outcome import say_interrupted, show_outline
from qdiag.cli.progress import Voice
from qdiag.pipeline.asked import asked_again, asked_before
from qdiag.pipeline.reports import as_told_here
from qdiag.pipeline.run_options import Options, code_of_outline
from qdiag.pipeline.shrinking import shrink_findings
from qdiag.trace import run_folder


@click.command(name="minimize", epilog="Example:  qdiag minimize --budget 300 qdiag-runs/train-1")
@click.argument("run", required=False, type=click.Path(path_type=Path), shell_complete=completion.runs)
@click.option("--call", type=click.IntRange(min=0), metavar="N", help="The finding at this call.")
@click.option("--finding", type=click.IntRange(min=1), metavar="N", help="The report's N-th finding.  [default: all]")
@click.option("--budget", type=click.FloatRange(min=1), default=300.0, show_default=True, metavar="SECONDS", help="For each finding.")
@options.workers
@options.trust
@options.talk
def command(
    run: Optional[Path],
    call: Optional[int],
    finding: Optional[int],
    budget: float,
    jobs: Optional[int],
    cluster: str,
    trust: bool,
    as_json: bool,
    quiet: int,
    verbose: bool,
) -> int:
    """Shrink the findings of RUN (the last run, if none is named), and write their reproducers anew.

    Nothing else of the run is touched: neither its verdict, nor other findings, nor their reproducers.
    """
    found = run_folder.find(run)
    voice = Voice(quiet, verbose)
    chosen = Options(jobs=jobs, trusted=trust, seconds=budget, own_process=True, cluster=cluster)
    plan = asked_again(replace(chosen.plan, trusted=trust), asked_before(found), methods=False, tolerance=False, assumed=False)
    shrunk = shrink_findings(found, finding, call, replace(chosen, plan=plan), voice)
    if not shrunk.any:
        voice.say("there is nothing to shrink: the run has no finding with a circuit")
    show_outline(as_told_here(shrunk.outline, found), voice, as_json=as_json)
    if shrunk.interrupted:
        return say_interrupted(found)
    return int(code_of_outline(shrunk.outline))

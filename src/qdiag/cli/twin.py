"""``qdiag twin``: train again under controlled changes, and say why the losses part."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Optional

import click

from qdiag.cli import completion, options
from qdiag.cli.progress import Voice
from qdiag.errors import UsageError
from qdiag.model.method import DIFF_METHODS
from qdiag.trace import run_folder


@click.command(
    name="twin",
    context_settings={"allow_interspersed_args": False, "ignore_unknown_options": False},
    epilog="Example:  qdiag twin --methods adjoint train.py -- default.qubit backprop",
)
@click.option("-m", "module", is_flag=True, help="SCRIPT is a module's name, run as python -m does.")
@click.option(
    "--methods",
    default="auto",
    show_default=True,
    metavar="LIST",
    help="Other methods, by comma. auto: the first that works.",
    shell_complete=completion.methods,
)
@click.option(
    "--controls",
    type=click.IntRange(min=1, max=50),
    default=5,
    show_default=True,
    metavar="N",
    help="Runs with one weight nudged by one ulp.",
)
@click.option(
    "--mechanism", is_flag=True, help="Also change one factor of the training at a time: learning rate, Adam's eps, SGD, the loss."
)
@click.option("--earlier", type=click.Path(path_type=Path), metavar="RUN", help="A run recorded before serves as the first one.")
@click.option("--scratch", is_flag=True, help="Run in copies of the script's folder.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, metavar="N", help="Runs side by side.")
@click.option("--yes", is_flag=True, help="Do not ask before the script is run again.")
@options.output
@options.verdicts
@options.talk
@click.argument("script", shell_complete=completion.files)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, shell_complete=completion.files)
def command(
    script: str,
    arguments: tuple[str, ...],
    module: bool,
    methods: str,
    controls: int,
    mechanism: bool,
    earlier: Optional[Path],
    scratch: bool,
    jobs: int,
    yes: bool,
    out: Optional[Path],
    force: bool,
    fail_on: str,
    as_json: bool,
    quiet: int,
    verbose: bool,
) -> int:
    """Run SCRIPT again under controlled changes, align the runs step by step, and explain how the trainings part.

    Options of qdiag come before SCRIPT; everything after it goes to the script (a first -- is dropped).
    """
    from qdiag.cli.outcome import show_outcome
    from qdiag.pipeline import twin_runs
    from qdiag.twins.runs import Wish

    argv = arguments[1:] if arguments[:1] == ("--",) else arguments
    options.check_script(script, module)
    wish = Wish(_methods(methods), controls, mechanism, jobs)
    trace = run_folder.find(earlier).trace if earlier is not None else None
    twin = twin_runs.Twin(script, argv, module, wish, trace, scratch)
    voice = Voice(quiet, verbose)
    voice.say(twin_runs.announcement(twin))
    if not yes and sys.stdin.isatty() and sys.stderr.isatty():
        click.confirm("Run them?", abort=True, err=True)
    run = run_folder.create(_run_name(script), out, force=force)
    outcome = twin_runs.run(twin, run, voice)
    return show_outcome(outcome, voice, fail_on=fail_on, as_json=as_json)


def _methods(written: str) -> tuple[str, ...]:
    if written == "auto":
        return ()
    names = tuple(name.strip().rpartition("/")[2] for name in written.split(","))
    for name in names:
        if name not in DIFF_METHODS:
            raise UsageError(f"there is no differentiation method '{name}'", f"choose among {', '.join(DIFF_METHODS)}")
    return names


def _run_name(script: str) -> str:
    """The script's own name with what this run is: folders of the path are no part of it."""
    name = Path(script).stem if script.endswith(".py") else script.rpartition(".")[2]
    return f"{name}-twin.py"

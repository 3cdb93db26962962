"""``qdiag certify``: what a device may be trusted with, tried out."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

import click

from qdiag.cli import completion, options
from qdiag.cli.progress import Voice
from qdiag.errors import ExitCode, UsageError
from qdiag.model.certificate import Cell, Certificate
from qdiag.model.method import DIFF_METHODS
from qdiag.model.option import Options
from qdiag.pipeline import signals
from qdiag.trace import run_folder
from qdiag.trace.run_folder import RunFolder

Worse = Optional[Sequence[tuple[Cell, str]]]
"""Cells that are worse than in an earlier certificate, each with what it was; None where there is none to hold it against."""


@click.command(name="certify", epilog="Example:  qdiag certify lightning.qubit --budget 600")
@click.option("--option", "given", multiple=True, metavar="NAME=VALUE", help="What the device is made with; may be repeated.")
@click.option("--module", default="", metavar="MODULE", help="Import this module: it defines the device, by its name or its class's.")
@click.option("--operation", "only", multiple=True, metavar="NAME", help="Only this operation or measurement; may be repeated.")
@click.option(
    "--methods",
    default="auto",
    show_default=True,
    metavar="LIST",
    help="Differentiation methods, separated by commas. auto: all that the device offers, but finite differences.",
    shell_complete=completion.methods,
)
@click.option(
    "--against",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Fail only where a cell is worse than in this certificate.json.",
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Take no longer than this; the plainest circuits come first.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N", help="Of the angles in the circuits.")
@click.option("--quick", is_flag=True, help="Only the matrix: look for no cause.")
@options.workers
@click.option(
    "--resume", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Go on with a run that was interrupted."
)
@options.output
@options.talk
@click.argument("device", shell_complete=completion.devices)
def command(
    device: str,
    given: tuple[str, ...],
    module: str,
    only: tuple[str, ...],
    methods: str,
    against: Optional[Path],
    budget: Optional[float],
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
    """Try every operation, measurement and differentiation method that DEVICE accepts against a reference of our own.

    Each circuit is evaluated in a worker that may die. What is wrong without a word is diagnosed and shrunk. The exit code is 1 where
    there is such a fault, with --against where a cell is worse than it was.
    """
    from qdiag.pipeline.certify import Asked, certify
    from qdiag.trace.cells_file import read_certificate

    before = None if against is None else read_certificate(against)
    if module:
        # where `python -m` would search for it
        sys.path.insert(0, os.getcwd())
    chosen = _methods_of(methods)
    asked = Asked(device, _options_of(given), module, chosen, frozenset(only), seed, jobs, budget, not quick, cluster)
    name = device.replace(".", "-")
    run = run_folder.create(name, out, force=force) if resume is None else RunFolder(resume)
    voice = Voice(quiet, verbose)
    certificate = certify(asked, run, voice)
    worse = None
    if before is not None:
        from qdiag.certifying.against import worse_cells

        worse = worse_cells(certificate.cells, before)
    _show(certificate, worse, run, voice, as_json=as_json)
    return _exit_code(certificate, worse)


def _exit_code(certificate: Certificate, worse: Worse) -> int:
    if certificate.interrupted:
        return int(signals.code_of_interruption())
    if worse if worse is not None else certificate.silent:
        return int(ExitCode.ERROR_FOUND)
    from qdiag.report.content.certificate import verdict_of

    return int(ExitCode.INCONCLUSIVE if verdict_of(certificate) == "INCONCLUSIVE" else ExitCode.NOTHING_BEYOND_ROUNDING)


def _show(certificate: Certificate, worse: Worse, run: RunFolder, voice: Voice, *, as_json: bool) -> None:
    from qdiag.pipeline.certificate_files import write_certificate
    from qdiag.report.content import certificate as content
    from qdiag.report.formats import certificate_json, certificate_terminal

    page = content.page(certificate, worse=worse, wrote=str(run.path))
    with voice.progress("writing the certificate"):
        write_certificate(page, run)
    if as_json:
        click.echo(certificate_json.line(page))
    elif voice.quiet < 2:
        certificate_terminal.render(page, voice.console, verbose=voice.verbose)


def _options_of(given: tuple[str, ...]) -> Options:
    """What the device is given: numbers, truth values and None as Python writes them, all else as text."""
    found: dict[str, bool | int | float | str | None] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"'{text}' gives no option", "write --option NAME=VALUE")
        try:
            literal = ast.literal_eval(value)
        except (SyntaxError, ValueError):
            literal = value
        found[name] = literal if literal is None or isinstance(literal, (bool, int, float, str)) else value
    return tuple(sorted(found.items()))


def _methods_of(written: str) -> tuple[str, ...]:
    if written == "auto":
        return ()
    names = tuple(dict.fromkeys(name.strip() for name in written.split(",") if name.strip()))
    unknown = [name for name in names if name not in DIFF_METHODS]
    if unknown:
        raise UsageError(f"unknown differentiation method '{unknown[0]}'", "known are " + ", ".join(DIFF_METHODS))
    return names

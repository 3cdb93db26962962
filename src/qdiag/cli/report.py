"""``qdiag report``: the report of a run, in the format that its reader needs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Callable, Optional

import click
from rich.console import Console

from qdiag import pipeline, run_directory, synthetic
from qdiag.cli import options
from qdiag.errors import OutputError, UsageError
from qdiag.report import bundle as zip_bundle
from qdiag.report import findings_json, github, html, markdown, terminal
from qdiag.report.outline import Document
from qdiag.workers import Workers

REPOSITORY = "PennyLaneAI/pennylane"

FORMATS = {"markdown": markdown.render, "html": html.render, "json": findings_json.render}


@click.command(name="report", epilog="Example:  qdiag report --github")
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option("--format", "kind", type=click.Choice(["terminal", *FORMATS]), default="terminal", show_default=True, help="Format.")
@click.option("--finding", type=click.IntRange(min=1), default=1, metavar="N", help="The finding that an issue is about.  [default: 1]")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write here instead of stdout.")
@click.option("--github", "as_issue", is_flag=True, help="The text for PennyLane's bug form, field by field.")
@click.option("--url", "as_url", is_flag=True, help="The address of the bug form with every field filled in.")
@click.option("--gh", "send", is_flag=True, help="Open the issue with the gh command, after showing it and asking.")
@click.option("--bundle", type=click.Path(path_type=Path, dir_okay=False), metavar="ZIP", help="Write a zip to attach to an issue.")
@click.option("--with-trace", is_flag=True, help="Put the trace into the zip: it holds your data, unredacted.")
@click.option("--synthetic", "invented", is_flag=True, help="On made-up numbers that still show the finding; read it before sending.")
@options.trust
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("-q", "--quiet", is_flag=True, help="Do not say which file was written.")
@click.option("-v", "--verbose", is_flag=True, help="All evidence, all refusals.")
def command(
    run: Optional[Path],
    kind: str,
    finding: int,
    output: Optional[Path],
    as_issue: bool,
    as_url: bool,
    send: bool,
    bundle: Optional[Path],
    with_trace: bool,
    invented: bool,
    trust: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Print the report of RUN (the last run, if none is named)."""
    say = _nothing if quiet else _say
    kind = "json" if as_json else kind
    found = run_directory.find(run)
    if invented and with_trace:
        raise UsageError("the trace holds the numbers that --synthetic leaves out", "leave out --with-trace or --synthetic")
    document = _invented(found, finding, trust) if invented else pipeline.reported(found)
    finding = 1 if invented else finding
    if bundle is not None:
        zip_bundle.write(bundle, zip_bundle.contents(document, finding), found.trace if with_trace else None)
        say(f"wrote {bundle}")
    elif as_issue or as_url or send:
        _issue(document, finding, output, as_url, send, say)
    elif kind == "terminal" and output is None:
        terminal.render(document, Console(), verbose=verbose)
    elif kind == "terminal":
        with output.open("w", encoding="utf-8") as stream:  # type: ignore[union-attr]
            terminal.render(document, Console(file=stream, width=80), verbose=verbose)
    else:
        _put(FORMATS[kind](document), output, say)


def _invented(run: run_directory.RunDirectory, number: int, trusted: bool) -> Document:
    with Workers(forked=True) as workers:
        return synthetic.report(run, number, workers, trusted=trusted)


Say = Callable[[str], None]


def _say(text: str) -> None:
    click.echo(text, err=True)


def _nothing(text: str) -> None:
    return


def _issue(document: Document, number: int, output: Optional[Path], as_url: bool, send: bool, say: Say) -> None:
    if number > len(document.chapters):
        raise UsageError(f"the run has {len(document.chapters)} findings, not {number}", "choose another with --finding")
    issue = github.issue(document, number)
    no_bug = document.chapters[number - 1].no_bug
    if no_bug and (send or as_url):
        raise UsageError(f"finding {number} is nothing to file: {no_bug}", "read what to do in: qdiag report")
    if no_bug:
        say(f"finding {number} is nothing to file: {no_bug}; this text is for people you ask")
    if send:
        _send(issue)
        return
    if not as_url:
        _put(github.form(issue), output, say)
        return
    address = github.address(issue)
    if address.text is not None:
        _put(address.text + "\n", output, say)
        return
    path = output or Path("issue.md")
    _put(github.form(issue), path, _nothing)
    _say(f"the address would have {address.size} bytes, more than GitHub takes: the text is in {path}")


def _send(issue: github.Issue) -> None:
    if shutil.which("gh") is None:
        raise UsageError("the gh command is not installed", "install GitHub's command line, or use --github and paste the text")
    text = github.body(issue)
    click.echo(f"{issue.title}\n\n{text}")
    click.confirm(f"Open this issue at {REPOSITORY}?", abort=True, err=True)
    order = ["gh", "issue", "create", "--repo", REPOSITORY, "--title", issue.title, "--body-file", "-"]
    subprocess.run(order, input=text, text=True, check=True)


def _put(text: str, output: Optional[Path], say: Say) -> None:
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {output}: {error.strerror}", "choose another file with -o") from None
    say(f"wrote {output}")

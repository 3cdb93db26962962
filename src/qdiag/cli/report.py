"""``qdiag report``: the report of a run, in the format that its reader needs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from io import StringIO
from itertools import chain, count
from pathlib import Path
from typing import Callable, Optional

import click
from rich.console import Console

from qdiag.cli import completion, options
from qdiag.cli.console import PatientConsole
from qdiag.errors import OutputError, UsageError
from qdiag.evaluation.workers import Workers
from qdiag.pipeline import synthetic_report
from qdiag.pipeline.reports import as_told_here, judged_outline
from qdiag.report.content import figures
from qdiag.report.formats import bundle as zip_bundle
from qdiag.report.formats import findings_json, github, html, markdown, terminal
from qdiag.report.outline import Document
from qdiag.trace import run_folder
from qdiag.visible import make_visible

REPOSITORY = "PennyLaneAI/pennylane"

FORMATS = {"markdown": markdown.render, "html": html.render, "json": findings_json.render}


@click.command(name="report", epilog="Example:  qdiag report --github")
@click.argument("run", required=False, type=click.Path(path_type=Path), shell_complete=completion.runs)
@click.option("--format", "kind", type=click.Choice(["terminal", *FORMATS]), help="Format.  [default: terminal]")
@click.option("--finding", type=click.IntRange(min=1), metavar="N", help="This finding alone.  [default: all; of an issue, the first]")
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
    kind: Optional[str],
    finding: Optional[int],
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
    """Print the report of RUN (the last run, if none is named) on stdout, or into the file of -o."""
    say = _nothing if quiet else _say
    _only_one({"--format": kind, "--json": as_json, "--github": as_issue, "--url": as_url, "--gh": send, "--bundle": bundle})
    _only_one({"--bundle": bundle, "-o": output})
    _only_one({"--gh": send, "-o": output})
    _only_one({"--with-trace": with_trace, "--synthetic": invented})
    if with_trace and bundle is None:
        raise UsageError("--with-trace puts the trace into a bundle, and there is none", "add --bundle ZIP")
    found = run_folder.find(run)
    document = _synthetic_document(found, finding or 1, trust) if invented else _choose_finding(judged_outline(found), finding)
    if bundle is not None:
        zip_bundle.write(bundle, zip_bundle.contents(document), found.trace if with_trace else None)
        say(f"wrote {bundle}" + ("; the trace in it holds your data, unredacted" if with_trace else ""))
    elif as_issue or as_url or send:
        _issue(document, output, as_url, send, say)
    elif as_json or kind in FORMATS:
        _put(FORMATS["json" if as_json else str(kind)](document), output, say)
    elif output is not None:
        _put(_plain(document, verbose), output, say)
    else:
        terminal.render(as_told_here(document, found), PatientConsole(), verbose=verbose)


def _only_one(given: Mapping[str, object]) -> None:
    """Of options that ask for different things at most one may be given."""
    names = [name for name, value in given.items() if value]
    if len(names) > 1:
        raise UsageError(f"{' and '.join(names)} do not go together", f"leave out {names[-1]}, or call qdiag report twice")


def _choose_finding(document: Document, finding: Optional[int]) -> Document:
    if finding is None:
        return document
    if finding > len(document.chapters):
        there = figures.count(len(document.chapters), "finding")
        raise UsageError(f"the run has {there}, not {finding}", "choose another with --finding")
    return document.of_finding(finding)


def _plain(document: Document, verbose: bool) -> str:
    """The summary as a file has it: 80 columns, no colour."""
    stream = StringIO()
    terminal.render(document, Console(file=stream, width=80), verbose=verbose)
    return stream.getvalue()


def _synthetic_document(run: run_folder.RunFolder, number: int, trusted: bool) -> Document:
    with Workers(forked=True) as workers:
        return synthetic_report.report(run, number, workers, trusted=trusted)


Say = Callable[[str], None]


def _say(text: str) -> None:
    click.echo(make_visible(text), err=True)


def _nothing(text: str) -> None:
    return


def _issue(document: Document, output: Optional[Path], as_url: bool, send: bool, say: Say) -> None:
    if not document.chapters:
        raise UsageError("the run has no finding to write an issue about", "read it with: qdiag report")
    issue, chapter = github.issue(document), document.chapters[0]
    if chapter.no_bug and (send or as_url):
        raise UsageError(f"finding {chapter.number} is nothing to file: {chapter.no_bug}", "read what to do in: qdiag report")
    if chapter.no_bug:
        say(f"finding {chapter.number} is nothing to file: {chapter.no_bug}; this text is for people you ask")
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
    path = output or _free(Path("issue.md"))
    _put(github.form(issue), path, _nothing)
    _say(f"the address would have {address.size} bytes, more than GitHub takes: the text is in {path}")


def _free(path: Path) -> Path:
    """The path, or the first of its kind that no file has: nothing is overwritten unasked."""
    others = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
    return next(free for free in chain([path], others) if not free.exists())


def _send(issue: github.Issue) -> None:
    if shutil.which("gh") is None:
        raise UsageError("the gh command is not installed", "install GitHub's command line, or use --github and paste the text")
    text = github.body(issue)
    click.echo(f"{issue.title}\n\n{text}")
    if not click.confirm(f"Open this issue at {REPOSITORY}?", err=True):
        click.echo("nothing was sent", err=True)
        return
    order = ["gh", "issue", "create", "--repo", REPOSITORY, "--title", issue.title, "--body-file", "-"]
    ended = subprocess.run(order, input=text, text=True, check=False).returncode
    if ended:
        cure = "see what it says above, or use --github and paste the text"
        raise OutputError(f"gh did not open the issue: it exited with {ended}", cure)


def _put(text: str, output: Optional[Path], say: Say) -> None:
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {output}: {error.strerror}", "choose another file with -o") from None
    say(f"wrote {output}")

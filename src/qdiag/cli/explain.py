"""``qdiag explain``: what a cause is, how it is confirmed, what to do."""

from __future__ import annotations

import json
import textwrap

import click

from qdiag.cli import options
from qdiag.diagnosis.cause import Cause
from qdiag.diagnosis.causes import CAUSES
from qdiag.errors import UsageError


@click.command(name="explain", epilog="Example:  qdiag explain QD101")
@click.argument("code", required=False)
@options.json_only
@click.option("-q", "--quiet", is_flag=True, help="The title only.")
@click.option("-v", "--verbose", is_flag=True, help="Without CODE: every cause in full.")
def command(code: str | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Say what the cause CODE is, how it is confirmed, and what to do; without CODE, list all causes."""
    if code is None:
        _print(list(CAUSES), as_json, full=verbose)
        return
    wanted = code.upper() if code.upper().startswith("QD") else code.lower()
    found = [cause for cause in CAUSES if wanted in (cause.code, cause.slug)]
    if not found:
        raise UsageError(f"there is no cause '{code}'", "list them with: qdiag explain")
    _print(found, as_json, full=not quiet)


def text(cause: Cause) -> str:
    """The whole explanation of a cause, for a terminal of 80 columns."""
    example = textwrap.indent(textwrap.dedent(cause.example).strip("\n"), "    ")
    parts = [f"{cause.code}  {cause.title}  ({cause.slug})", "", _wrapped(cause.explanation)]
    if example:
        parts += ["", "Example", example]
    parts += ["", "How it is confirmed", _wrapped(cause.confirmed_by, "    "), "", "What to do", _wrapped(cause.remedy, "    ")]
    if cause.upstream:
        parts += ["", "Upstream", *(f"    {issue}" for issue in cause.upstream)]
    return "\n".join(parts)


def _wrapped(paragraph: str, indent: str = "") -> str:
    return textwrap.fill(" ".join(paragraph.split()), 78, initial_indent=indent, subsequent_indent=indent)


def _print(causes: list[Cause], as_json: bool, *, full: bool) -> None:
    if as_json:
        fields = ("code", "slug", "title", "explanation", "confirmed_by", "remedy")
        click.echo(json.dumps([{name: " ".join(getattr(c, name).split()) for name in fields} for c in causes], indent=2))
        return
    if full:
        click.echo("\n\n\n".join(map(text, causes)))
        return
    for cause in causes:
        click.echo(f"{cause.code}  {cause.title}")

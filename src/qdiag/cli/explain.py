"""``qdiag explain``: what a cause is, how it is confirmed, what to do."""

from __future__ import annotations

import json
import textwrap
from itertools import groupby

import click

from qdiag.cli import completion, options
from qdiag.diagnosis.cause import Cause, family_of
from qdiag.diagnosis.causes import CAUSES
from qdiag.diagnosis.page import CONFIRMED_BY, EXAMPLE, WHAT_TO_DO, page_of
from qdiag.errors import UsageError


@click.command(name="explain", epilog="Example:  qdiag explain QD101")
@click.argument("code", required=False, shell_complete=completion.causes)
@options.json_only
@click.option("-q", "--quiet", is_flag=True, help="The title only.")
@click.option("-v", "--verbose", is_flag=True, help="Without CODE: every cause in full.")
def command(code: str | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Say what the cause CODE is, how it is confirmed, and what to do; without CODE, list all causes."""
    if code is None:
        _print(sorted(CAUSES, key=lambda cause: cause.code), as_json, full=verbose)
        return
    wanted = code.lower()
    found = [cause for cause in CAUSES if wanted in (cause.code.lower(), cause.code[2:], cause.slug)]
    if not found:
        raise UsageError(f"there is no cause '{code}'", "list them with: qdiag explain")
    _print(found, as_json, full=not quiet)


def text(cause: Cause) -> str:
    """The whole explanation of a cause, for a terminal of 80 columns."""
    page = page_of(cause.code)
    parts = [f"{cause.code}  {cause.title}  ({cause.slug})", "", _wrap_paragraph(page.explanation)]
    if page.example:
        parts += ["", EXAMPLE, textwrap.indent(page.example, "    ")]
    parts += ["", CONFIRMED_BY, _wrap_paragraph(page.confirmed_by, "    "), "", WHAT_TO_DO, _wrap_paragraph(page.what_to_do, "    ")]
    if cause.upstream:
        parts += ["", "Upstream", *(f"    {issue}" for issue in cause.upstream)]
    return "\n".join(parts)


def _wrap_paragraph(paragraph: str, indent: str = "") -> str:
    # parameter-shift is one word, which one copies
    return textwrap.fill(paragraph, 78, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _record(cause: Cause) -> dict[str, str]:
    page = page_of(cause.code)
    return {
        "code": cause.code,
        "slug": cause.slug,
        "title": cause.title,
        "explanation": page.explanation,
        "confirmed_by": page.confirmed_by,
        "remedy": page.what_to_do,
    }


def _print(causes: list[Cause], as_json: bool, *, full: bool) -> None:
    if as_json:
        click.echo(json.dumps([_record(cause) for cause in causes], indent=2))
        return
    if full:
        click.echo("\n\n\n".join(map(text, causes)))
        return
    click.echo("\n\n".join(_list_family(family, list(members)) for family, members in groupby(causes, family_of)))


def _list_family(family: str, causes: list[Cause]) -> str:
    """A line for each cause; what the causes of a family have in common stands above, unless there is but one."""
    lines = [f"{cause.code}  {cause.title}" for cause in causes]
    return "\n".join([family, *(f"  {line}" for line in lines)] if len(causes) > 1 else lines)

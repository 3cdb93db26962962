"""What shells complete: files where a script or its arguments stand, runs, methods and causes where these do.

Nothing here loads a framework: whoever presses the tabulator does not wait for one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from qdiag.model.method import DIFF_METHODS
from qdiag.trace.run_folder import RUNS, TRACE

if TYPE_CHECKING:
    from importlib import metadata


def files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files, as the shell itself finds them."""
    return [CompletionItem(incomplete, type="file")]


def runs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The runs below the working folder, the last one first; files and folders where none of them is meant."""
    found = sorted(Path(RUNS).glob(f"*/{TRACE}"), key=lambda trace: -trace.stat().st_mtime)
    names = [str(trace.parent) for trace in found]
    # one types the run's own name, too
    meant = [name for name in names if name.startswith(incomplete) or Path(name).name.startswith(incomplete)]
    return [CompletionItem(name) for name in meant] or files(ctx, param, incomplete)


def plugins() -> Iterable[metadata.EntryPoint]:
    """The devices that installed packages announce, without loading any."""
    from importlib import metadata

    if sys.version_info >= (3, 10):
        return metadata.entry_points(group="pennylane.plugins")
    return metadata.entry_points().get("pennylane.plugins", ())


def devices(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Devices that are installed."""
    return [CompletionItem(name) for name in sorted({point.name for point in plugins()}) if name.startswith(incomplete)]


def methods(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Differentiation methods, each behind those that are written already; a device may stand before one."""
    before, comma, last = incomplete.rpartition(",")
    device, slash, begun = last.rpartition("/")
    written = before.split(",") if before else []
    known = ("auto", *DIFF_METHODS) if not before and not device else DIFF_METHODS
    names = [f"{device}{slash}{name}" for name in known if name.startswith(begun)]
    return [CompletionItem(f"{before}{comma}{name}") for name in names if name not in written]


def causes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Codes of causes, or their names where one begins to write a name."""
    from qdiag.diagnosis.causes import CAUSES

    codes = [(cause.code, cause.title) for cause in CAUSES if cause.code.startswith(incomplete.upper())]
    chosen = sorted(codes or [(cause.slug, cause.title) for cause in CAUSES if cause.slug.startswith(incomplete.lower())])
    return [CompletionItem(name, help=title) for name, title in chosen]

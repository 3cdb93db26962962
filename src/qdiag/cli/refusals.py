"""What the command line says where it cannot do what was typed, or broke down: what happened, and what to do, in one style."""

from __future__ import annotations

import difflib
import os
import platform
import shlex
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from qdiag._version import __version__
from qdiag.errors import QdiagError
from qdiag.visible import make_visible

_IN_PLAIN_WORDS = {"float range": "number", "integer range": "whole number"}
"""What click calls the values of our options."""

_PACKAGES = ("pennylane", "torch", "numpy", "click", "rich")


def show_error(error: QdiagError) -> None:
    """Print what happened and what to do, on stderr."""
    click.echo(f"qdiag: {error.cause}", err=True)
    if error.cure:
        click.echo(f"       {error.cure}", err=True)


def show_refusal(error: click.ClickException) -> None:
    """Print why click takes no such command line, as any error of ours."""
    words = make_visible(error.format_message()).strip()
    for theirs, plain in _IN_PLAIN_WORDS.items():
        words = words.replace(f"is not a valid {theirs}", f"is no {plain}")
    # a sentence of click's goes on behind ours
    words = words[:1].lower() + words[1:].rstrip(".")
    path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx is not None else "qdiag"
    show_error(QdiagError(words, f"see: {path} --help"))


def unknown_command(name: str, known: Iterable[str]) -> QdiagError:
    """What is said of a command that there is not: what may have been meant."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        cure = f"did you mean: qdiag {close[0]}"
    elif os.path.isdir(name) or Path(name).suffix == ".qdiag":
        cure = f"to read the report of a run: qdiag report {shlex.quote(name)}"
    elif Path(name).suffix == ".py" or os.path.isfile(name):
        cure = f"to run it and judge its QNode calls: qdiag trace {shlex.quote(name)}"
    else:
        cure = f"the commands are {', '.join(known)}"
    return QdiagError(f"there is no command '{name}'", cure)


# --- a fault of ours -------------------------------------------------------------------------------------------------------


def show_fault(error: Exception, command: str) -> None:
    """Print that qdiag itself failed, and what to send to us: where, what, and on which stack, without what must not leave."""
    lines = [f"qdiag itself failed, in qdiag {command}".rstrip(), *(f"       {line}" for line in _where(error))]
    lines += [f"       {_what(error)}", f"       {_stack()}"]
    lines += ["       that is no fault of your script or trace: please send us these lines, and what you typed if you may"]
    click.echo(make_visible("\n".join(lines)), err=True)


def _where(error: Exception) -> Iterator[str]:
    """The innermost frames, each as a place inside its package: folders of this machine are no part of it."""
    for frame in traceback.extract_tb(error.__traceback__)[-12:]:
        parts = Path(frame.filename).parts
        roots = [n for n, part in enumerate(parts) if part in ("qdiag", "site-packages", "dist-packages")]
        # what lies in no package is the user's own
        inside = parts[roots[-1] + (parts[roots[-1]] != "qdiag") :] if roots else ()
        yield f"{'/'.join(inside) or 'elsewhere'}:{frame.lineno} {frame.name}"


def _what(error: Exception) -> str:
    from qdiag.model.call import Script
    from qdiag.report.redacting.redaction import secrets_of_this_machine

    words = " ".join(f"{type(error).__name__}: {error}".split())
    try:
        return secrets_of_this_machine(Script("")).clean_text(words)[:500]
    except Exception:
        # it may be what failed
        return type(error).__name__


def _stack() -> str:
    from importlib import metadata

    found = [f"qdiag {__version__}", f"Python {platform.python_version()}", platform.system()]
    for name in _PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return ", ".join(found)

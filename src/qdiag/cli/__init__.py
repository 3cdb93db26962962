"""One file a command: each parses, calls the pipeline, prints, and maps errors to exit codes.

Commands are loaded when they are called, so that ``qdiag --help`` imports neither PennyLane nor torch nor numpy.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
import time
from contextvars import ContextVar, copy_context
from typing import Any, Optional

import click
from click.shell_completion import CompletionItem

from qdiag._version import __version__
from qdiag.cli import refusals
from qdiag.errors import ExitCode, OutputError, QdiagError, UsageError
from qdiag.pipeline import signals

BEGUN: ContextVar[Optional[float]] = ContextVar("BEGUN", default=None)
"""When the user of a command began to wait, by the monotonic clock: loading it takes a while, too."""

COMMANDS = (
    ("trace", "Run a training script unchanged and judge every QNode call."),
    ("twin", "Train again under controlled changes: why losses part although every call agrees."),
    ("check", "Call a QNode or a model of an importable module once, and judge every QNode call."),
    ("certify", "Try out what a device may be trusted with: each operation, measurement and method."),
    ("hunt", "Look for wrong gradients in PennyLane itself, over the whole space of circuits."),
    ("diagnose", "Judge a trace that was recorded before."),
    ("report", "Print the report of a run: terminal, Markdown, HTML, JSON, or the text of an issue."),
    ("show", "List what a trace holds."),
    ("runs", "List the runs below qdiag-runs/, and what their files are; or delete old ones."),
    ("minimize", "Shrink a finding's circuit to the few operations that matter."),
    ("bisect", "Find the release of PennyLane, or of another package, that broke it, and the one that mended it."),
    ("lock", "Keep a script's circuits, and what they give, in a file that can be committed."),
    ("ci", "Say which circuits of a lock file give something else on the stack at hand."),
    ("known", "List faults of PennyLane that were reproduced, on which releases, and which of them a run touches."),
    ("explain", "Say what a cause is, how it is confirmed, what to do."),
)
"""Name and one-line help of each command, in the order in which users meet them; the module has the same name."""


class Commands(click.Group):
    """A group that imports a command's module only when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of `COMMANDS`."""
        return [name for name, _ in COMMANDS]

    def get_command(self, ctx: click.Context, name: str) -> Optional[click.Command]:
        """The command of that name."""
        if name not in dict(COMMANDS):
            return None
        command: click.Command = importlib.import_module(f"qdiag.cli.{name}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[Optional[str], Optional[click.Command], list[str]]:
        """The command that the words name; where there is none, what may have been meant."""
        if args and args[0] not in dict(COMMANDS) and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise refusals.unknown_command(args[0], dict(COMMANDS))
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command's name without importing any; a command completes its own options."""
        names = [CompletionItem(name, help=line) for name, line in COMMANDS if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS))


@click.group(
    cls=Commands,
    epilog="Example:  qdiag trace train.py -- default.qubit backprop",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="qdiag")
def group() -> None:
    """Find the QNode call at which two differentiation methods part, say which is wrong and why, and prove it."""


def main(argv: Optional[list[str]] = None) -> Any:
    """Run the command line: the entry point of ``qdiag`` and of ``python -m qdiag``."""
    if "QDIAG_TRACE" in os.environ:
        # it is meant for the user's processes, not for this one and those that it starts
        importlib.import_module("qdiag.recording.startup").leave()
    if "qdiag.recording.children" in sys.modules:
        # a recorded script has started it
        importlib.import_module("qdiag.recording.children").leave()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # a name in letters that the terminal has not is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    with signals.answered_signals():
        # a context of its own: whoever calls commands in one process again and again waits anew
        sys.exit(int(copy_context().run(_run, argv) or 0))


def _run(argv: Optional[list[str]]) -> Any:
    """Run a command; the exit code."""
    BEGUN.set(time.monotonic())
    try:
        return group.main(args=argv, prog_name="qdiag", standalone_mode=False)
    except click.ClickException as error:
        refusals.show_refusal(error)
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return signals.code_of_interruption()
    except QdiagError as error:
        refusals.show_error(error)
        return error.exit_code
    except BrokenPipeError:
        # the reader of our output left (head, less): that is its right, and no error of ours
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.NOTHING_BEYOND_ROUNDING
    except Exception as error:
        return _exit_code_of(error, argv)


def _exit_code_of(error: Exception, argv: Optional[list[str]]) -> ExitCode:
    """Say what nobody expected: a disk that is full, a stack on which no worker starts, or a fault of ours."""
    from concurrent.futures import BrokenExecutor

    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
        refusals.show_error(OutputError(f"cannot write: {error.strerror}", "free some space, or write somewhere else"))
        return ExitCode.USAGE
    if isinstance(error, BrokenExecutor):
        look = "see what it says: python -c 'import pennylane, torch'"
        refusals.show_error(UsageError("no circuit can be evaluated here: PennyLane or torch cannot be imported", look))
        return ExitCode.USAGE
    words = sys.argv[1:] if argv is None else argv
    # of what was typed only the command: the rest may be anybody's
    refusals.show_fault(error, next((word for word in words if word in dict(COMMANDS)), ""))
    return ExitCode.OWN_FAULT

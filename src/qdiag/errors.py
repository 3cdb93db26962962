"""What can go wrong for a user, as a small tree: each error names its cause and its cure, and knows its exit code.

Our own mistakes are not in this tree: anything that is no `QdiagError` is a bug of qdiag and keeps its traceback.
"""

from __future__ import annotations

from enum import IntEnum

from qdiag.visible import make_visible


class ExitCode(IntEnum):
    """The exit codes that docs/ARCHITECTURE.md promises; precedence is 130 (143, 129), 2, 3, 1, 4, 0."""

    NOTHING_BEYOND_ROUNDING = 0
    ERROR_FOUND = 1
    USAGE = 2
    SCRIPT_FAILED = 3
    INCONCLUSIVE = 4
    OWN_FAULT = 70
    """As ``sysexits.h`` has it; never one of those above, which say something of the user's methods."""

    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


def exit_code_of(number: int) -> ExitCode:
    """The exit code of what a signal has ended: that of Ctrl-C, unless another one is promised."""
    code = 128 + number
    return ExitCode(code) if code in (ExitCode.HUNG_UP, ExitCode.TERMINATED) else ExitCode.INTERRUPTED


class QdiagError(Exception):
    """A user-visible failure.

    Parameters
    ----------
    cause
        What happened, in one sentence.
    cure
        What the user can do about it, in one sentence.
    """

    exit_code = ExitCode.USAGE

    def __init__(self, cause: str, cure: str = "") -> None:
        # a path, or a message of SQLite's, may hold what a stranger wrote
        cause, cure = make_visible(cause), make_visible(cure)
        super().__init__(cause)
        self.cause = cause
        self.cure = cure
        if cure and hasattr(self, "add_note"):
            # where there is no command line to say it, the traceback does
            self.add_note(cure)

    def __reduce__(self) -> tuple[type[QdiagError], tuple[str, str]]:
        return type(self), (self.cause, self.cure)


class UsageError(QdiagError):
    """The command line asks for something that does not exist or cannot be."""


class MethodError(UsageError):
    """A method's name cannot be read, or names no device or differentiation method."""


class MissingInterfaceError(MethodError):
    """The interface that calls were made under is not installed where they are judged: JAX, since all others come with qdiag."""

    INSTALL = "pip install 'qdiag[jax]'"


class TraceError(QdiagError):
    """A file is no trace, is damaged, or was written by a newer qdiag."""


class CircuitFormatError(TraceError):
    """A stored circuit does not follow the format: damaged, foreign, or over the bounds."""


class OutputError(QdiagError):
    """The output folder cannot be written, exists already, or the disk is full."""


class ClusterError(QdiagError):
    """There is no such cluster, it has no workers that could be used, or it went away."""


class OpaqueCircuitError(QdiagError):
    """A circuit holds an operation that qdiag could record by name only, so it cannot be replayed."""


class NotReproducedError(QdiagError):
    """A recorded difference does not show when its circuit is evaluated again, so it cannot be minimized."""

    exit_code = ExitCode.INCONCLUSIVE


class DivergenceError(QdiagError):
    """Methods differ further than rounding explains: what `Check.raise_for_error` raises."""

    exit_code = ExitCode.ERROR_FOUND


class UserCodeError(QdiagError):
    """The user's own code raised where qdiag only called it."""

    exit_code = ExitCode.SCRIPT_FAILED


class Interrupted(QdiagError):
    """Ctrl-C, or a request to end: what was recorded or worked out so far is kept.

    Parameters
    ----------
    cause, cure
        As of any error.
    number
        The signal; Ctrl-C's is 2.
    """

    exit_code = ExitCode.INTERRUPTED

    def __init__(self, cause: str, cure: str = "", number: int = 2) -> None:
        super().__init__(cause, cure)
        self.exit_code = exit_code_of(number)


class Terminated(KeyboardInterrupt):
    """A request to end, by SIGTERM or SIGHUP, where it is answered as Ctrl-C is.

    Parameters
    ----------
    number
        The signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

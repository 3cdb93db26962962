"""What qdiag says while it works, on stderr: a progress bar on a terminal, a plain line now and then elsewhere, nothing when quiet."""

from __future__ import annotations

from qdiag.cli import BEGUN
from qdiag.cli.console import PatientConsole
from qdiag.pipeline.speaking import Speaker


class Voice(Speaker):
    """Speaks on stderr.

    Parameters
    ----------
    quiet
        0 says all, 1 no progress, 2 nothing.
    verbose
        Whether to say more.
    """

    def __init__(self, quiet: int = 0, verbose: bool = False) -> None:
        super().__init__(PatientConsole(stderr=True, highlight=False), quiet, since=BEGUN.get())
        self.verbose = verbose

"""What qdiag says while it works, on stderr: a progress bar on a terminal, a plain line now and then elsewhere, nothing when quiet."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Report = Callable[[int, int], None]
"""Called with how much is done and how much there is."""

SECONDS_BETWEEN_LINES = 10.0


class Voice:
    """Speaks on stderr.

    Parameters
    ----------
    quiet
        0 says all, 1 no progress, 2 nothing.
    verbose
        Whether to say more.
    """

    def __init__(self, quiet: int = 0, verbose: bool = False) -> None:
        self.quiet = quiet
        self.verbose = verbose
        self.console = Console(stderr=True, highlight=False)

    def say(self, text: str) -> None:
        """One line."""
        if self.quiet < 1:
            self.console.print(text, markup=False, soft_wrap=True)

    @contextmanager
    def progress(self, what: str) -> Iterator[Report]:
        """Report progress of one stage of the work."""
        if self.quiet >= 1:
            yield lambda done, total: None
        elif self.console.is_terminal:
            with self._bar(what) as report:
                yield report
        else:
            yield self._lines(what)

    @contextmanager
    def _bar(self, what: str) -> Iterator[Report]:
        columns = (TextColumn(" {task.description}"), BarColumn(24), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task(what, total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)

    def _lines(self, what: str) -> Report:
        last = time.monotonic()

        def report(done: int, total: int) -> None:
            nonlocal last
            if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
                last = time.monotonic()
                self.say(f"{what}: {done} of {total}")

        return report

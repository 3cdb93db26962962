"""What qdiag says while it works: a bar on a terminal, one line that is replaced in a notebook, elsewhere a plain line now and then.

A stage of the work is a `Stage`: what is done, how far, what is under way just now, for how long. Whoever works only says what it is
doing; a thread beside it sees to it that nobody waits for long without a word, however long a single evaluation takes.
"""

from __future__ import annotations

import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Callable, Optional

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

from qdiag.pipeline.run_options import Report
from qdiag.report.content.figures import short_line
from qdiag.visible import make_visible

SECONDS_BETWEEN_LINES = 4.0
"""Of silence in a pipe or a log file."""

WIDTH = 79
"""Characters of a line in a pipe or a log file."""

GLANCE = 0.25
"""Seconds after which the thread looks again whether something is to be said."""

REPLACED_EVERY = 1.0
"""Seconds between two states of the line that is replaced."""


@dataclass(frozen=True)
class Stage:
    """One stage of the work: what, how much of how much, what is under way, and when it began."""

    what: str
    began: float
    done: int = 0
    total: int = 0
    now: str = ""

    def line(self, moment: float) -> str:
        """The stage in a line of plain characters."""
        elapsed = int(moment - self.began)
        spent = f" ({elapsed} s)" if elapsed < 120 else f" ({elapsed // 60} min {elapsed % 60} s)"
        head = f"{self.what}: {self.count}" if self.total else self.what
        text = short_line(": ".join(filter(None, (head, self.now))), WIDTH - len("...") - len(spent))
        return text.replace("…", "...") + spent

    @property
    def count(self) -> str:
        """How far it is, or "" where nobody knows of how much."""
        return f"{self.done} of {self.total}" if self.total else ""


class Speaker:
    """Speaks on one console; a `Voice` of the pipeline.

    Parameters
    ----------
    console
        Where to.
    quiet
        0 says all, 1 no progress, 2 nothing.
    replaced
        Takes a line that stands in place of the one before, where the console is a notebook's.
    since
        When the silence began, by the monotonic clock; now, by default.
    """

    def __init__(
        self, console: Console, quiet: int = 0, replaced: Optional[Callable[[str], None]] = None, since: Optional[float] = None
    ) -> None:
        self.console = console
        self.quiet = quiet
        self._replaced = replaced
        self._stage: Optional[Stage] = None
        self._began = self._spoken = time.monotonic() if since is None else since
        self._task: Callable[[Stage], None] = lambda stage: None

    def say(self, text: str) -> None:
        """One line."""
        if self.quiet < 1:
            self._spoken = time.monotonic()
            text = make_visible(text)
            if self._replaced is not None:
                # what is soon done leaves no line
                if self._spoken - self._began >= REPLACED_EVERY:
                    self._replaced(text)
            else:
                # folded between words alone: what has to be copied in one piece stays in one
                folded = textwrap.fill(text, self.console.width, break_long_words=False, break_on_hyphens=False)
                self.console.print(folded, markup=False, soft_wrap=True)

    def now(self, text: str) -> None:
        """What is under way within the present stage."""
        if self._stage is not None:
            self._stage = replace(self._stage, now=make_visible(text))
            self._task(self._stage)

    @contextmanager
    def progress(self, what: str) -> Iterator[Report]:
        """Tell of one stage of the work while it lasts; of another one within it, in the place of that one."""
        if self.quiet >= 1:
            yield lambda done, total: None
            return
        outer, self._stage = self._stage, Stage(what, time.monotonic())
        try:
            if outer is not None:
                self._task(self._stage)
                yield self._report
                return
            with self._bar() if self.console.is_terminal and self._replaced is None else self._thread():
                yield self._report
        finally:
            self._stage = outer
            if outer is None:
                self._task = lambda stage: None
            else:
                self._task(outer)

    def _report(self, done: int, total: int) -> None:
        if self._stage is not None:
            self._stage = replace(self._stage, done=done, total=total, now="")
            self._task(self._stage)

    # --- on a terminal -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _bar(self) -> Iterator[None]:
        columns = (
            TextColumn(" {task.description}", markup=False),
            BarColumn(16),
            TextColumn("{task.fields[count]}", markup=False),
            TimeElapsedColumn(),
            # it alone gives way where the screen is narrow
            TextColumn("{task.fields[now]}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
        )
        # what others print meanwhile goes where they send it
        bar = Progress(*columns, console=self.console, transient=True, expand=True, redirect_stdout=False, redirect_stderr=False)
        with bar as progress:
            stage = self._stage
            task = progress.add_task(stage.what if stage else "", total=None, count="", now="")
            self._task = lambda stage: progress.update(
                task,
                description=stage.what,
                completed=stage.done,
                total=stage.total or None,
                count=stage.count,
                now=stage.now,
            )
            yield

    # --- elsewhere ---------------------------------------------------------------------------------------------------------

    @contextmanager
    def _thread(self) -> Iterator[None]:
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(GLANCE):
                self.glance()

        thread = threading.Thread(target=watch, name="qdiag-progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def glance(self) -> None:
        """Say how far the present stage is, where nothing was said for some seconds."""
        stage, moment = self._stage, time.monotonic()
        if stage is None:
            return
        if self._replaced is not None:
            if moment - self._spoken >= REPLACED_EVERY:
                self._spoken = moment
                self._replaced(stage.line(moment))
        elif moment - self._spoken >= SECONDS_BETWEEN_LINES:
            self.say(stage.line(moment))

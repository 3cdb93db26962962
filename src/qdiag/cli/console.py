"""Where commands write, for readers who may leave before the end (head, grep -m, less)."""

from __future__ import annotations

import os
from contextlib import suppress

from rich.console import Console


class PatientConsole(Console):
    """A console whose reader may leave: nothing more is written then, and the command goes on to its own end and exit code.

    Rich's own ends the process with 1, which says that an error was found.
    """

    def on_broken_pipe(self) -> None:
        """The reader has left."""
        self.quiet = True
        # what is still kept back would fail once more when Python ends
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())

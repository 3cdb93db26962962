"""A report as a reader gets it: printed on a terminal of some width and alphabet."""

from __future__ import annotations

import io

from rich.console import Console

from qdiag.report.formats import terminal
from qdiag.report.outline import Document


def printed(document: Document, width: int = 80, encoding: str = "utf-8", *, verbose: bool = False) -> str:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding=encoding)
    terminal.render(document, Console(file=stream, width=width, force_terminal=False), verbose=verbose)
    stream.flush()
    return buffer.getvalue().decode(encoding)

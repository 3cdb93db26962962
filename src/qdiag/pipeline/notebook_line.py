"""A line below the cell of a notebook, in place of the one before: what a terminal's progress bar is there."""

from __future__ import annotations

import sys
from typing import Any, Callable, Optional


def replaced_line() -> Optional[Callable[[str], None]]:
    """What shows a line in place of the one before; None where this is no notebook."""
    # where nobody has loaded IPython, this is none
    find = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = find() if find is not None else None
    if not hasattr(shell, "kernel"):
        return None
    shown: list[Any] = []

    def show(line: str) -> None:
        from IPython.display import display

        content = {"text/plain": line}
        if shown:
            shown[0].update(content, raw=True)
        else:
            # it takes its place when there is something to say: what is soon done leaves no line
            shown.append(display(content, raw=True, display_id=True))  # type: ignore[no-untyped-call]

    return show

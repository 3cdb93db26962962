"""Where a script finds modules of the user's own: in a folder above it, where the run lies below the script."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Optional

from qdiag.model.method import Method


def levels_above(methods: Iterable[Method], folder: Optional[Path], home: Path) -> int:
    """How far above a reproducer the modules lie that it imports devices from; 0 where it imports none, or they lie elsewhere.

    Parameters
    ----------
    methods
        What the reproducer holds side by side.
    folder
        Of the user's script.
    home
        Of the reproducer.
    """
    names = {name.partition(":")[0].partition(".")[0] for method in methods for name in method.imports}
    if folder is None or not any((folder / f"{name}.py").is_file() for name in names):
        return 0
    way = Path(os.path.relpath(folder.resolve(), home.resolve())).parts
    # down again it would name places that are nobody's business
    return len(way) if set(way) == {".."} else 0


def search_above(levels: int) -> list[str]:
    """The line that has a script look there, if it is to."""
    if not levels:
        return []
    return [f'sys.path += [sys.path[0] + "/.." * up for up in range(1, {levels + 1})]  # your own modules lie above', ""]

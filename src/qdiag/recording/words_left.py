"""Words left beside a trace where nothing can be written into it: why the recording had to stop, which process it did not reach.

A word is a symbolic link that leads nowhere: it needs no free block, so it can be left on a full disk.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

STOPPED = ".stopped"
"""Suffix of the link that says why the recording had to stop."""

UNREACHED = ".unreached"
"""Suffix of the link that says which Python process was started where the recording could not follow."""


def mark_stopped(path: Path, reason: str) -> None:
    """Leave word that recording had to stop."""
    with suppress(OSError):
        os.symlink(reason[:50], f"{path}{STOPPED}")


def read_link(path: Path, suffix: str = STOPPED) -> str:
    """What the link beside a trace says; "" where there is none."""
    try:
        return os.readlink(f"{path}{suffix}")
    except OSError:
        return ""

"""What was promised of a result that turned out wrong."""

from __future__ import annotations

from enum import Enum


class Promise(str, Enum):
    """How much a user could rely on a result.

    ``BROKEN``: the device declares it, or PennyLane has a rule of its own for it, and it is wrong. ``SILENT``: nothing was said for or
    against it. ``DOCUMENTED``: it was said not to be supported, in words or a warning, and is not guarded against.
    """

    BROKEN = "broken promise"
    SILENT = "silent"
    DOCUMENTED = "documented"

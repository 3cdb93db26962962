"""What was promised of a wrong result, in words."""

from __future__ import annotations

from typing import Optional

from qdiag.model.promise import Promise

WORDS = {
    Promise.BROKEN: "broken: the device declares it, or PennyLane has a rule for it",
    Promise.SILENT: "none was given, and nothing was said",
    Promise.DOCUMENTED: "it is said not to be supported",
}


def promise_in_words(promise: Optional[Promise]) -> str:
    """What was promised; "" where that was not asked."""
    return "" if promise is None else WORDS[promise]

"""Looks at a loss that is about to go backward: at the first ones, and ever more rarely, since a script's losses are much alike."""

from __future__ import annotations

from contextlib import suppress
from types import FrameType
from typing import Any, Callable, Optional

from qdiag.bridges.live import loss_axes
from qdiag.recording.source_places import Places
from qdiag.trace import call_text

ALL_OF_THE_FIRST = 4
"""Losses that are all looked at: a script may take several at a step. After them those whose number is a power of two."""


class Losses:
    """The losses of one process.

    Parameters
    ----------
    places
        Finds lines of the user's code.
    tell
        Takes what was seen, as text; each thing once.
    """

    def __init__(self, places: Places, tell: Callable[[str], None]) -> None:
        self._places = places
        self._tell = tell
        self._seen = 0
        self._told: set[tuple[Any, ...]] = set()

    def look(self, loss: Any, frame: Optional[FrameType]) -> None:
        """A scalar is about to go backward from a frame."""
        self._seen += 1
        if self._seen > ALL_OF_THE_FIRST and self._seen & (self._seen - 1):
            return
        with suppress(Exception):
            # a graph of another version, or one that keeps nothing
            found = loss_axes.broadcast_axes(loss, self._places.caller(frame)[0])
            if found is None:
                return
            kind = (found.source, found.operation, found.prediction, found.difference)
            if kind not in self._told:
                self._told.add(kind)
                self._tell(call_text.text_of(found))

"""When copies are asked whether a gradient is the slope of the loss: at which steps, and only where it may not be.

A gradient misses something where numbers have left the graph on the way to the loss. Most scripts call nothing by which they could, and
that shows in their own process for the price of one step's calls. A copy costs more than it looks like: each page that the script
writes after it was made is copied, a quarter of a second for a process of 300 MB.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Optional

from qdiag.bridges.live.graph_exits import ExitWatch

MOST = 3
"""Slope probes of one run."""

FROM = (2, 6)
"""Steps of an optimiser from which on it may be asked, and asked again: what is on the way to one loss may not be at the next."""

DEARER = 200
"""It is asked again only once the script has taken so many times as long as making the first copies did. As long again goes into the
pages that the script writes anew after that, so that asking again costs it a hundredth."""


class SlopeLooks:
    """The turns of each optimiser: a look in the script's own process from a step to the next loss, copies where it met anything."""

    def __init__(self) -> None:
        self._turns: Counter[int] = Counter()
        self._suspects: set[int] = set()
        self._watch: Optional[ExitWatch] = None
        self._watched: set[int] = set()
        self._asked: set[int] = set()
        self._probes = 0
        self._took = 0.0

    def is_due(self, optimiser: int, taken: int) -> bool:
        """At the end of an optimiser's so many-th step: whether copies are to be asked now."""
        turn = self._turns[optimiser]
        if turn >= len(FROM) or taken < FROM[turn] - 1 or self._probes >= MOST:
            return False
        if optimiser not in self._suspects:
            self._look(optimiser)
        if optimiser not in self._suspects or taken < FROM[turn]:
            return False
        return optimiser not in self._asked or time.process_time() >= DEARER * self._took

    def is_first(self, optimiser: int) -> bool:
        """Whether copies were never asked for an optimiser."""
        return optimiser not in self._asked

    def asked(self, optimiser: int, took: float) -> None:
        """Copies were asked, and it took so many seconds to make them."""
        self._turn_over(optimiser)
        self._asked.add(optimiser)
        self._probes += 1
        self._took = took

    def leave(self) -> None:
        """The process is about to be copied: whoever goes on there listens to nothing."""
        self._end(clean=False)

    def calls(self) -> None:
        """A QNode is about to be called, whose own ways are PennyLane's."""
        if self._watch is not None:
            self._watch.pause()

    def returned(self) -> None:
        """It has returned."""
        if self._watch is not None:
            self._watch.resume()

    def root(self, accumulates: bool) -> None:
        """A backward pass begins at a loss, or a gradient is asked for that has no graph."""
        if self._watch is None:
            return
        if accumulates:
            self._end(clean=True)
        elif self._watch.listens:
            self._watch.met = True

    def _look(self, optimiser: int) -> None:
        self._watched.add(optimiser)
        if self._watch is None:
            self._watch = ExitWatch()
            self._watch.resume()

    def _end(self, clean: bool) -> None:
        if self._watch is None:
            return
        if self._watch.end() and clean:
            for optimiser in self._watched:
                self._turn_over(optimiser)
        else:
            self._suspects |= self._watched
        self._watch = None
        self._watched = set()

    def _turn_over(self, optimiser: int) -> None:
        self._turns[optimiser] += 1
        self._suspects.discard(optimiser)

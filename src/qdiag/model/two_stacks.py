"""One circuit under one method, evaluated on two stacks: whether the numbers changed, and which side the arbiter upholds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Optional

from qdiag.model.call import Call, Environment
from qdiag.model.comparison import Comparison
from qdiag.model.method import Method


class Outcome(str, Enum):
    """What two stacks come to on one circuit; the value is how files say it."""

    SAME = "same"
    CHANGED = "changed"
    RAISES = "raises"
    """One of the two raises where the other gives numbers."""

    SAMPLED = "same to shot noise"
    INCONCLUSIVE = "inconclusive"
    """Numbers that are others each time, or none to compare."""

    NOT_ASKED = "not asked"
    """One of the two was not asked: its device is not there, its time was over, its process was lost."""


class Upheld(str, Enum):
    """Which side the arbiter finds right, where the two differ."""

    FIRST = "first"
    SECOND = "second"
    NEITHER = "neither"
    UNKNOWN = "unknown"


@dataclass(frozen=True, eq=False)
class TwoStacks:
    """A circuit on two stacks.

    Parameters
    ----------
    call
        The call whose circuit it is; of a lock file, one that stands for it, with the circuit's place in the file for an index.
    method
        How it was evaluated.
    comparison
        The two evaluations side by side, that of the earlier stack first.
    outcome
        What it comes to.
    upheld
        Which side is right, where they differ.
    said
        Of each side what the arbiter says of it where it is wrong, or "".
    untold
        Why the arbiter cannot tell, or "".
    """

    call: Call
    method: Method
    comparison: Comparison
    outcome: Outcome
    upheld: Upheld = Upheld.UNKNOWN
    said: tuple[str, str] = ("", "")
    untold: str = ""


@dataclass(frozen=True, eq=False)
class StackComparison:
    """What two stacks say of many circuits.

    Parameters
    ----------
    stacks
        The two, the earlier one first.
    held
        Circuit by circuit, in order.
    total
        How many circuits, or calls, there are.
    """

    stacks: tuple[Environment, Environment]
    held: tuple[TwoStacks, ...]
    total: int

    def of(self, *outcomes: Outcome) -> tuple[TwoStacks, ...]:
        """Those that come to one of these."""
        return tuple(one for one in self.held if one.outcome in outcomes)

    @property
    def first(self) -> Optional[TwoStacks]:
        """The first whose numbers changed; where none did, the first that raises on one side."""
        found = self.of(Outcome.CHANGED) or self.of(Outcome.RAISES)
        return min(found, key=lambda one: one.call.index, default=None)

"""A value that a function read while JAX traced it, and that has changed since while what was compiled went on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from qdiag.model.call import SourceLine


@dataclass(frozen=True)
class BakedValue:
    """What became of such a value, and what the circuit is when it is traced anew.

    Parameters
    ----------
    call
        The first call that still had the old value.
    name
        As the script writes it: ``scale``, ``self.angles``, ``settings.level``.
    function
        The function that reads it.
    source
        The line where.
    before, later
        The value that was compiled in, and the last other one that it had at a call; in few characters.
    stale, runs
        At how many runs of what was compiled it was another one, of those that were looked at, and how many runs there were.
    own
        Whether the function sets it itself, as a counter does: then the later value is that which the next call would leave.
    numbers
        The operations that get other numbers with the later value, by name and position.
    gap
        How far apart the outputs of the circuit with either value are, traced anew at the same arguments; None where that is not known.
    again
        How far apart they are when it is traced twice with the later value.
    same
        Whether, with the old value put back, it was traced to what had been compiled; None where that was not asked.
    """

    call: int
    name: str
    function: str
    source: SourceLine
    before: str
    later: str
    stale: int = 0
    runs: int = 0
    own: bool = False
    numbers: tuple[str, ...] = ()
    gap: Optional[float] = None
    again: Optional[float] = None
    same: Optional[bool] = None

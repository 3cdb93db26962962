"""What a call was given whose results are no numbers: which arguments hold NaN themselves, and which of their rows are all zero."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GivenNumbers:
    """An argument of such a call.

    Parameters
    ----------
    name
        Its name.
    shape
        Its shape.
    lost
        Indices along its first axis where something is not finite; of a single number ``(0,)``.
    zero
        Indices along its first axis where everything is zero, of an argument with rows.
    largest
        The largest absolute value of what is finite.
    """

    name: str
    shape: tuple[int, ...]
    lost: tuple[int, ...] = ()
    zero: tuple[int, ...] = ()
    largest: float = 0.0


@dataclass(frozen=True)
class NotFinite:
    """A call whose results are not finite: its index, and what it was given."""

    call: int
    given: tuple[GivenNumbers, ...] = ()

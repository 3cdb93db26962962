"""What a step probe saw: the script itself going on to its next loss in a copy of its process, with exactly one thing moved."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Optional

from qdiag.model.call import SourceLine
from qdiag.model.training import NOWHERE

SMALL = 1e-3
"""How far things are moved to see a slope, in parts of their size."""

LARGE = 2.0
"""How far they are moved to see whether they matter at all: from one end to the other, and never beyond."""

_LEAST = 16.0
"""Roundings of the loss by which a move must change it before it is called a change."""


_CURVED = 10.0
"""Times the difference of two slopes, by a length and by half of it: how far both may be wrong. For a cube it is a third."""

_TELLING = 0.02
"""Share of the slope that a gradient must miss before that is told."""


GRADIENT = "torch.autograd.grad"
"""The operation of a `Spot` at which a gradient was taken without `create_graph`."""

OWN_BACKWARD = "backward of "
"""How the operation of a `Spot` begins that is a function of the script's own, with a backward of its own."""


class Moved(Enum):
    """What is moved; the value is how files write it."""

    OUTPUTS = "outputs"
    PARAMETER = "parameter"
    HELD = "all that an optimiser holds"


class Answer(Enum):
    """What the losses say of their dependence on what was moved; the value is how it is said."""

    VOID = "it could not be told"
    SMOOTH = "it changes with every small move"
    STATIONARY = "it changes, equally in both directions"
    FLAT = "it does not change with small moves, and does with large ones"
    LOWEST = "it does not change with small moves, and only rises with large ones"
    INDEPENDENT = "it does not change however far they are moved"


@dataclass(frozen=True)
class Spot:
    """An operation between what was moved and the loss where the way back ends.

    Parameters
    ----------
    operation
        As the framework calls it: ``sign``, ``SignBackward0``.
    place
        The user's line.
    cut
        Whether nothing leads back from its result; else a cotangent arrives there and exact zeros leave it.
    """

    operation: str
    place: SourceLine
    cut: bool = False


@dataclass(frozen=True)
class Outcome:
    """One copy that went on.

    Parameters
    ----------
    by
        How far it was moved, in parts of its size; 0 in the control, where nothing was.
    direction
        Which of the fixed random directions it was moved along.
    loss
        The next loss, or None.
    note
        Why there is none.
    reached
        Whether the loss's graph leads back to what would be moved; None where nobody looked.
    spots
        Where the way back ends, the nearest to the loss first.
    stirred
        Of the spots that another copy saw the one, counted from 1, at which numbers were moved as they left the graph; 0 for none.
    """

    by: float = 0.0
    direction: int = 0
    loss: Optional[float] = None
    note: str = ""
    reached: Optional[bool] = None
    spots: tuple[Spot, ...] = ()
    stirred: int = 0


@dataclass(frozen=True)
class StepProbe:
    """One place in the script from which copies went on to the next loss.

    Parameters
    ----------
    call
        Index of the call at whose return that was, or the number of calls before it.
    step
        Number of optimiser steps taken before.
    moved
        What was moved.
    subject
        Name of the QNode or of the parameter.
    source
        Where the quantum function is defined; empty for a parameter.
    outcomes
        What came of it, the control first.
    size
        What `Outcome.by` is a part of.
    eps
        Of the loss's precision.
    own
        The loss that the script itself came to.
    note
        Why something is missing.
    token
        Of a parameter: which tensor it is; of what an optimiser holds: the optimiser's number.
    given
        What the script's own backward pass brought, along the direction of the move; None where it brought nothing, or nobody looked.
    """

    call: int
    step: int
    moved: Moved
    subject: str
    source: SourceLine = NOWHERE
    outcomes: tuple[Outcome, ...] = ()
    size: float = 1.0
    eps: float = 2.0**-52
    own: Optional[float] = None
    note: str = ""
    token: Optional[int] = None
    given: Optional[float] = None

    @property
    def control(self) -> Optional[float]:
        """The loss of a copy in which nothing was moved."""
        return next((outcome.loss for outcome in self.outcomes if outcome.by == 0 and not outcome.stirred), None)

    @property
    def void(self) -> str:
        """Why this says nothing, or ""."""
        if self.note:
            return self.note
        if self.control is None:
            return next((outcome.note for outcome in self.outcomes if outcome.by == 0), "") or "no copy came to a loss"
        if self.own is None:
            return "the script did not come to a loss"
        if self.control != self.own:
            return "not repeatable: a copy in which nothing was moved came to another loss than the script"
        return "" if _moves(self.outcomes, SMALL) else "the copies did not come to an end"

    @property
    def slope(self) -> Optional[float]:
        """The derivative of the loss along the first direction by a central difference, or None where it could not be told."""
        return self._slope(SMALL)

    def _slope(self, size: float) -> Optional[float]:
        losses = {outcome.by: outcome.loss for outcome in _moves(self.outcomes, size) if outcome.direction == 0}
        up, down = losses.get(size), losses.get(-size)
        return None if self.void or up is None or down is None else (up - down) / (2 * size * self.size)

    @property
    def missing(self) -> Optional[float]:
        """What the gradient lacks of the slope, where they differ further than curvature, kinks and rounding explain; else None."""
        long, short = self._slope(SMALL), self._slope(SMALL / 2)
        if long is None or short is None or self.given is None or self.control is None:
            return None
        doubt = _CURVED * abs(long - short) + _LEAST * self.eps * abs(self.control) / (SMALL * self.size) + self._kink(self.control)
        gap = short - self.given
        return gap if abs(gap) > max(doubt, _TELLING * max(abs(short), abs(self.given))) else None

    def _kink(self, control: float) -> float:
        """How far the slope is another one beyond the very point: a bend does half as much at half the length, a kink as much."""
        long, short = (self._bend(size, control) for size in (SMALL, SMALL / 2))
        return abs(2 * short - long)

    def _bend(self, size: float, control: float) -> float:
        losses = [one.loss for one in _moves(self.outcomes, size) if one.direction == 0 and one.loss is not None]
        return (sum(losses) - len(losses) * control) / (size * self.size)

    @property
    def felt(self) -> tuple[Spot, ...]:
        """Where the loss's graph is left and the loss depends on what was taken out: with those numbers moved it came to another one.

        A backward of the script's own was held against its forward on the spot.
        """
        control = self.control
        if control is None:
            return ()
        moved = (one for one in self.outcomes if one.stirred and one.loss is not None)
        felt = {one.stirred for one in moved if abs((one.loss or 0.0) - control) > _LEAST * self.eps * abs(control)}
        return tuple(spot for place, spot in enumerate(self.spots, 1) if place in felt or spot.operation.startswith(OWN_BACKWARD))

    @property
    def answer(self) -> Answer:
        """What the losses say."""
        control = self.control
        if self.void or control is None:
            return Answer.VOID
        small, large = self._changes(SMALL, control), self._changes(LARGE, control)
        if len(small) < 2:
            return Answer.VOID
        if any(small):
            up, *_, down = (change for change, _ in self._changed(SMALL, control))
            # of a shallow slope one side may just stay within what rounding explains; beyond a kink there is next to nothing
            sides = abs(up - down) - abs(up + down)
            return Answer.SMOOTH if sides > self._noise(control) else Answer.STATIONARY
        if not large:
            return Answer.VOID
        if not any(large):
            return Answer.INDEPENDENT
        return Answer.FLAT if any(change < 0 for change in large) else Answer.LOWEST

    def _changes(self, size: float, control: float) -> list[float]:
        """How far moves of a size change the loss, upward first; what rounding explains is no change."""
        return [change if told else 0.0 for change, told in self._changed(size, control)]

    def _changed(self, size: float, control: float) -> list[tuple[float, bool]]:
        """How far they change it, and whether that is more than rounding explains."""
        changes = (outcome.loss - control for outcome in _moves(self.outcomes, size) if outcome.loss is not None)
        return [(change, abs(change) > self._noise(control)) for change in changes]

    def _noise(self, control: float) -> float:
        """How far rounding may change the loss."""
        return _LEAST * self.eps * abs(control)

    @property
    def reached(self) -> Optional[bool]:
        """Whether the loss's graph leads back to what was moved; None where nobody looked."""
        return next((outcome.reached for outcome in self.outcomes if outcome.reached is not None), None)

    @property
    def spots(self) -> tuple[Spot, ...]:
        """Where the way back from the loss ends."""
        return tuple(spot for outcome in self.outcomes for spot in outcome.spots)


def _moves(outcomes: Iterable[Outcome], size: float) -> list[Outcome]:
    """The copies that came to a loss after a move of one size, upward first."""
    ended = [outcome for outcome in outcomes if abs(outcome.by) == size and outcome.loss is not None and math.isfinite(outcome.loss)]
    return sorted(ended, key=lambda outcome: (outcome.direction, -outcome.by))

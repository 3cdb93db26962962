"""A loss whose axes were broadcast, as the graph showed it at the beginning of a backward pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from qdiag.model.call import SourceLine


@dataclass(frozen=True)
class LossAxes:
    """A difference of prediction and target that has more elements than either of them.

    Parameters
    ----------
    operation
        The graph's name for it: ``SubBackward0``.
    prediction, difference
        Their shapes.
    source
        The line that went backward.
    over_all, over_rows
        The mean over all elements of the difference, squared or absolute as the loss takes it, and over those alone that compare a row
        with its own target; None where rows and targets are not as many.
    squared
        Whether the loss takes its square, else its absolute value.
    """

    operation: str
    prediction: tuple[int, ...]
    difference: tuple[int, ...]
    source: SourceLine
    over_all: Optional[float] = None
    over_rows: Optional[float] = None
    squared: bool = True

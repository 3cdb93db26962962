"""What one twin run changes: one thing, said as a value that the launcher's side writes and the script's process reads."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Optional

from qdiag.errors import TraceError

SUFFIX = ".variation"
"""A trace's name with this behind it holds what its run changes."""


@dataclass(frozen=True)
class Variation:
    """One controlled change; the default changes nothing.

    Parameters
    ----------
    diff_method
        The differentiation method of every QNode, or "" for the script's own.
    nudge
        Optimiser's parameter and element whose number moves by one ulp before the first step.
    qnode_float64
        Whether QNodes get their arguments in float64 and give their results back in what they gave before.
    all_float64
        Whether parameters, data and losses are float64 from the first call on.
    learning_rate
        Factor on every learning rate.
    epsilon
        Adam's eps.
    plain_sgd
        Whether any other optimiser becomes plain gradient descent, at five times its learning rate.
    loss
        What takes the place of ``L1Loss``: ``SmoothL1Loss`` or ``MSELoss``.
    """

    diff_method: str = ""
    nudge: Optional[tuple[int, int]] = None
    qnode_float64: bool = False
    all_float64: bool = False
    learning_rate: float = 1.0
    epsilon: Optional[float] = None
    plain_sgd: bool = False
    loss: str = ""


def path_for(trace: Path) -> Path:
    """Where a trace's variation is written."""
    return trace.with_name(trace.name + SUFFIX)


def save(variation: Variation, trace: Path) -> None:
    """Write a variation for the run that is going to make a trace."""
    path_for(trace).write_text(json.dumps(asdict(variation)), encoding="utf-8")


def load(trace: Path) -> Optional[Variation]:
    """The variation of a trace's run, or None where it is an ordinary run.

    Raises
    ------
    TraceError
        If the file is damaged.
    """
    path = path_for(trace)
    if not path.exists():
        return None
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["nudge"] is not None:
            parameter, element = stored["nudge"]
            stored["nudge"] = (int(parameter), int(element))
        return Variation(**stored)
    except (OSError, ValueError, TypeError, KeyError):
        raise TraceError(f"what this run changes, {path}, is damaged", "run the script again") from None

"""Exceptions as `Failure` values, and the question whether PennyLane said no or broke down."""

from __future__ import annotations

import re
import traceback
from types import TracebackType
from typing import Optional

from qdiag.call import Failure
from qdiag.errors import QdiagError

MAX_FRAMES = 8
MAX_MESSAGE = 2000

_REFUSING = re.compile(
    r"support|not differentiable|non-differentiable|cannot differentiate|not (yet )?implemented|incompatible|not compatible"
    r"|only (be )?used|not (available|allowed|recognized|defined)|does not exist|requires|not possible",
    re.IGNORECASE,
)
_WORDED = (ValueError, TypeError, AttributeError, RuntimeError, AssertionError)


def failure_of(error: BaseException, stage: str) -> Failure:
    """An exception as data.

    Parameters
    ----------
    error
        The exception.
    stage
        As in `Failure`.
    """
    frames = _frames(error.__traceback__)
    message = error.cause if isinstance(error, QdiagError) else str(error)
    return Failure(type(error).__name__, message[:MAX_MESSAGE], frames, stage, _is_refusal(error, frames))


def _frames(trace: Optional[TracebackType]) -> tuple[str, ...]:
    frames = [f"{f.f_globals.get('__name__', '?')}:{f.f_code.co_name}:{line}" for f, line in traceback.walk_tb(trace)]
    return tuple(frames[-MAX_FRAMES:])


def _is_refusal(error: BaseException, frames: tuple[str, ...]) -> bool:
    """An exception class made for refusing, or a worded one that PennyLane itself raised: all else is a breakdown inside it."""
    if isinstance(error, (NotImplementedError, ImportError, QdiagError)):
        return True
    owned = frames[-1:] and frames[-1].startswith(("pennylane.", "pennylane_lightning."))
    if type(error).__module__.partition(".")[0] in ("pennylane", "pennylane_lightning"):
        return True
    return bool(owned) and isinstance(error, _WORDED) and _REFUSING.search(str(error)) is not None

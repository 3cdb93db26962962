"""Where an optimiser was made, kept until a recorder is there to be told: nothing of PennyLane's may be loaded before that."""

from __future__ import annotations

import weakref
from types import FrameType
from typing import Any, Callable, NamedTuple, Optional


class Maker(NamedTuple):
    """An optimiser, and where it was made: kept until a recorder is there to be told; ``variables`` are the globals of that place."""

    optimizer: Callable[[], Any]
    path: str
    line: int
    function: str
    variables: dict[str, Any]


def maker_of(optimizer: Any, frame: Optional[FrameType]) -> Maker:
    """Where an optimiser is being made: at the first frame that is neither torch's nor ours."""
    while frame is not None and str(frame.f_globals.get("__name__", "")).partition(".")[0] in ("torch", "qdiag"):
        frame = frame.f_back
    if frame is None:
        return Maker(weakref.ref(optimizer), "", 0, "", {})
    code = frame.f_code
    return Maker(weakref.ref(optimizer), code.co_filename, frame.f_lineno, code.co_name, frame.f_globals)

"""Exceptions as `Failure` values, and the question whether PennyLane said no or broke down."""

from __future__ import annotations

import linecache
import re
import sys
import traceback
from types import CodeType, FrameType, TracebackType
from typing import Optional

from qdiag.errors import QdiagError
from qdiag.model.call import Failure

MAX_FRAMES = 8
MAX_MESSAGE = 2000

_REFUSING = re.compile(
    r"support|differentia|not (yet )?implemented|compatible|only (be )?used|not (available|allowed|recognized|defined|possible)"
    r"|does not exist|requires|cannot be",
    re.IGNORECASE,
)
_DEMANDING = re.compile(r"\b(must|should|has to|have to|expected|invalid)\b", re.IGNORECASE)
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
"""Where an object lies in memory: the only part of a message that is another one each time."""

_OWNERS = ("pennylane", "pennylane_lightning")

_DIFFERENTIATING = ("torch", "autograd", "qdiag")
"""Who goes back through a graph, with what we have put around it."""

_COMPILERS = ("jax", "jaxlib")
"""Who calls back from what is compiled, and quotes what was raised there."""

_REFUSING_BUILT_IN = ("NotImplementedError", "ImportError", "ModuleNotFoundError")

_QUOTED_FRAME = re.compile(r'^\s*File "(?P<path>[^"]+)", line (?P<line>\d+), in (?P<function>\S+)$', re.MULTILINE)
_QUOTED_ERROR = re.compile(r"^(?P<type>[A-Za-z_][\w.]*)(?:: (?P<message>(?s:.*)))?$", re.MULTILINE)


def failure_of(error: BaseException, stage: str) -> Failure:
    """An exception as data.

    Parameters
    ----------
    error
        The exception.
    stage
        As in `Failure`.
    """
    message = error.cause if isinstance(error, QdiagError) else _ADDRESS.sub("", str(error))
    return Failure(type(error).__name__, message[:MAX_MESSAGE], _frames(error.__traceback__), stage, _is_refusal(error))


def failure_met(error: BaseException, stage: str) -> Failure:
    """An exception as data: where JAX tells of one that was raised in what it called back, that one.

    Parameters
    ----------
    error, stage
        As for `failure_of`.
    """
    told = failure_told(str(error), stage) if type(error).__module__.partition(".")[0] in _COMPILERS else None
    return told or failure_of(error, stage)


def failure_told(words: str, stage: str) -> Optional[Failure]:
    """An exception that another one quotes with its traceback, as JAX does of what it called back; None where there is none.

    Parameters
    ----------
    words
        What the other one says.
    stage
        As in `Failure`.
    """
    _, begun, text = words.rpartition("Traceback (most recent call last):")
    frames = list(_QUOTED_FRAME.finditer(text))
    said = _QUOTED_ERROR.search(text, frames[-1].end()) if begun and frames else None
    if said is None:
        return None
    owner, _, kind = said["type"].rpartition(".")
    places = tuple(f"{_module_at(frame['path'])}:{frame['function']}:{frame['line']}" for frame in frames)
    by_pennylane = owner.partition(".")[0] in _OWNERS or (not owner and _is_class_of_pennylanes(kind))
    # not every JAX quotes the lines
    line = text[frames[-1].end() : said.start()].strip() or linecache.getline(frames[-1]["path"], int(frames[-1]["line"])).strip()
    raised = places[-1].partition(".")[0] in _OWNERS and line.startswith("raise")
    message = (said["message"] or "").strip()
    refusal = kind in _REFUSING_BUILT_IN or (by_pennylane and bool(message)) or (raised and _REFUSING.search(message) is not None)
    return Failure(kind, _ADDRESS.sub("", message)[:MAX_MESSAGE], places[-MAX_FRAMES:], stage, refusal)


def _is_class_of_pennylanes(kind: str) -> bool:
    """Whether an exception's class that is named without its module is one of PennyLane's own, where that is loaded."""
    return any(isinstance(getattr(sys.modules.get(name), kind, None), type) for name in ("pennylane", "pennylane.exceptions"))


def _module_at(path: str) -> str:
    """The name of the module in a file."""
    inside = re.split(r"(?:site|dist)-packages[/\\]", path)[-1]
    parts = re.split(r"[/\\]", inside[: -len(".py")] if inside.endswith(".py") else inside)
    return ".".join(parts) if inside != path else parts[-1]


def is_pennylanes_way_back(error: BaseException) -> Optional[bool]:
    """Whether what raised in a backward pass was run by PennyLane.

    Parameters
    ----------
    error
        What the pass raised, with the traceback that it has outside of the pass.

    Returns
    -------
    bool or None
        True where PennyLane ran it, False where other code did, such as a function of the script's own; None where only the library
        that differentiates was at work, which does not say for which of its nodes.
    """
    owners = [_owner_of(frame) for frame, _ in traceback.walk_tb(error.__traceback__)]
    begins = next((place for place, owner in enumerate(owners) if owner in _DIFFERENTIATING), len(owners))
    inside = [owner for owner in owners[begins:] if owner not in _DIFFERENTIATING]
    return any(owner in _OWNERS for owner in inside) if inside else None


def refuses_complex_gradient(failure: Failure) -> bool:
    """Whether Torch refused a complex gradient for a real number: its message quotes the check that failed, in every version."""
    return "isFloatingType" in failure.message


def is_about_values(failure: Failure) -> bool:
    """Whether an exception says which values something takes, as that a probability must be in [0, 1]; numpy's own say what broke."""
    return failure.type == "ValueError" and _DEMANDING.search(failure.message) is not None


def is_inside_torch_func(failure: Failure) -> bool:
    """Whether Torch says that its transforms (``torch.func``: vmap, jacrev, …) do not see into PennyLane's own way back."""
    return "functorch transforms" in failure.message


def ran_in(error: BaseException, code: Optional[CodeType]) -> bool:
    """Whether an exception was raised while a function ran, whatever that called."""
    return code is not None and any(frame.f_code is code for frame, _ in traceback.walk_tb(error.__traceback__))


def only_stops(error: BaseException) -> bool:
    """Whether an exception ends a call without anything being wrong with it.

    Such are Ctrl-C and `GeneratorExit`, and what torch raises and catches by itself: when checkpointing works a call out again for the
    backward pass, it leaves by an exception as soon as it has what it needs.
    """
    kind = type(error)
    private = kind.__name__.startswith("_") and kind.__module__.partition(".")[0] == "torch"
    return private or not isinstance(error, Exception)


def _frames(trace: Optional[TracebackType]) -> tuple[str, ...]:
    frames = [f"{f.f_globals.get('__name__', '?')}:{f.f_code.co_name}:{line}" for f, line in traceback.walk_tb(trace)]
    return tuple(frames[-MAX_FRAMES:])


def _is_refusal(error: BaseException) -> bool:
    """An exception class made for refusing, or a ``raise`` of PennyLane's own in words of refusal: all else is a breakdown.

    Who says nothing does not refuse: a bare ``MatrixUndefinedError`` out of a simulation tells nobody what is not supported.
    """
    if isinstance(error, (NotImplementedError, ImportError, QdiagError)):
        return True
    if type(error).__module__.partition(".")[0] in _OWNERS:
        return bool(str(error).strip())
    return _raised_by_pennylane(error.__traceback__) and _REFUSING.search(str(error)) is not None


def _raised_by_pennylane(trace: Optional[TracebackType]) -> bool:
    """Whether the exception comes from a ``raise`` statement in PennyLane, and not from an expression that failed there."""
    frames = list(traceback.walk_tb(trace))
    if not frames:
        return False
    frame, line = frames[-1]
    return _owner_of(frame) in _OWNERS and linecache.getline(frame.f_code.co_filename, line).lstrip().startswith("raise")


def _owner_of(frame: FrameType) -> str:
    """The package whose code runs in a frame."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]

"""Frames of ours that nobody sees: neither in tracebacks nor in what ``warnings`` counts as the caller.

Python drops a frame from a traceback when the frame re-raises with a bare ``raise`` after its entry was removed; and its
warnings module does not count frames whose file name looks like the import machinery's.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing itself is not loaded: a bare interpreter has not loaded it either
if TYPE_CHECKING:
    from types import CodeType, FrameType, TracebackType
    from typing import Any, Callable, Optional, TypeVar

    Function = TypeVar("Function", bound=Callable[..., Any])

MACHINERY = "<qdiag, passed over like importlib._bootstrap>"
"""The file name under which our frames run: ``warnings`` skips names that hold both of the last two words."""

OF_COMPILATION = ("torch._dynamo.trace_rules", "torch._dynamo.skipfiles")
"""What says which functions ``torch.compile`` passes over; torch 2.2 and older say it in the second."""


def hide_frames(function: Function) -> Function:
    """The function itself, its frames no longer counted by ``warnings``."""
    code: CodeType = function.__code__
    function.__code__ = code.replace(co_filename=MACHINERY)
    return function


def is_ours(frame: FrameType) -> bool:
    """Whether a frame belongs to the tracer."""
    return frame.f_code.co_filename == MACHINERY or str(frame.f_globals.get("__name__", "")).startswith("qdiag.recording")


def drop_frame() -> None:
    """Remove the innermost handler's own entry from the traceback of the exception that it handles.

    Call it from an ``except`` clause right before a bare ``raise``, in the function that caught the exception.
    """
    kind, error, traceback = sys.exc_info()
    if error is None or traceback is None:
        return
    rest = _without_ours(traceback.tb_next)
    error.__traceback__ = rest
    if sys.version_info < (3, 11):
        _set_handled(kind, error, rest)


def _without_ours(traceback: Optional[TracebackType]) -> Optional[TracebackType]:
    """A traceback less the tracer's entries: an interrupt may arrive while our own code runs."""
    while traceback is not None and is_ours(traceback.tb_frame):
        traceback = traceback.tb_next
    entry = traceback
    while entry is not None:
        while entry.tb_next is not None and is_ours(entry.tb_next.tb_frame):
            entry.tb_next = entry.tb_next.tb_next
        entry = entry.tb_next
    return traceback


def _set_handled(kind: Any, error: BaseException, traceback: Optional[TracebackType]) -> None:
    """Before Python 3.11 a bare ``raise`` takes the traceback from the interpreter's own copy, not from the exception."""
    import ctypes

    pointers = [ctypes.py_object(kind), ctypes.py_object(error)]
    pointers.append(ctypes.py_object() if traceback is None else ctypes.py_object(traceback))
    for pointer in pointers:
        if pointer:
            ctypes.pythonapi.Py_IncRef(pointer)
    ctypes.pythonapi.PyErr_SetExcInfo(*pointers)

"""Hooks: functions in the place of others, which let the originals do all the work, and can be taken out again."""

from __future__ import annotations

import functools
from typing import Any, Callable, Optional

from qdiag.recording import current, frames
from qdiag.recording.unseen_work import Unseen

Begin = Callable[[tuple[Any, ...], dict[str, Any]], Any]
End = Callable[[Any, Any], Any]
Fail = Callable[[Any, BaseException], None]


def quietly(function: Callable[..., Any], *values: Any) -> Any:
    """What the function gives; where it fails, that is ours alone."""
    with Unseen():
        try:
            return function(*values)
        except Exception as error:
            current.stop(error)
            return None


def watched_function(original: Any, begin: Begin, end: End, fail: Optional[Fail] = None, *, replaces: bool = False) -> Any:
    """A function that does what the original does, and tells when it begins, ends or raises.

    Its frame shows in no traceback and is not counted by ``warnings``. With ``replaces``, what ``end`` gives (None for nothing) takes
    the place of the result: the same, watched on its way.
    """

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        token = None
        with Unseen():
            try:
                token = begin(args, kwargs)
            except Exception as error:
                current.stop(error)
        try:
            result = original(*args, **kwargs)
        except BaseException as error:
            frames.drop_frame()
            if fail is not None and token is not None:
                quietly(fail, token, error)
            raise
        if token is not None:
            with Unseen():
                try:
                    other = end(token, result)
                    if replaces and other is not None:
                        result = other
                except Exception as error:
                    current.stop(error)
        return result

    return frames.hide_frames(call)


# --- putting them in and taking them out ----------------------------------------------------------------------------------

_undo: list[Callable[[], Any]] = []
_MISSING = object()


def put(owner: Any, name: str, replacement: Any) -> None:
    """Set an attribute until `take_out`; what somebody else has put over it by then stays there, and ours below it is idle."""
    original = vars(owner).get(name, _MISSING)
    setattr(owner, name, replacement)

    def back() -> None:
        if vars(owner).get(name) is not replacement:
            return
        if original is _MISSING:
            delattr(owner, name)
        else:
            setattr(owner, name, original)

    _undo.append(back)


def at_the_end(undo: Callable[[], Any]) -> None:
    """Have something undone by `take_out`."""
    _undo.append(undo)


def take_out() -> None:
    """Undo everything, the last first."""
    while _undo:
        _undo.pop()()

"""Frames that nobody sees: neither a traceback nor a warning gives away that the tracer stands between the script and PennyLane."""

from __future__ import annotations

import sys
import traceback
import types
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from qdiag.recording import frames


def ours(body: str, **names: Any) -> Callable[..., Any]:
    """A function as the tracer's are: from a module of the recording, under the name of the machinery."""
    known: dict[str, Any] = {"__name__": "qdiag.recording.made_for_a_test", "frames": frames, **names}
    exec(compile(body, "tracer.py", "exec"), known)
    function: Callable[..., Any] = frames.hide_frames(known["between"])
    return function


PASSING_ON = """
def between(function):
    try:
        return function()
    except BaseException:
        frames.drop_frame()
        raise
"""


def user_code() -> None:
    raise ValueError("the user's own")


def names_in(error: BaseException) -> list[str]:
    return [entry.name for entry in traceback.extract_tb(error.__traceback__)]


def test_the_machinerys_name_is_one_that_warnings_pass_over() -> None:
    # what CPython asks of a file name before it skips its frame
    assert "importlib" in frames.MACHINERY
    assert "_bootstrap" in frames.MACHINERY


def test_unseen_gives_the_very_function_that_it_was_given() -> None:
    def function(value: int) -> int:
        return value + 1

    assert frames.hide_frames(function) is function
    assert function(1) == 2
    assert function.__code__.co_filename == frames.MACHINERY


def test_a_warning_is_shown_at_the_line_of_the_caller_above_an_unseen_frame() -> None:
    warn: Any = ours("def between(): warnings.warn('careful', stacklevel=2)", warnings=warnings)
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        warn()
    assert [warning.filename for warning in shown] == [__file__]


def test_a_frame_that_is_not_hidden_would_be_counted() -> None:
    # the control of the test above: it can tell
    known: dict[str, Any] = {"warnings": warnings}
    exec(compile("def below(): warnings.warn('careful', stacklevel=1)", "library.py", "exec"), known)
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        known["below"]()
    assert [warning.filename for warning in shown] == ["library.py"]


class TestATracebackOfAnExceptionThatPassedThrough:
    def test_names_no_frame_of_ours(self) -> None:
        with pytest.raises(ValueError, match="the user's own") as caught:
            ours(PASSING_ON)(user_code)
        assert names_in(caught.value) == ["test_names_no_frame_of_ours", "user_code"]

    def test_is_the_same_at_any_depth_of_ours(self) -> None:
        one, other = ours(PASSING_ON), ours(PASSING_ON)
        with pytest.raises(ValueError, match="the user's own") as caught:
            one(lambda: other(user_code))
        assert [name for name in names_in(caught.value) if name == "between"] == []
        assert names_in(caught.value)[-1] == "user_code"

    def test_keeps_the_users_frames_in_their_order(self) -> None:
        def outer() -> None:
            inner()

        def inner() -> None:
            ours(PASSING_ON)(user_code)

        with pytest.raises(ValueError, match="the user's own") as caught:
            ours(PASSING_ON)(outer)
        assert names_in(caught.value)[1:] == ["outer", "inner", "user_code"]

    def test_an_interrupt_in_our_own_code_ends_at_the_users_line(self) -> None:
        def interrupted() -> None:
            ours("def between(): raise KeyboardInterrupt")()

        with pytest.raises(KeyboardInterrupt) as caught:
            ours(PASSING_ON)(interrupted)
        assert names_in(caught.value)[1:] == ["interrupted"]

    def test_the_exceptions_cause_and_context_stay(self) -> None:
        reason = KeyError("reason")

        def chained() -> None:
            raise ValueError("chained") from reason

        with pytest.raises(ValueError, match="chained") as caught:
            ours(PASSING_ON)(chained)
        assert caught.value.__cause__ is reason


def test_dropping_a_frame_outside_of_a_handler_does_nothing() -> None:
    frames.drop_frame()
    assert sys.exc_info() == (None, None, None)


@pytest.mark.parametrize(
    ("filename", "module", "belongs"),
    [
        (frames.MACHINERY, "__main__", True),
        ("hooks.py", "qdiag.recording.hooks", True),
        ("train.py", "__main__", False),
        ("qnode.py", "pennylane.qnode", False),
        ("workers.py", "qdiag.evaluation.workers", False),
        ("nameless.py", None, False),
    ],
)
def test_which_frames_are_ours(filename: str, module: object, belongs: bool) -> None:
    code = compile("", filename, "exec")
    frame: Any = types.SimpleNamespace(f_code=code, f_globals={"__name__": module})
    assert frames.is_ours(frame) is belongs

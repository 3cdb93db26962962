"""Hooks let the original do all the work, say what happened to whoever listens, and leave nothing behind."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

import pytest

from qdiag.recording import current, hooks, words_left


@pytest.fixture
def trace(tmp_path: Path) -> Iterator[Path]:
    """A recording is in force, so that what goes wrong has a place to be said."""
    path = tmp_path / "trace.qdiag"
    before = current.exchange(None, current.Wanted(str(path)))
    yield path
    current.exchange(*before)


def why_stopped(trace: Path) -> str:
    return words_left.read_link(trace)


class Listener:
    """Writes down what it is told; raises where it is said to."""

    def __init__(self, raising: str = "", token: Optional[str] = "token") -> None:
        self.heard: list[Any] = []
        self.raising = raising
        self.token = token

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Optional[str]:
        self._hear("begin", args, kwargs)
        return self.token

    def end(self, token: Any, result: Any) -> None:
        self._hear("end", token, result)

    def fail(self, token: Any, error: BaseException) -> None:
        self._hear("fail", token, error)

    def _hear(self, event: str, *values: Any) -> None:
        self.heard.append((event, *values))
        if event == self.raising:
            raise RuntimeError(f"our own fault at the {event}")

    def around(self, function: Any) -> Any:
        return hooks.watched_function(function, self.begin, self.end, self.fail)


def add(one: int, other: int = 1) -> int:
    """Add."""
    return one + other


def divide(one: int, other: int) -> float:
    return one / other


class TestAWatchedFunction:
    def test_is_told_of_its_arguments_and_of_its_result(self) -> None:
        listener = Listener()
        assert listener.around(add)(2, other=3) == 5
        assert listener.heard == [("begin", (2,), {"other": 3}), ("end", "token", 5)]

    def test_looks_like_the_original(self) -> None:
        watched = Listener().around(add)
        assert (watched.__name__, watched.__doc__, watched.__module__) == ("add", "Add.", __name__)
        assert watched.__wrapped__ is add

    def test_raises_what_the_original_raises_and_says_so_first(self) -> None:
        listener = Listener()
        with pytest.raises(ZeroDivisionError) as caught:
            listener.around(divide)(1, 0)
        assert listener.heard[-1] == ("fail", "token", caught.value)

    def test_shows_in_no_traceback(self) -> None:
        with pytest.raises(ZeroDivisionError) as caught:
            Listener().around(divide)(1, 0)
        shown = [entry.name for entry in traceback.extract_tb(caught.value.__traceback__)]
        assert shown == ["test_shows_in_no_traceback", "divide"]

    def test_a_call_that_nobody_wanted_has_neither_end_nor_failure(self) -> None:
        listener = Listener(token=None)
        watched = listener.around(divide)
        assert watched(4, 2) == 2
        with pytest.raises(ZeroDivisionError):
            watched(1, 0)
        assert [event for event, *_ in listener.heard] == ["begin", "begin"]

    def test_without_a_listener_for_failures_the_exception_still_passes(self) -> None:
        listener = Listener()
        with pytest.raises(ZeroDivisionError):
            hooks.watched_function(divide, listener.begin, listener.end)(1, 0)

    def test_an_interrupt_passes_too(self) -> None:
        def interrupted() -> None:
            raise KeyboardInterrupt

        listener = Listener()
        with pytest.raises(KeyboardInterrupt):
            listener.around(interrupted)()
        assert listener.heard[-1][0] == "fail"

    @pytest.mark.parametrize("raising", ["begin", "end"])
    def test_a_fault_of_ours_reaches_the_trace_and_not_the_script(self, raising: str, trace: Path) -> None:
        assert Listener(raising=raising).around(add)(2, 3) == 5
        assert f"our own fault at the {raising}" in why_stopped(trace)

    def test_a_fault_of_ours_while_the_script_raises_leaves_the_scripts_exception(self, trace: Path) -> None:
        with pytest.raises(ZeroDivisionError):
            Listener(raising="fail").around(divide)(1, 0)
        assert "our own fault at the fail" in why_stopped(trace)

    def test_where_nothing_is_recorded_a_fault_of_ours_is_silent(self, tmp_path: Path) -> None:
        before = current.exchange(None, current.Wanted())
        try:
            assert Listener(raising="begin").around(add)(2, 3) == 5
        finally:
            current.exchange(*before)
        assert list(tmp_path.iterdir()) == []

    def test_after_a_beginning_that_failed_there_is_no_end(self, trace: Path) -> None:
        listener = Listener(raising="begin")
        listener.around(add)(2)
        assert [event for event, *_ in listener.heard] == ["begin"]


class TestQuietly:
    def test_gives_what_the_function_gives(self) -> None:
        assert hooks.quietly(add, 1, 2) == 3

    def test_gives_none_where_it_fails(self, trace: Path) -> None:
        assert hooks.quietly(divide, 1, 0) is None
        assert why_stopped(trace).startswith("ZeroDivisionError")

    def test_lets_an_interrupt_through(self) -> None:
        def interrupted() -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            hooks.quietly(interrupted)


class Base:
    def inherited(self) -> str:
        return "base"


class Kind(Base):
    def own(self) -> str:
        return "own"

    @staticmethod
    def static() -> str:
        return "static"


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    assert hooks._undo == []
    yield
    hooks.take_out()


class TestPuttingInAndTakingOut:
    def test_what_was_there_is_there_again(self) -> None:
        before = dict(vars(Kind))
        hooks.put(Kind, "own", lambda self: "ours")
        assert Kind().own() == "ours"
        hooks.take_out()
        assert dict(vars(Kind)) == before

    def test_a_static_method_is_put_back_as_a_static_method(self) -> None:
        hooks.put(Kind, "static", staticmethod(lambda: "ours"))
        hooks.take_out()
        assert isinstance(vars(Kind)["static"], staticmethod)
        assert Kind.static() == "static"

    def test_what_was_inherited_is_inherited_again(self) -> None:
        hooks.put(Kind, "inherited", lambda self: "ours")
        assert Kind().inherited() == "ours"
        hooks.take_out()
        assert "inherited" not in vars(Kind)
        assert Kind().inherited() == "base"

    def test_what_somebody_else_put_over_ours_stays(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Kind, "own", Kind.own)
        hooks.put(Kind, "own", lambda self: "ours")
        monkeypatch.setattr(Kind, "own", lambda self: "somebody else's")
        hooks.take_out()
        assert Kind().own() == "somebody else's"

    def test_what_somebody_else_deleted_stays_deleted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Kind, "own", Kind.own)
        hooks.put(Kind, "own", lambda self: "ours")
        monkeypatch.delattr(Kind, "own")
        hooks.take_out()
        assert "own" not in vars(Kind)

    def test_two_on_one_place_come_out_in_reverse(self) -> None:
        original = Kind.own
        hooks.put(Kind, "own", lambda self: "first")
        hooks.put(Kind, "own", lambda self: "second")
        assert Kind().own() == "second"
        hooks.take_out()
        assert Kind.own is original

    def test_everything_is_undone_the_last_first_and_once(self) -> None:
        undone: list[str] = []
        hooks.at_the_end(lambda: undone.append("first put in"))
        hooks.at_the_end(lambda: undone.append("last put in"))
        hooks.take_out()
        hooks.take_out()
        assert undone == ["last put in", "first put in"]

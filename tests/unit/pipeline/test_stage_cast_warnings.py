"""Torch's complex-to-real warning: which calls are looked at, and what is said of them."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, Callable, cast

from qdiag.model.call import Call, Configuration, Event, SourceLine
from qdiag.model.comparison import Tolerance
from qdiag.model.evaluation import Casts
from qdiag.pipeline.stage_cast_warnings import notes
from qdiag.pipeline.stage_context import StageContext
from qdiag.trace.reader import Trace
from tests.worlds.methods import methods
from tests.worlds.symptoms import of, rotation

SHOWN = "UserWarning: Casting complex values to real discards the imaginary part"
WARNS = Casts(forward=False, backward=True, imaginary=0.7, real=1.0)
SILENT = Casts(forward=False, backward=False)
METHODS = methods("default.qubit/backprop", "default.qubit/adjoint")
CONFIGURATION = Configuration("circuit", SourceLine("a.py", 1), "default.qubit", interface="torch", resolved="backprop")


@dataclass
class Calls:
    """A trace of calls and events."""

    calls_made: list[Call]
    events: tuple[Event, ...]

    def __len__(self) -> int:
        return len(self.calls_made)

    def call(self, index: int) -> Call:
        return self.calls_made[index]

    def calls_that_warned(self) -> list[Call]:
        return [call for call in self.calls_made if call.warnings]


@dataclass
class Bare:
    """A bench whose casts depend on the method, and whose reference finds the user's own method right, or not."""

    casts: dict[str, Casts]
    right: bool = True
    trusted: bool = False
    tolerance: Tolerance = Tolerance()

    @property
    def workers(self) -> Bare:
        return self

    def call(self, function: Callable[..., Any], request: Any) -> Future[Casts]:
        future: Future[Casts] = Future()
        if request.method.diff_method in self.casts:
            future.set_result(self.casts[request.method.diff_method])
        else:
            future.set_exception(RuntimeError("refused"))
        return future

    def with_few_rows(self, call: Call) -> Call:
        return call

    def arbitrate(self, call: Call, methods: list[object]) -> Any:
        right = tuple(methods) if self.right else ()
        return SimpleNamespace(right=right, reference=SimpleNamespace(gradient_reason=""), methods=[SimpleNamespace(gap=1e-16)])


def made(index: int, qnode: str = "circuit", warnings: tuple[str, ...] = ()) -> Call:
    configuration = replace(CONFIGURATION, qnode=qnode)
    return Call(index, 0, SourceLine("a.py", 9), configuration, (), of(rotation()), (), warnings=warnings)


def said(context: Bare, calls: list[Call], *events: Event) -> list[str]:
    return list(notes(cast(Trace, Calls(calls, events)), METHODS, cast(StageContext, context)))


def backward(number: float | None, text: str = SHOWN) -> Event:
    return Event("backward warning", 1, text, number)


def test_a_run_without_the_warning_says_nothing() -> None:
    assert said(Bare({}), [made(0)], Event("step", 1), backward(0.0, "UserWarning: of another kind")) == []


def test_it_is_confirmed_by_a_method_that_takes_no_such_cast() -> None:
    (note,) = said(Bare({"backprop": WARNS, "adjoint": SILENT}), [made(0), made(1)], backward(1.0))
    assert "in the backward pass of call 1: harmless (QD202, confirmed)" in note
    assert "default.qubit/adjoint takes no such cast" in note


def test_a_method_that_refuses_the_circuit_confirms_nothing() -> None:
    (note,) = said(Bare({"backprop": WARNS}), [made(0)], backward(0.0))
    assert "harmless (QD202, likely)" in note


def test_it_is_not_harmless_where_the_reference_does_not_find_the_gradients_right() -> None:
    (note,) = said(Bare({"backprop": WARNS, "adjoint": SILENT}, right=False), [made(0)], backward(0.0))
    assert "not shown to be harmless" in note


def test_a_cast_in_the_call_itself_is_never_harmless() -> None:
    call = made(0, warnings=(SHOWN,))
    in_call, on_the_way_back = said(Bare({"backprop": WARNS, "adjoint": SILENT}), [call], backward(0.0))
    assert "in call 0 itself: where that part is not 0, the results are wrong" in in_call
    assert "not shown to be harmless; the call itself warns" in on_the_way_back


def test_each_qnode_is_looked_at_once() -> None:
    calls = [made(0), made(1, "other"), made(2)]
    found = said(Bare({"backprop": WARNS, "adjoint": SILENT}), calls, *(backward(float(index)) for index in range(3)))
    assert [f"of call {index}:" in note for index, note in enumerate(found)] == [True, True]


def test_a_warning_before_any_qnode_was_reached_is_outside() -> None:
    (note,) = said(Bare({}), [made(0)], backward(None))
    assert "before it reached a QNode call" in note

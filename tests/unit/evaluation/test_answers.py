"""Whose exception it is decides: PennyLane's counts as "cannot say", ours as a mistake that is told, and work goes on after both."""

from __future__ import annotations

import json
import logging
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest

import qdiag
from qdiag.errors import OpaqueCircuitError
from qdiag.evaluation.answers import answer_of, is_own_failure
from qdiag.evaluation.workers import Inline, Workers
from qdiag.model.variants import with_trainable


def foreign(path: str) -> Callable[[], None]:
    """A function that raises in a file of somebody else's."""
    scope: dict[str, Any] = {}
    exec(compile("def raises(*_):\n    raise ValueError('not supported')", path, "exec"), scope)
    return scope["raises"]  # type: ignore[no-any-return]


PENNYLANE = "/opt/lib/python3.11/site-packages/pennylane/ops/op.py"


def exception_of(function: Callable[..., Any], *arguments: Any) -> BaseException:
    error = Inline().call(function, *arguments).exception()
    assert error is not None
    return error


def test_an_answer_is_passed_on() -> None:
    future: Future[int] = Future()
    future.set_result(3)
    assert answer_of(future, 0, "a number") == 3


def test_pennylanes_exception_is_no_answer_and_nobodys_mistake(caplog: pytest.LogCaptureFixture) -> None:
    assert answer_of(Inline().call(foreign(PENNYLANE)), "nothing", "hidden parameters") == "nothing"
    assert not caplog.records


def test_our_own_is_told_with_what_was_asked(caplog: pytest.LogCaptureFixture) -> None:
    assert answer_of(Inline().call(with_trainable, 7, ()), (), "hidden parameters") == ()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.message.startswith("qdiag itself failed on hidden parameters (AttributeError: ")


@pytest.mark.parametrize("path", ["<definition>", "/home/ada/train.py"])
def test_the_users_own_code_may_raise_what_it_likes(path: str) -> None:
    assert not is_own_failure(exception_of(foreign(path)))


def test_to_refuse_in_words_of_our_own_is_no_mistake() -> None:
    def refuse() -> None:
        raise OpaqueCircuitError("the circuit holds a class that is not to be trusted", "add --trust")

    assert not is_own_failure(exception_of(refuse))


def test_what_numpy_or_json_raise_is_the_fault_of_whoever_called_them() -> None:
    scope: dict[str, Any] = {"np": np, "json": json}
    for call in ("np.reshape([1.0], (2,))", "json.loads('{')"):
        exec(compile(f"def raises(*_):\n    {call}", PENNYLANE, "exec"), scope)
        assert not is_own_failure(exception_of(scope["raises"]))
    assert is_own_failure(exception_of(json.loads, "{"))  # called by `Inline.call`, which is ours


def test_a_future_that_was_never_run_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    future: Future[int] = Future()
    future.set_exception(TimeoutError("over its time"))
    assert answer_of(future, 0, "a number") == 0
    assert not caplog.records


def test_a_worker_that_was_lost_is_nobodys_mistake_though_our_own_frames_waited_for_it() -> None:
    def waits() -> None:
        future: Future[int] = Future()
        future.set_exception(TimeoutError("over its time"))
        json.dumps([future.result()])

    # as an experiment does that asks PennyLane for a circuit
    assert not is_own_failure(exception_of(waits))


def in_file(path: str, line: str) -> Callable[[], None]:
    scope: dict[str, Any] = {}
    exec(compile(f"def raises(*_):\n    {line}", path, "exec"), scope)
    return scope["raises"]  # type: ignore[no-any-return]


BRIDGE = str(Path(qdiag.__file__).parent / "bridges" / "facts" / "layer_loss.py")
ARBITER = str(Path(qdiag.__file__).parent / "judging" / "arbiter" / "reference.py")


@pytest.mark.parametrize(
    ("path", "line", "ours"),
    [
        (ARBITER, "{}['gate']", True),
        (ARBITER, "raise MemoryError", False),
        (BRIDGE, "{}['gate']", False),
        (BRIDGE, "forgotten", True),
    ],
    ids=["in our own frames", "out of memory", "in a bridge, where torch leaves no frames", "a name that is not there"],
)
def test_what_a_bridge_meets_is_a_frameworks_but_for_our_own_slips(path: str, line: str, ours: bool) -> None:
    assert is_own_failure(exception_of(in_file(path, line))) is ours


def test_ctrl_c_is_never_swallowed() -> None:
    future: Future[int] = Future()
    future.set_exception(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        answer_of(future, 0, "a number")


def test_a_workers_exception_tells_whose_it_is_too() -> None:
    with Workers(1, warm=False) as workers:
        ours = workers.call(with_trainable, 7, ()).exception(60)
        theirs = workers.call(np.linalg.inv, np.zeros((2, 2))).exception(60)
    assert ours is not None
    assert is_own_failure(ours)
    assert theirs is not None
    assert not is_own_failure(theirs)

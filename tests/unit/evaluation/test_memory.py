"""What an evaluator remembers, and what it does not."""

from __future__ import annotations

from qdiag.evaluation import memory
from qdiag.evaluation.memory import Memory
from qdiag.model.call import Failure
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method

METHOD = Method("a.device", "adjoint")


def test_what_was_used_last_is_kept(monkeypatch):
    monkeypatch.setattr(memory, "REMEMBERED", 2)
    known = Memory()
    for key in ("a", "b"):
        known.keep(key, Evaluation(METHOD))
    known.get("a")
    known.keep("c", Evaluation(METHOD))
    assert known.get("a") is not None
    assert known.get("b") is None


def test_what_may_come_out_otherwise_is_not_kept():
    known = Memory()
    known.keep("late", Evaluation(METHOD, failure=Failure("TimeoutError", "", stage="timeout")))
    known.keep(None, Evaluation(METHOD))
    assert known.get("late") is None
    assert known.get(None) is None

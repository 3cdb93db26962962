"""A lock on another stack: silent where nothing changed, and each circuit told where something did."""

from __future__ import annotations

from dataclasses import replace

from qdiag.model.call import Failure
from qdiag.model.two_stacks import Outcome, Upheld
from qdiag.pipeline.ci import replay_lock
from qdiag.pipeline.run_options import Silence
from tests.worlds.locks import NOW, THEN, Stack, lock, locked, raising
from tests.worlds.scripted import answer, failed, moved


def test_a_stack_that_gives_the_same_changes_nothing() -> None:
    found = replay_lock(lock(*(locked(0.1 * n) for n in range(1, 40))), Stack(), Silence(), here=NOW)
    assert {one.outcome for one in found.held} == {Outcome.SAME}
    assert [one.call.index for one in found.held] == list(range(39))
    assert (found.total, found.stacks, found.first) == (39, (THEN, NOW), None)


def test_a_stack_that_drops_a_gradient_is_found_out() -> None:
    found = replay_lock(lock(), Stack(backprop=lambda request: moved(answer(request), gradient=0.5)), Silence(), here=NOW)
    first = found.first
    assert first is not None
    assert (first.outcome, first.upheld) == (Outcome.CHANGED, Upheld.FIRST)
    assert first.call.configuration.source.path == "train.py"


def test_a_lock_that_was_wrong_is_found_out() -> None:
    found = replay_lock(lock(locked(), locked(gradient=0.5)), Stack(), Silence(), here=NOW)
    assert [one.outcome for one in found.held] == [Outcome.SAME, Outcome.CHANGED]
    assert found.held[1].upheld is Upheld.SECOND


def test_a_circuit_that_raises_now_is_told() -> None:
    found = replay_lock(lock(), Stack(backprop=raising), Silence(), here=NOW)
    assert found.first is not None
    assert found.first.outcome is Outcome.RAISES


def test_an_empty_lock_asks_nothing() -> None:
    assert replay_lock(replace(lock(), circuits=()), Stack(), Silence(), here=NOW).held == ()


def test_a_stack_whose_pennylane_cannot_be_imported_was_not_asked() -> None:
    def broken(request):
        return replace(failed(request.method), failure=Failure("AttributeError", "no attribute 'linalg'", stage="worker"))

    found = replay_lock(lock(), Stack(backprop=broken), Silence(), here=NOW)
    assert ([one.outcome for one in found.held], found.stacks[1]) == ([Outcome.NOT_ASKED], NOW)

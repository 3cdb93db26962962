"""The facts of a training come back from a trace's events, in order, each with its time."""

from __future__ import annotations

from typing import Any, Optional

from qdiag.diagnosis.training.recorded import training_in
from qdiag.model.call import Event, SourceLine
from qdiag.model.training import CallOrigins, Leaf, Optimiser, OptimiserStep, Root
from qdiag.trace.call_text import text_of

HERE = SourceLine("train.py", 3)


def event(kind: str, fact: Any, after: int = 0, number: Optional[float] = None) -> Event:
    return Event(kind, after, "" if fact is None else text_of(fact), number)


def test_facts_come_in_order_with_the_calls_and_steps_before_them() -> None:
    training = training_in(
        [
            event("optimiser", Optimiser(0, "Adam", HERE, (Leaf(4, (2,), "float32", "w"),))),
            Event("loss", 1, number=0.5),
            event("root", Root((), HERE, True), 1),
            event("step", OptimiserStep(0, 0), 1, 0),
            event("origins", CallOrigins(1, True), 2, 1),
            event("step", None, 2, 0),
            event("root", Root((), HERE, False), 3),
        ]
    )
    assert [(seen.fact.tracked, seen.after, seen.step) for seen in training.roots] == [(True, 1, 0), (False, 3, 2)]
    assert [seen.step for seen in training.origins] == [1]
    assert training.taken == ((0, 2),)
    assert len(training.steps) == 1
    assert training.leaf(4).name == "w"


def test_a_trace_without_any_facts_has_none() -> None:
    training = training_in([Event("step", 1), Event("loss", 1, number=0.5)])
    assert (training.optimisers, training.steps, training.taken) == ((), (), ())
    assert training.leaf(3) == Leaf(3, (), "")

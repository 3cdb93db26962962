"""Rows of a vmap that come out otherwise than by themselves: told where all together give what the script got, and each does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from qdiag.diagnosis.training.mapped_rows import MOST_ROWS, remarks
from qdiag.judging.replay.located import Located
from qdiag.model.call import Event
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.findings import Confidence, Outcome
from qdiag.model.remarks import Remark
from qdiag.model.result import Unfaithful
from qdiag.trace import schema
from tests.worlds.evaluators import FakeEvaluator
from tests.worlds.histories import history
from tests.worlds.results import call
from tests.worlds.small_circuits import circuit, gate

WRONG = (0.9, 0.7)
"""What the script got of two rows."""

ALL_ASTRAY = tuple(Unfaithful(index, "output", False) for index in range(2))


@dataclass
class World(FakeEvaluator):
    """Each row by itself gives its angle, on plain numbers something may be added, and all together give what they are said to."""

    together: Sequence[float] = WRONG
    on_plain: float = 0.0
    compiled: Sequence[float] = ()
    asked: int = 0

    def evaluate(self, request: Request) -> Evaluation:
        angle = float(request.circuit.parameters[0].value)
        if self.compiled and request.method.compiled:
            return Evaluation(request.method, (np.array(self.compiled[0 if angle == 0.1 else 1]),))
        return Evaluation(request.method, (np.array(angle + self.on_plain * (request.method.diff_method == "none")),))

    def answer(self, function: Callable[..., Any], *arguments: Any) -> Any:
        assert function.__name__ == "mapped_rows"
        self.asked += 1
        return tuple((np.array(value),) for value in self.together)


def rows(*angles: float, outputs: Sequence[float] = WRONG) -> list[Any]:
    """Calls of one QNode with these angles, of which the script got these outputs."""
    return [
        replace(call(circuit(gate("RX", angle)), index, "adjoint"), outputs=(np.array(output),))
        for index, (angle, output) in enumerate(zip(angles, outputs))
    ]


def said(world: World, calls: Sequence[Any], count: int = 2, astray: Sequence[Unfaithful] = ALL_ASTRAY) -> list[Remark]:
    events = [Event(schema.ROWS, len(calls), "", count)]
    return list(remarks(history(calls, events, evaluator=world, located=Located(unfaithful=tuple(astray)))))


def test_what_is_wrong_of_all_together_and_right_of_each_is_the_vmaps() -> None:
    (found,) = said(World(), rows(0.1, 0.6))
    assert (found.verdict, found.diagnosis.code, found.diagnosis.confidence) == (Verdict.ERROR, "QD810", Confidence.CONFIRMED)
    assert (found.where, found.calls) == (Signature.OUTPUT, (0, 1))
    assert found.diagnosis.because == (
        "row 0 of 2 that jax.vmap hands to `Model.qnode` together comes out as 0.9 under adjoint, and by itself as 0.1"
    )
    assert [(one.predicts, round(one.before or 0, 12), round(one.after or 0, 12)) for one in found.diagnosis.evidence] == [
        (Outcome.HEALS, 0.8, 0.0),
        (Outcome.PERSISTS, 0.8, 0.8),
    ]


def test_what_compiling_does_to_a_row_by_itself_is_not_the_vmaps() -> None:
    assert said(World(compiled=WRONG), rows(0.1, 0.6)) == []


@pytest.mark.parametrize(
    "world",
    [World(together=(0.9, 0.6)), World(together=()), World(on_plain=0.1)],
    ids=["all together give other numbers", "all together raise", "nobody knows what is right"],
)
def test_without_either_experiment_nothing_is_said(world: World) -> None:
    assert said(world, rows(0.1, 0.6)) == []


def test_rows_that_are_right_are_not_asked_about() -> None:
    world = World()
    assert said(world, rows(0.1, 0.6, outputs=(0.1, 0.6)), astray=()) == []
    assert said(world, rows(0.1, 0.6), astray=[Unfaithful(0, "output", True)]) == []
    assert world.asked == 0


def test_rounding_is_no_difference() -> None:
    close = (0.1 + 1e-15, 0.6)
    assert said(World(together=close), rows(0.1, 0.6, outputs=close)) == []


@pytest.mark.parametrize("count", [1, 3, MOST_ROWS + 1])
def test_what_are_no_rows_of_calls_that_are_there_is_not_asked(count: int) -> None:
    world = World()
    assert said(world, rows(0.1, 0.6), count) == []
    assert world.asked == 0


def test_calls_of_another_structure_are_no_rows() -> None:
    world = World()
    first, _ = rows(0.1, 0.6)
    other = replace(first, index=1, circuit=circuit(gate("RY", 0.6)))
    assert said(world, [first, other]) == []
    assert world.asked == 0


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_is_no_number_of_rows(loss: float) -> None:
    calls = rows(0.1, 0.6)
    events = [Event("loss", len(calls), "", loss), Event(schema.ROWS, len(calls), "", 2)]
    located = Located(unfaithful=ALL_ASTRAY)
    assert len(list(remarks(history(calls, events, evaluator=World(), located=located)))) == 1

"""Batches with many rows: all rows under methods that take the batch as it is, a few under those that take it row by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qdiag.judging.replay.located import Located
from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.replay import Replay
from qdiag.judging.row_samples import SAMPLED, TAKEN_APART, WHOLE
from qdiag.model.call import Failure
from qdiag.model.comparison import Signature, Tolerance, Verdict
from qdiag.model.evaluation import Evaluation, Request
from tests.worlds.batches import ROWS, BatchEvaluator, answer, batch
from tests.worlds.methods import ADJOINT, SHIFT
from tests.worlds.scripted import ScriptedTrace, failed


def located(evaluator: BatchEvaluator, rows: int = ROWS, calls: int = 2) -> Located:
    trace = ScriptedTrace([batch(rows, index) for index in range(calls)])
    return Replay(trace, evaluator, Plan()).finish()


def wrong_in_row(row: int, rows: int = ROWS) -> Callable[[Request], Evaluation]:
    """A gradient that is off in one row of the whole batch, wherever that row is asked about."""
    value = batch(rows).circuit.parameters[0].value[row]

    def evaluate(request: Request) -> Evaluation:
        right, x = answer(request), request.circuit.parameters[0].value
        slip = np.where(np.isclose(x, value), 1e-3, 0.0)
        vjps = tuple((gradient + cotangents[0] * slip, w) for (gradient, w), cotangents in zip(right.vjps, request.cotangents))
        jacobian = None if right.jacobian is None else ((right.jacobian[0][0] + np.diag(slip), right.jacobian[0][1]),)
        return replace(right, vjps=vjps, jacobian=jacobian)

    return evaluate


def test_a_batch_that_agrees_agrees_and_what_was_seen_of_it_is_known() -> None:
    evaluator = BatchEvaluator()
    found = located(evaluator)
    assert (found.verdict, found.divergences, found.unfaithful) == (Verdict.AGREE, (), ())
    assert found.rows == ((SHIFT, SAMPLED, ROWS),)


def test_methods_that_cost_more_with_each_parameter_see_a_few_rows_and_the_others_all() -> None:
    evaluator = BatchEvaluator()
    located(evaluator)
    assert set(evaluator.rows_asked("parameter-shift")) == {SAMPLED}
    assert evaluator.rows_asked("adjoint").count(ROWS) == 2


def test_a_device_that_takes_a_batch_apart_is_asked_about_all_rows_where_a_few_say_that_it_is_quick() -> None:
    evaluator = BatchEvaluator()
    located(evaluator, calls=1)
    assert evaluator.rows_asked("adjoint") == [SAMPLED, ROWS]


def test_a_device_that_takes_a_batch_apart_sees_a_few_rows_of_a_very_large_one() -> None:
    evaluator = BatchEvaluator()
    found = located(evaluator, TAKEN_APART + 1)
    assert set(evaluator.rows_asked("adjoint")) == {SAMPLED}
    assert (found.verdict, found.replayed) == (Verdict.AGREE, 2)
    assert {*found.rows} == {(method, SAMPLED, TAKEN_APART + 1) for method in (ADJOINT, SHIFT)}


def test_a_device_that_is_slow_with_a_few_rows_is_never_asked_about_all() -> None:
    evaluator = BatchEvaluator(adjoint=lambda request: replace(answer(request), seconds=len(request.circuit.parameters[0].value) / 5))
    found = located(evaluator, calls=3)
    assert evaluator.rows_asked("adjoint") == [SAMPLED, SAMPLED, SAMPLED]
    assert (found.verdict, found.replayed) == (Verdict.AGREE, 3)


@pytest.mark.parametrize("row", [0, ROWS - 1])
def test_a_device_that_is_slow_is_seen_wrong_in_a_row_that_was_looked_at(row: int) -> None:
    def slow(request: Request) -> Evaluation:
        return replace(wrong_in_row(row)(request), seconds=1.0)

    (one,) = [d for d in located(BatchEvaluator(adjoint=slow)).divergences if d.verdict is Verdict.ERROR]
    assert one.comparison.methods[1] == ADJOINT
    assert one.comparison.element is not None
    assert one.comparison.element.index == (row,)


def test_a_batch_of_few_rows_is_never_cut() -> None:
    evaluator = BatchEvaluator()
    found = located(evaluator, WHOLE)
    assert found.rows == ()
    assert set(evaluator.rows_asked("parameter-shift")) == {WHOLE}


def test_full_jacobians_are_of_a_few_rows_alone() -> None:
    evaluator = BatchEvaluator()
    located(evaluator)
    formed = {len(request.circuit.parameters[0].value) for request in evaluator.requests if request.jacobian}
    assert formed == {SAMPLED}


@pytest.mark.parametrize("row", range(ROWS))
def test_a_method_that_takes_the_batch_as_it_is_is_seen_wrong_in_any_single_row(row: int) -> None:
    found = located(BatchEvaluator(adjoint=wrong_in_row(row)))
    (one,) = [d for d in found.divergences if d.verdict is Verdict.ERROR]
    assert one.comparison.methods[1] == ADJOINT
    assert one.comparison.element is not None
    assert (*one.comparison.element.index, *one.comparison.element.at)[0] == row


@pytest.mark.parametrize("row", [0, ROWS - 1])
def test_an_error_in_a_row_that_was_looked_at_is_one_of_the_call_and_called_by_its_row_in_the_batch(row: int) -> None:
    found = located(BatchEvaluator(parameter_shift=wrong_in_row(row)))
    (one,) = found.divergences
    assert (one.verdict, one.comparison.methods[1], one.signature) == (Verdict.ERROR, SHIFT, Signature.JACOBIAN)
    assert len(one.call.circuit.parameters[0].value) == ROWS
    assert one.comparison.element is not None
    assert one.comparison.element.index == (row,)


@pytest.mark.parametrize("row", [1, 5, ROWS - 1])
def test_an_error_that_a_closer_look_leaves_as_it_was_keeps_its_row_in_the_batch(row: int) -> None:
    """As where the user chose the tolerance, or of second derivatives: no reference is asked whether rounding explains it."""
    trace = ScriptedTrace([batch(ROWS)])
    found = Replay(trace, BatchEvaluator(adjoint=wrong_in_row(row)), Plan(tolerance=Tolerance(absolute=1e-9))).finish()
    (one,) = [d for d in found.divergences if d.verdict is Verdict.ERROR]
    assert one.comparison.element is not None
    assert (*one.comparison.element.index, *one.comparison.element.at)[0] == row


def test_two_methods_that_are_wrong_alike_in_a_row_are_one_divergence() -> None:
    found = located(BatchEvaluator(adjoint=wrong_in_row(5), parameter_shift=wrong_in_row(5)))
    assert len([d for d in found.divergences if d.verdict is Verdict.ERROR]) == 1


def test_where_rows_depend_on_each_other_every_method_is_asked_about_the_whole_batch() -> None:
    def mixed(request: Request) -> Evaluation:
        right = answer(request)
        assert right.outputs is not None
        return replace(right, outputs=(right.outputs[0] + 0.1 * np.mean(right.outputs[0]),))

    evaluator: Any = BatchEvaluator(backprop=mixed, adjoint=mixed, parameter_shift=mixed)
    trace = ScriptedTrace([replace(batch(ROWS), outputs=mixed(Request(batch(ROWS).circuit, SHIFT)).outputs)])
    found = Replay(trace, evaluator, Plan()).finish()
    assert (found.verdict, found.rows) == (Verdict.AGREE, ())
    assert ROWS in evaluator.rows_asked("parameter-shift")


@pytest.mark.parametrize("stage", ["forward", "backward"])
def test_where_the_scripts_own_method_raises_no_jacobian_is_of_all_rows(stage: str) -> None:
    recorded = batch(ROWS)
    left = recorded.outputs if stage == "backward" else None
    call = replace(recorded, outputs=left, failure=Failure("DeviceError", "no", stage=stage))
    evaluator = BatchEvaluator(backprop=lambda request: failed(request.method))
    (one, *_) = Replay(ScriptedTrace([call]), evaluator, Plan()).finish().divergences
    assert (one.signature, one.verdict) == (Signature.RAISE, Verdict.ERROR)
    assert {*evaluator.rows_asked("parameter-shift")} == {SAMPLED}
    assert not [request for request in evaluator.requests if request.jacobian and len(request.circuit.parameters[0].value) == ROWS]


def test_where_the_scripts_own_method_is_not_in_time_for_all_rows_every_method_sees_a_few() -> None:
    def in_time_for_a_few(request: Request) -> Evaluation:
        late = Failure("TimeoutError", "the evaluation took longer than 60 s", stage="timeout")
        few = len(request.circuit.parameters[0].value) <= SAMPLED
        return answer(request) if few else Evaluation(request.method, failure=late)

    evaluator = BatchEvaluator(parameter_shift=in_time_for_a_few)
    made = [batch(ROWS, index) for index in range(3)]
    own = [replace(one, configuration=replace(one.configuration, resolved="parameter-shift", requested="")) for one in made]
    found = Replay(ScriptedTrace(own), evaluator, Plan(in_flight=1)).finish()
    assert (found.verdict, found.replayed, found.divergences, found.unanswered) == (Verdict.AGREE, 3, (), ())
    assert evaluator.rows_asked("parameter-shift").count(ROWS) == 1
    assert {(method.diff_method, *rows) for method, *rows in found.rows} >= {
        ("parameter-shift", SAMPLED, ROWS),
        ("adjoint", SAMPLED, ROWS),
    }

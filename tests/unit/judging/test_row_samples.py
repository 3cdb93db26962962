"""Rows of a batch as samples: which are chosen, and what a call is that was made with these alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.evaluation import remote
from qdiag.judging.row_samples import (
    SAMPLED,
    WHOLE,
    batch_size,
    batched_parameters,
    flagged_row,
    in_whole_batch,
    sampled_rows,
    with_rows,
)
from qdiag.model.call import Backward, Failure
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.element import Element, Kind
from tests.worlds.batches import BATCHED, ROWS, batch
from tests.worlds.evaluators import FakeEvaluator
from tests.worlds.methods import ADJOINT, BACKPROP

KEYS = st.text("0123456789abcdef", min_size=16, max_size=16)
CALL = batch(ROWS)
RAISED = Failure("ValueError", "no")


class AsksPennyLane(FakeEvaluator):
    """Counts questions about the batch."""

    def __init__(self, batched: tuple[int, ...] = BATCHED) -> None:
        self.asked, self.batched = 0, batched

    def answer(self, function: Any, *arguments: Any) -> Any:
        assert function is remote.batched_parameters
        self.asked += 1
        return self.batched


# --- which batches are cut ----------------------------------------------------------------------------------------------------


def test_a_batch_of_many_rows_is_known_by_its_results() -> None:
    assert batch_size(CALL) == ROWS


@pytest.mark.parametrize("outputs", [CALL.outputs, None], ids=["on the way back", "before there were results"])
def test_so_is_that_of_a_call_that_raised(outputs: Optional[tuple[np.ndarray, ...]]) -> None:
    call = replace(CALL, outputs=outputs, failure=RAISED)
    assert batch_size(call) == ROWS
    assert batched_parameters(call, AsksPennyLane(), trusted=True) == BATCHED


@pytest.mark.parametrize(
    "other",
    [
        batch(WHOLE),
        replace(CALL, outputs=(np.zeros(ROWS), np.zeros(ROWS + 1))),
        replace(CALL, outputs=(np.array(0.0),)),
        replace(CALL, outputs=(np.zeros(ROWS + 7),)),
        replace(CALL, outputs=None),
        replace(batch(WHOLE), outputs=None, failure=RAISED),
        replace(CALL, circuit=replace(CALL.circuit, shots=(100,))),
    ],
    ids=["few rows", "results differ", "one number", "no parameter is as long", "no results", "raised on few", "sampled"],
)
def test_nothing_else_is_cut_and_pennylane_is_not_asked(other: Any) -> None:
    evaluator = AsksPennyLane()
    assert (batch_size(other), batched_parameters(other, evaluator, trusted=True), evaluator.asked) == (0, (), 0)


def test_which_parameters_carry_the_batch_pennylane_says() -> None:
    assert batched_parameters(CALL, AsksPennyLane(), trusted=True) == BATCHED
    assert batched_parameters(CALL, AsksPennyLane(()), trusted=True) == ()


def test_a_batch_that_a_parameter_only_stretches_over_is_not_cut() -> None:
    assert batched_parameters(CALL, AsksPennyLane((0, 1)), trusted=True) == ()


# --- which rows ---------------------------------------------------------------------------------------------------------------


@given(st.integers(WHOLE + 1, 500), KEYS, st.lists(st.integers(-3, 600), max_size=3))
def test_the_first_the_last_and_the_flagged_rows_are_always_among_them(size: int, key: str, flagged: list[int]) -> None:
    rows = sampled_rows(size, key, flagged)
    assert {0, size - 1, *(row for row in flagged if 0 <= row < size)} <= set(rows)
    assert rows == tuple(sorted(set(rows)))
    assert len(rows) <= SAMPLED + len(flagged)
    assert rows[-1] < size


def test_other_calls_are_seen_in_other_rows_and_the_same_call_in_the_same() -> None:
    keys = [f"{k:016x}" for k in range(40)]
    assert len({sampled_rows(ROWS, key) for key in keys}) > ROWS // 4
    assert sampled_rows(ROWS, keys[0]) == sampled_rows(ROWS, keys[0])


# --- the call with these rows -------------------------------------------------------------------------------------------------


def test_a_call_with_some_rows_is_the_call_that_was_made_with_these_alone() -> None:
    rows = [0, 3, 8]
    part = with_rows(CALL, BATCHED, rows)
    assert CALL.outputs is not None
    assert part.outputs is not None
    np.testing.assert_array_equal(part.circuit.parameters[0].value, CALL.circuit.parameters[0].value[rows])
    assert part.circuit.parameters[1] is CALL.circuit.parameters[1]
    np.testing.assert_array_equal(part.outputs[0], CALL.outputs[0][rows])


def test_gradients_that_all_rows_share_are_not_known_of_some() -> None:
    size = np.arange(float(ROWS))
    whole = replace(CALL, backwards=(Backward((size,), (size + 1, np.array(3.0)), (True, True)),))
    (backward,) = with_rows(whole, BATCHED, [1, 4]).backwards
    assert backward.exact == (True, False)
    assert backward.gradients[1] is None
    np.testing.assert_array_equal(backward.cotangents[0], [1, 4])
    np.testing.assert_array_equal(backward.gradients[0], [2, 5])


# --- the row that a comparison shows ------------------------------------------------------------------------------------------


def comparison(element: Element) -> Comparison:
    return Comparison((BACKPROP, ADJOINT), Verdict.ERROR, Signature.JACOBIAN, element)


@pytest.mark.parametrize(
    ("element", "row"),
    [
        (Element(Kind.OUTPUT, index=(5,)), 5),
        (Element(Kind.JACOBIAN, index=(5, 1), by="RY#1"), 5),
        (Element(Kind.PRODUCT, by="RX#0", at=(4,)), 4),
        (Element(Kind.PRODUCT, by="RY#1", at=(4,)), None),
        (Element(Kind.OUTPUT), None),
    ],
)
def test_the_row_of_an_element_is_that_of_its_result_or_of_its_batched_parameter(element: Element, row: Any) -> None:
    assert flagged_row(comparison(element), CALL.circuit, BATCHED) == row


def test_an_element_seen_on_some_rows_is_called_as_in_the_whole_batch() -> None:
    rows = (0, 3, 8)
    seen = in_whole_batch(comparison(Element(Kind.JACOBIAN, index=(1,), by="RX#0", at=(2,))), CALL.circuit, BATCHED, rows)
    assert seen.element is not None
    assert (seen.element.index, seen.element.at) == ((3,), (8,))
    shared = in_whole_batch(comparison(Element(Kind.PRODUCT, by="RY#1", at=(1,))), CALL.circuit, BATCHED, rows)
    assert shared.element is not None
    assert shared.element.at == (1,)

"""Whole numbers that are trained: what autograd leaves of a slope in their dtype is asked of it, and told where that is less."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Optional

import numpy as np
import pytest

from qdiag.diagnosis.training.integer_parameters import remarks
from qdiag.evaluation import remote
from qdiag.model.call import Argument, Backward, Call, Event
from qdiag.model.comparison import Verdict
from qdiag.model.findings import Confidence
from qdiag.model.remarks import Remark
from qdiag.model.training import OptimiserStep, SteppedArgument
from qdiag.trace import call_text
from tests.worlds.evaluators import FakeEvaluator
from tests.worlds.histories import history
from tests.worlds.results import call
from tests.worlds.small_circuits import circuit, gate


class Autograd(FakeEvaluator):
    """Cuts fractions off for whole numbers, as autograd does; or raises, as a version may."""

    def __init__(self, cuts: bool = True, raises: bool = False) -> None:
        self.cuts, self.raises = cuts, raises

    def answer(self, function: Callable[..., Any], *arguments: Any) -> Any:
        assert function is remote.integer_gradient
        if self.raises:
            raise TypeError("no gradient with respect to int64")
        slope, dtype = arguments
        return float(int(slope)) if self.cuts and dtype == "int64" else slope


def whole(slope: Optional[float] = 0.8, dtype: str = "int64", container: str = "autograd", trainable: bool = True) -> Call:
    made = call(circuit(gate("RY", 0, trainable=True, dtype=dtype), gate("RX", 0, trainable=True, dtype=dtype)))
    given = None if slope is None else np.asarray(slope)
    return replace(
        made,
        arguments=(Argument("weights", container, dtype, (2,), trainable),),
        outputs=(np.asarray(0.0),),
        backwards=(Backward((np.asarray(1.0),), (given, np.asarray(0.0)), (True, True)),),
    )


def said(made: Call, *events: Event, autograd: Optional[Autograd] = None) -> list[Remark]:
    return list(remarks(history([made], events, evaluator=autograd or Autograd())))


def test_a_fraction_that_a_whole_number_cannot_hold_is_an_error() -> None:
    (found,) = said(whole())
    assert (found.verdict, found.diagnosis.code, found.diagnosis.confidence) == (Verdict.ERROR, "QD201", Confidence.CONFIRMED)
    assert "`weights` holds whole numbers (int64)" in found.diagnosis.because
    assert "0.8 for RY#0 became 0" in found.diagnosis.because
    assert "0.0 instead of 0" in found.diagnosis.remedy
    assert [(one.after, one.holds) for one in found.diagnosis.evidence] == [(0.0, True), (0.8, True)]


def test_that_the_step_moved_nothing_is_told_where_it_was_seen() -> None:
    stepped = SteppedArgument("weights", "autograd", "int64", (2,), True, "ab12", "ab12")
    step = Event("step", 1, call_text.text_of(OptimiserStep(0, 0, (), (stepped,))), 0)
    assert said(whole(), step)[0].diagnosis.because.endswith("; the step after it moved nothing")


@pytest.mark.parametrize(
    "made",
    [
        whole(slope=2.0),
        whole(slope=None),
        whole(slope=float("nan")),
        whole(dtype="float64"),
        whole(container="torch"),
        whole(trainable=False),
    ],
    ids=["a whole slope", "nothing came back", "no number", "floats", "torch has no such gradients", "data"],
)
def test_what_loses_nothing_is_left_alone(made: Call) -> None:
    assert said(made) == []


@pytest.mark.parametrize("autograd", [Autograd(cuts=False), Autograd(raises=True)], ids=["keeps fractions", "raises"])
def test_where_autograd_does_otherwise_nothing_is_claimed(autograd: Autograd) -> None:
    assert said(whole(), autograd=autograd) == []

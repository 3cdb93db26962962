"""The gap over the calls, and the difference of two Jacobians."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Optional

import numpy as np
import pytest

from qdiag.model.comparison import Comparison, Verdict
from qdiag.model.evaluation import Evaluation
from qdiag.report.content.gaps import MOST_ELEMENTS, gap_plot, heat_map
from qdiag.report.content.method_names import Names
from qdiag.report.outline import GapPlot, HeatMap
from tests.worlds.methods import ADJOINT, BACKPROP, SHIFT
from tests.worlds.results import CASES


def test_an_empty_output_has_no_heat_map() -> None:
    case = CASES["moons"]()
    finding = case.result.findings[0]
    empty = tuple(replace(e, outputs=(np.zeros(0),), jacobian=((np.zeros((0, 2)), np.zeros(0)),)) for e in finding.evaluations)
    broken = replace(case, result=replace(case.result, findings=(replace(finding, evaluations=empty),)))
    assert case.document().chapters[0].heat is not None
    assert broken.document().chapters[0].heat is None


# --- the gap over the calls --------------------------------------------------------------------------------------------

PAIR = Comparison((BACKPROP, ADJOINT), Verdict.ROUNDING, max_abs=6e-8, ulps=0.5, eps=1.2e-7, bound=3.6e-7, scale=1.0)


def plot_of(*comparisons: tuple[int, Comparison]) -> Optional[GapPlot]:
    case = CASES["moons"]()
    return gap_plot(replace(case.result, replay=replace(case.result.replay, comparisons=comparisons)), Names("default.qubit"))


def test_each_method_is_a_curve_in_the_order_of_calls() -> None:
    other = replace(PAIR, methods=(BACKPROP, SHIFT), ulps=0.25)
    plot = plot_of((2, PAIR), (0, replace(PAIR, ulps=0.75)), (1, other))
    assert plot is not None
    assert [(curve.method, curve.calls, curve.heights) for curve in plot.curves] == [
        ("adjoint", (0, 2), (0.75, 0.5)),
        ("parameter-shift", (1,), (0.25,)),
    ]


def test_calls_of_several_precisions_are_each_in_units_of_their_own() -> None:
    one, two = plot_of((0, PAIR), (1, PAIR)), plot_of((0, PAIR), (1, replace(PAIR, eps=2.2e-16)))
    assert one is not None
    assert two is not None
    assert (one.unit, two.unit) == ("eps(float32)", "eps of each call")


def test_of_several_differences_at_a_call_the_largest_counts() -> None:
    plot = plot_of((0, PAIR), (0, replace(PAIR, ulps=2.0)), (0, replace(PAIR, ulps=1.0)))
    assert plot is not None
    assert plot.curves[0].heights == (2.0,)


@pytest.mark.parametrize("odd", [{"ulps": math.nan}, {"ulps": math.inf}, {"scale": 0.0}, {"eps": 0.0}, {"ulps": 0.0}])
def test_what_cannot_stand_on_a_log_axis_is_left_out(odd: dict[str, float]) -> None:
    assert plot_of((0, replace(PAIR, **odd))) is None  # type: ignore[arg-type]
    plot = plot_of((0, replace(PAIR, **odd)), (1, PAIR))  # type: ignore[arg-type]
    assert plot is not None
    assert plot.curves[0].calls == (1,)


def test_without_comparisons_there_is_no_plot() -> None:
    assert plot_of() is None


def test_what_rounding_explains_is_the_middle_of_the_bounds_in_units() -> None:
    plot = plot_of((0, PAIR), (1, replace(PAIR, bound=1.2e-6)), (2, PAIR))
    assert plot is not None
    assert plot.bound == pytest.approx(3.0)
    assert plot.unit == "eps(float32)"
    assert "rounding explains up to 3.0" in plot.alt


# --- the difference of two Jacobians -----------------------------------------------------------------------------------


def heat_of(first: np.ndarray, second: np.ndarray) -> Optional[HeatMap]:
    """Of two Jacobians of one output by the parameters of moons."""
    case = CASES["moons"]()
    finding = case.result.findings[0]
    evaluations = tuple(
        Evaluation(method, (np.zeros(len(matrix)),), jacobian=(tuple(matrix.T),))
        for method, matrix in ((BACKPROP, first), (ADJOINT, second))
    )
    return heat_map(replace(finding, evaluations=evaluations), Names("default.qubit"))


def test_each_element_is_how_far_the_two_are_apart() -> None:
    heat = heat_of(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 2.5], [3.0, 3.0]]))
    assert heat is not None
    assert heat.numbers == ((0.0, 0.5), (0.0, 1.0))
    assert heat.alt == "Difference of the Jacobians of backprop and adjoint: 2 × 2 elements, the largest 1.0."


def test_an_element_that_is_no_number_stays_none_and_is_not_the_largest() -> None:
    heat = heat_of(np.array([[math.nan, 2.0]]), np.array([[1.0, 2.5]]))
    assert heat is not None
    assert math.isnan(heat.numbers[0][0])
    assert "the largest 0.50" in heat.alt
    nothing = heat_of(np.array([[math.nan, math.inf]]), np.array([[1.0, math.inf]]))
    assert nothing is not None
    assert "the largest not a number" in nothing.alt


def test_a_large_one_is_cut_and_says_so() -> None:
    heat = heat_of(np.zeros((40, 50)), np.ones((40, 50)))
    assert heat is not None
    assert (len(heat.numbers), len(heat.numbers[0])) == (MOST_ELEMENTS, MOST_ELEMENTS)
    assert heat.note == "the first 32 × 32 of 40 × 50 elements"


def test_jacobians_of_other_shapes_have_none() -> None:
    assert heat_of(np.zeros((2, 2)), np.zeros((2, 3))) is None


def test_one_that_is_missing_leaves_none() -> None:
    case = CASES["moons"]()
    finding = case.result.findings[0]
    for evaluations in ((), finding.evaluations[:1], tuple(replace(e, jacobian=None) for e in finding.evaluations)):
        assert heat_map(replace(finding, evaluations=evaluations), Names()) is None


def test_its_labels_are_those_of_outputs_and_parameters() -> None:
    heat = CASES["moons"]().document().chapters[0].heat
    assert heat is not None
    assert heat.rows == ("output[0]", "output[1]")
    assert heat.columns == ("RZ#0", "RZ#1", "RY#0", "RY#1")

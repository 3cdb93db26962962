"""One method against the reference: what decides, how far is too far, and what is not judged at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.judging.arbiter.method_verdicts import (
    Cotangents,
    Gap,
    MethodVerdict,
    coordinates_first_of,
    gap_verdict,
    largest,
    verdicts,
    weights_of,
)
from qdiag.judging.arbiter.reference import Reference
from qdiag.judging.arbiter.second_derivative import SecondDerivative
from qdiag.model.call import Failure
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Signature
from qdiag.model.element import Element, Kind
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method, parse
from qdiag.model.node import Node, Wires
from qdiag.model.parameter import Parameter
from tests.worlds.methods import ADJOINT, BACKPROP, DIFFERENCES
from tests.worlds.small_circuits import Z, circuit, expval, gate

OUTPUTS = (np.array(0.5), np.array([0.25, 0.75]))
SLOPES = np.array([[0.3, -0.4], [0.1, 0.2], [-0.1, -0.2]])
"""Rows: the elements of both outputs; columns: the two parameters."""

TRUTH = Reference(
    outputs=OUTPUTS,
    errors=(1e-15, 1e-15),
    norms=(1.0, 1.0),
    ranges=((-1.0, 1.0), (0.0, 1.0)),
    directions=np.eye(2),
    slopes=SLOPES,
    slope_errors=np.full((3, 2), 1e-13),
    axes=(0, 1),
)
JACOBIAN = ((np.array(0.3), np.array(-0.4)), (np.array([0.1, -0.1]), np.array([0.2, -0.2])))


def made(dtype: str = "float64", **rest: Any) -> Circuit:
    return circuit(gate("RX", 0.4, trainable=True, dtype=dtype), gate("RY", 0.7, trainable=True, dtype=dtype), **rest)


def given_by(method: Method = ADJOINT, **changes: Any) -> Evaluation:
    """The right answer, changed."""
    return replace(Evaluation(method, OUTPUTS, jacobian=JACOBIAN, norms=(1.0, 1.0)), **changes)


def verdict(
    found: Evaluation, against: Reference = TRUTH, cotangents: Cotangents = (), of: Circuit | None = None, **rest: Any
) -> MethodVerdict:
    (only,) = verdicts(of or made(), [found], cotangents, against, **rest)
    return only


def off(output: float = 0.0, gradient: float = 0.0, method: Method = ADJOINT) -> Evaluation:
    (first, second), *others = JACOBIAN
    return given_by(method, outputs=(OUTPUTS[0] + output, OUTPUTS[1]), jacobian=((first, second + gradient), *others))


# --- right and wrong --------------------------------------------------------------------------------------------------


def test_what_is_the_reference_is_right() -> None:
    assert verdict(given_by()).verdict == "right"


def test_it_says_what_was_held_against_the_reference_and_no_more() -> None:
    assert verdict(given_by()).held == {Signature.OUTPUT, Signature.JACOBIAN}
    assert verdict(given_by(jacobian=None)).held == {Signature.OUTPUT}


@pytest.mark.parametrize(
    ("found", "where", "gap"),
    [(off(output=0.125), "output", 0.125), (off(gradient=0.25), "jacobian", 0.25)],
)
def test_what_is_off_is_wrong_and_says_where_and_by_how_much(found: Evaluation, where: str, gap: float) -> None:
    said = verdict(found)
    assert (said.verdict, said.where) == ("wrong", where)
    assert said.gap == pytest.approx(gap)
    assert said.bound < 1e-9
    assert "where the reference has" in said.detail


def test_of_several_gaps_the_one_furthest_beyond_what_is_explained_decides() -> None:
    assert verdict(off(output=1e-6, gradient=0.25)).where == "jacobian"
    assert verdict(off(output=0.25, gradient=1e-6)).where == "output"


def test_outputs_decide_before_the_derivatives_that_follow_them() -> None:
    assert verdict(off(output=0.01, gradient=0.5)).where == "output"
    assert verdict(off(output=1e-9, gradient=0.5)).where == "jacobian"


def test_a_number_that_is_lost_decides_before_any_distance() -> None:
    lost = replace(off(output=0.25), jacobian=((np.array(np.nan), np.array(-0.4)), JACOBIAN[1]))
    said = verdict(lost)
    assert (said.verdict, said.where, said.gap) == ("wrong", "nan", np.inf)
    assert said.detail == "nan where the reference has 0.3"


def test_a_method_is_held_to_the_precision_that_it_works_in() -> None:
    single, double = off(gradient=1e-7), off(gradient=1e-7)
    assert verdict(double).verdict == "wrong"
    assert verdict(single, of=made("float32")).verdict == "right"
    assert verdict(replace(double, method=parse("lightning.qubit[complex64]/adjoint"))).verdict == "right"
    narrow = replace(off(gradient=1e-7), outputs=tuple(output.astype("float32") for output in OUTPUTS))
    assert verdict(narrow).verdict == "right"


def test_finite_differences_are_allowed_what_their_step_leaves_out() -> None:
    assert verdict(off(gradient=1e-7, method=DIFFERENCES)).verdict == "right"
    assert verdict(off(gradient=1e-3, method=DIFFERENCES)).verdict == "wrong"
    coarse = replace(DIFFERENCES, gradient_options=(("h", 1e-3),))
    assert verdict(off(gradient=1e-3, method=coarse)).verdict == "right"
    # an output takes no difference
    assert verdict(off(output=1e-7, method=DIFFERENCES)).verdict == "wrong"


def test_sampled_results_are_allowed_their_sampling_error() -> None:
    sampled = made(shots=(10_000,))
    assert verdict(off(output=0.02), of=sampled).verdict == "right"
    assert verdict(off(output=0.2), of=sampled).verdict == "wrong"


def test_the_references_own_error_bar_is_allowed() -> None:
    unsure = replace(TRUTH, slope_errors=np.full((3, 2), 0.3), errors=(0.2, 0.2))
    assert verdict(off(output=0.125, gradient=0.25), unsure).verdict == "right"
    assert verdict(off(output=0.4), unsure).verdict == "wrong"


def test_a_larger_observable_is_allowed_more() -> None:
    heavy = replace(TRUTH, norms=(1e6, 1.0), ranges=((-1e6, 1e6), (0.0, 1.0)))
    assert verdict(off(output=1e-9)).verdict == "wrong"
    assert verdict(off(output=1e-9), heavy).verdict == "right"


def test_where_the_reference_moves_by_rounding_alone_a_method_may_as_well() -> None:
    moved = replace(TRUTH, outputs=(OUTPUTS[0] + 0.1, OUTPUTS[1]), slopes=SLOPES + 0.2)
    assert verdict(off(output=0.15), moved=[moved]).verdict == "right"
    assert verdict(off(gradient=0.3), moved=[moved]).verdict == "right"
    assert verdict(off(output=0.25), moved=[moved]).verdict == "wrong"
    assert verdict(off(gradient=0.5), moved=[moved]).verdict == "wrong"


def test_of_several_points_the_one_at_which_the_reference_moves_most_counts() -> None:
    hardly, plainly = (replace(TRUTH, outputs=(OUTPUTS[0] + step, OUTPUTS[1])) for step in (0.001, -0.1))
    assert verdict(off(output=0.15), moved=[hardly]).verdict == "wrong"
    assert verdict(off(output=0.15), moved=[hardly, plainly]).verdict == "right"


def test_a_spread_without_numbers_allows_nothing_more() -> None:
    lost = replace(TRUTH, outputs=None, slopes=np.full((3, 2), np.nan))
    assert verdict(off(output=0.15), moved=[lost]).verdict == "wrong"
    assert verdict(off(gradient=0.3), moved=[lost]).verdict == "wrong"


# --- what no physics allows -------------------------------------------------------------------------------------------


NOTHING = replace(TRUTH, outputs=None, reason="14 wires", directions=np.zeros((0, 0)), slopes=np.zeros((0, 0)))


@pytest.mark.parametrize(
    ("outputs", "detail"),
    [
        ((np.array(1.5), OUTPUTS[1]), "the value 1.5 outside [-1, 1]"),
        ((np.array(-1.5), OUTPUTS[1]), "the value -1.5 outside [-1, 1]"),
        ((OUTPUTS[0], np.array([0.2, -0.3])), "the value -0.3 outside [0, 1]"),
        ((np.array(0.5 + 0.25j), OUTPUTS[1]), "a complex value, 0.5+0.25j, of what is real"),
    ],
)
def test_an_output_that_no_physics_allows_is_wrong_even_without_a_reference(outputs: tuple[np.ndarray, ...], detail: str) -> None:
    for against in (TRUTH, NOTHING):
        said = verdict(given_by(outputs=outputs), against)
        assert (said.verdict, said.where, said.detail) == ("wrong", "output", detail)


@pytest.mark.parametrize(
    "outputs",
    [
        (np.array(1 + 1e-14), OUTPUTS[1]),
        (np.array(0.5 + 1e-15j), OUTPUTS[1]),
        (np.array(np.nan), OUTPUTS[1]),
        (np.array("text"), OUTPUTS[1]),
    ],
    ids=["rounding", "a rounded imaginary part", "no number", "text"],
)
def test_what_rounding_explains_and_what_is_no_number_is_not_unphysical(outputs: tuple[np.ndarray, ...]) -> None:
    assert verdict(given_by(outputs=outputs), NOTHING).verdict == "unknown"


def test_a_variance_that_cannot_but_be_zero_may_be_off_by_the_rounding_of_what_it_is_a_difference_of() -> None:
    still = replace(NOTHING, ranges=((0.0, 0.0), None), norms=(0.49, 1.0))
    assert verdict(given_by(outputs=(np.array(2e-16), OUTPUTS[1])), still).verdict == "unknown"
    assert verdict(given_by(outputs=(np.array(1e-9), OUTPUTS[1])), still).verdict == "wrong"


def test_samples_may_leave_the_range() -> None:
    assert verdict(given_by(outputs=(np.array(1.5), OUTPUTS[1])), NOTHING, of=made(shots=(10,))).verdict == "unknown"


# --- shapes -----------------------------------------------------------------------------------------------------------


def test_more_or_fewer_numbers_than_there_are_is_wrong() -> None:
    said = verdict(given_by(outputs=(OUTPUTS[0], np.array([0.25, 0.5, 0.25]))))
    assert (said.verdict, said.where) == ("wrong", "shape")
    assert said.detail == "an output of shape (3,) where the reference has (2,)"


def test_the_same_numbers_in_another_shape_are_the_same() -> None:
    assert verdict(given_by(outputs=(OUTPUTS[0].reshape(1), OUTPUTS[1].reshape(1, 2)))).verdict == "right"


def test_a_density_matrix_may_stand_for_a_state() -> None:
    state = np.array([0.6, 0.8j])
    pure = replace(TRUTH, outputs=(state,), ranges=(None,), norms=(1.0,), errors=(1e-15,), directions=np.zeros((0, 0)))
    said = verdict(Evaluation(ADJOINT, (np.outer(state, state.conj()),)), pure)
    assert said.verdict == "unknown"
    assert verdict(Evaluation(ADJOINT, (np.zeros(3),)), pure).where == "shape"


def test_another_number_of_outputs_is_left_to_others() -> None:
    """Old versions give one array for all: what lies where in it is not known here."""
    assert verdict(Evaluation(ADJOINT, (np.array([0.5, 0.25, 0.75]),), jacobian=None)).verdict == "unknown"


# --- derivatives ------------------------------------------------------------------------------------------------------


def test_products_are_held_against_the_weighted_slopes() -> None:
    cotangent = (np.array(2.0), np.array([1.0, -1.0]))
    right = (np.array(2 * 0.3 + 0.2), np.array(2 * -0.4 + 0.4))
    found = Evaluation(ADJOINT, OUTPUTS, vjps=(right,))
    assert verdict(found, cotangents=(cotangent,)).verdict == "right"
    said = verdict(replace(found, vjps=((right[0], right[1] + 0.1),)), cotangents=(cotangent,))
    assert (said.verdict, said.where) == ("wrong", "vjp")
    assert said.gap == pytest.approx(0.1)


def test_an_output_that_the_loss_does_not_see_is_not_asked_for_its_slopes() -> None:
    unknown = replace(
        TRUTH,
        slopes=np.array([[0.3, -0.4], [np.nan, np.nan], [np.nan, np.nan]]),
        slope_errors=np.array([[1e-13, 1e-13], [np.inf, np.inf], [np.inf, np.inf]]),
    )
    found = Evaluation(ADJOINT, OUTPUTS, vjps=((np.array(0.6), np.array(-0.8)),))
    assert verdict(found, unknown, ((np.array(2.0), None),)).verdict == "right"
    assert verdict(replace(found, vjps=((np.array(0.6), np.array(0.8)),)), unknown, ((np.array(2.0), None),)).verdict == "wrong"


def test_along_one_direction_only_what_shows_along_it_is_seen() -> None:
    direction = np.array([[0.5, 0.5]])
    along = replace(TRUTH, directions=direction, slopes=SLOPES @ direction.T, slope_errors=np.full((3, 1), 1e-13), axes=())
    assert verdict(given_by(), along).verdict == "right"
    assert verdict(off(gradient=0.25), along).verdict == "wrong"
    hidden = given_by(jacobian=((np.array(0.3 + 0.1), np.array(-0.4 - 0.1)), JACOBIAN[1]))
    assert verdict(hidden, along).verdict == "right"
    assert verdict(hidden).verdict == "wrong"


def test_a_number_that_is_lost_where_the_direction_does_not_go_is_not_seen() -> None:
    one = replace(TRUTH, directions=np.array([[1.0, 0.0]]), slopes=SLOPES[:, :1], slope_errors=np.full((3, 1), 1e-13), axes=(0,))
    lost = given_by(jacobian=((np.array(0.3), np.array(np.nan)), JACOBIAN[1]))
    assert verdict(lost, one).verdict == "right"
    assert verdict(lost).where == "nan"


def test_where_a_slope_is_not_known_nothing_is_held_against_it() -> None:
    kink = replace(TRUTH, slopes=np.full((3, 2), np.nan))
    assert verdict(off(gradient=0.25), kink).verdict == "right"


def test_a_jacobian_whose_shape_does_not_fit_is_not_judged() -> None:
    odd = given_by(jacobian=((np.zeros(3),), (np.zeros(5),)))
    assert verdict(odd).where == "output"


COMPLEX = circuit(
    Node("QubitUnitary", (Parameter(np.array(0.3 + 0.4j), "torch", True),), (Wires((0,)), ()), (0,)), measured=(expval(Z),)
)
ABOUT_COMPLEX = Reference(
    (np.array(0.5),), (1e-15,), (1.0,), ((-1.0, 1.0),), np.eye(2), np.array([[0.3, -0.4]]), np.full((1, 2), 1e-13), axes=(0, 1)
)


@pytest.mark.parametrize(("gradient", "said"), [(0.3 - 0.4j, "right"), (0.3 + 0.4j, "wrong")])
def test_a_complex_gradient_is_the_slope_along_the_real_part_plus_i_times_that_along_the_imaginary_one(
    gradient: complex, said: str
) -> None:
    found = Evaluation(BACKPROP, (np.array(0.5),), jacobian=((np.array(gradient),),))
    assert verdict(found, ABOUT_COMPLEX, of=COMPLEX).verdict == said


# --- second derivatives -----------------------------------------------------------------------------------------------

CURVED = SecondDerivative(np.array([1.0, 2.0]), value=-1.5, error=1e-9, weight=1.0)


@pytest.mark.parametrize(("product", "said"), [((-0.5, -0.5), "right"), ((-0.5, 0.5), "wrong")])
def test_a_hessian_vector_product_is_held_against_the_curvature_along_its_direction(product: tuple[float, float], said: str) -> None:
    found = Evaluation(BACKPROP, OUTPUTS, hvp=tuple(np.array(x) for x in product))
    assert verdict(found, bend=CURVED).verdict == said
    if said == "wrong":
        assert verdict(found, bend=CURVED).where == "second-derivative"


@pytest.mark.parametrize(
    ("bend", "method"),
    [
        (None, BACKPROP),
        (replace(CURVED, value=float("nan")), BACKPROP),
        (replace(CURVED, direction=np.ones(3)), BACKPROP),
        (CURVED, DIFFERENCES),
    ],
    ids=["not asked for", "not known", "another direction", "differences of differences"],
)
def test_where_there_is_nothing_to_hold_it_against_it_is_not_judged(bend: SecondDerivative | None, method: Method) -> None:
    found = Evaluation(method, OUTPUTS, hvp=(np.array(9.0), np.array(9.0)))
    assert verdict(found, bend=bend).verdict == "right"


# --- what is not judged -----------------------------------------------------------------------------------------------


def test_a_method_that_raised_is_said_to_have_raised() -> None:
    said = verdict(Evaluation(ADJOINT, failure=Failure("ValueError", "no")))
    assert (said.verdict, said.where, said.detail) == ("raised", "raise", "ValueError: no")


def test_one_that_broke_down_on_the_way_back_is_judged_by_what_it_gave_before() -> None:
    broken = replace(given_by(), failure=Failure("ValueError", "no gradient", stage="backward"))
    assert verdict(broken).verdict == "raised"
    assert verdict(replace(broken, outputs=(np.array(0.9), OUTPUTS[1]))).verdict == "wrong"
    # what it had begun to work out of its gradients does not count
    assert verdict(replace(broken, jacobian=off(gradient=0.3).jacobian)).verdict == "raised"


def test_a_method_that_draws_is_not_judged() -> None:
    said = verdict(off(output=0.3, method=parse("default.qubit/spsa")))
    assert (said.verdict, said.detail) == ("unknown", "random by construction")


def test_without_a_reference_its_reason_stands() -> None:
    assert verdict(given_by(), NOTHING).detail == "14 wires"


def test_what_gave_nothing_is_not_judged() -> None:
    assert verdict(Evaluation(ADJOINT, ()), replace(TRUTH, outputs=())).verdict == "unknown"


def test_each_evaluation_has_its_verdict_in_order() -> None:
    found = verdicts(made(), [off(output=0.2, method=BACKPROP), given_by()], (), TRUTH)
    assert [(said.method, said.verdict) for said in found] == [(BACKPROP, "wrong"), (ADJOINT, "right")]


# --- parts ------------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=6), st.floats(1e-6, 1))
def test_a_gap_is_measured_at_its_worst_element(distances: list[float], allowed: float) -> None:
    gap = Gap(Signature.OUTPUT, np.array(distances), np.zeros(len(distances)), np.full(len(distances), allowed))
    said = gap_verdict(ADJOINT, gap)
    # of two that are as many times what is allowed, to rounding, either is the worst
    assert said.gap == pytest.approx(max(map(abs, distances)), rel=1e-15)
    assert (said.verdict == "right") is (said.gap <= allowed)


def test_an_element_that_is_allowed_much_hides_none_that_is_allowed_little() -> None:
    gap = Gap(Signature.OUTPUT, np.array([0.5, 0.01]), np.zeros(2), np.array([1.0, 0.001]))
    said = gap_verdict(ADJOINT, gap)
    assert (said.verdict, said.gap, said.bound) == ("wrong", 0.01, 0.001)


def test_where_the_reference_has_no_number_any_is_allowed() -> None:
    gap = Gap(Signature.OUTPUT, np.array([np.inf, 7.0]), np.array([np.nan, 7.0]), np.zeros(2))
    assert gap_verdict(ADJOINT, gap).verdict == "right"


def test_an_empty_tensor_decides_nothing() -> None:
    assert gap_verdict(ADJOINT, Gap(Signature.OUTPUT, np.zeros(0), np.zeros(0), np.zeros(0))).verdict == "unknown"


def test_a_cotangent_becomes_one_row_over_all_outputs() -> None:
    np.testing.assert_array_equal(weights_of((None, np.array(2.0)), TRUTH), [0, 2, 2])
    np.testing.assert_array_equal(weights_of((np.array(1j), np.array([3.0, 4.0])), TRUTH), [1j, 3, 4])
    assert weights_of((), replace(TRUTH, outputs=None)).shape == (0,)


def test_the_largest_number_passes_over_those_that_are_none() -> None:
    assert largest([np.array([1.0, -3.0, np.nan]), np.array(np.inf), np.array(2j)]) == 3.0
    assert largest([]) == 0.0


@pytest.mark.parametrize(
    ("value", "at", "expected"),
    [
        (np.zeros(()), (), (1,)),
        (np.zeros((2, 3)), (1, 0), (4, 1, 2, 3, 5, 6)),
        (np.zeros(2, dtype=complex), (1,), (2, 4, 1, 3)),
        (np.zeros(2), (), (1, 2)),
    ],
    ids=["a number", "of an array", "both parts of a complex one", "a whole array"],
)
def test_an_entry_comes_before_the_others_of_its_parameter(value: Any, at: tuple[int, ...], expected: tuple[int, ...]) -> None:
    named = {"RX": np.zeros(()), "Gate": value}
    first, second = (Node(name, (Parameter(data, "torch", True),), None, (0,)) for name, data in named.items())
    element = Element(Kind.PRODUCT, by="Gate#0", at=at)
    assert coordinates_first_of(Circuit((first, second), ()), element) == expected

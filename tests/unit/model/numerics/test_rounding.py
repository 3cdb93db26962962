"""The law of rounding: what explains a gap, term by term and together, in each precision, for one method and for two."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Tolerance
from qdiag.model.evaluation import Evaluation
from qdiag.model.measured import Measured
from qdiag.model.method import ARBITER, Method
from qdiag.model.node import Node
from qdiag.model.numerics.rounding import (
    AROUND,
    CONSTANT,
    CURVATURE,
    DOUBLE_MARGIN,
    EPS64,
    EXPONENTIAL_EPS,
    EXPONENTIAL_ERROR,
    EXPONENTIAL_SLOPE,
    MOST_ORDER,
    MOST_STEPS,
    STEP,
    Bounds,
    Law,
    count_exponentials,
    eps_of,
    exponentials,
    operations_of,
    rounding,
    samples_of,
    sampling,
    truncation,
    working_eps,
)
from qdiag.model.operator_families import EXPONENTIALS
from qdiag.model.parameter import Parameter
from tests.worlds.small_circuits import circuit, controlled, gate, wrapped

EPS32 = float(np.finfo(np.float32).eps)
EPS16 = float(np.finfo(np.float16).eps)

BACKPROP = Method("default.qubit", "backprop")
ADJOINT = Method("default.qubit", "adjoint")
SHIFT = Method("default.qubit", "parameter-shift")
HADAMARD = Method("default.qubit", "hadamard")
FINITE = Method("default.qubit", "finite-diff")
NARROW = Method("lightning.qubit", "adjoint", device_precision="complex64")


def finite(**options: Any) -> Method:
    return replace(FINITE, gradient_options=tuple(sorted(options.items())))


def turns(count: int = 1, dtype: str = "float64", shots: tuple[int, ...] = ()) -> Circuit:
    return circuit(*(gate("RX", 0.3, trainable=True, dtype=dtype) for _ in range(count)), shots=shots)


def said(method: Method = BACKPROP, dtype: str = "float64", **rest: Any) -> Evaluation:
    return Evaluation(method, (np.asarray(0.5, dtype),), **rest)


def differenced(method: Method = SHIFT) -> Evaluation:
    return said(method, differenced=True)


# --- the precision at work ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "method", "eps"),
    [
        ("float64", BACKPROP, EPS64),
        ("float32", BACKPROP, EPS32),
        ("float16", BACKPROP, EPS16),
        ("complex64", BACKPROP, EPS32),
        ("int64", BACKPROP, EPS64),
        ("float32", replace(BACKPROP, precision="float64"), EPS64),
        ("float64", replace(BACKPROP, precision="float32"), EPS32),
        ("float64", NARROW, EPS32),
        ("float32", replace(NARROW, precision="float64"), EPS32),
        ("float64", replace(NARROW, device_precision="complex128"), EPS64),
    ],
)
def test_a_method_works_in_the_lowest_precision_of_its_numbers_and_its_device(dtype: str, method: Method, eps: float) -> None:
    assert working_eps(turns(dtype=dtype), [method]) == eps


def test_a_python_number_takes_the_precision_of_what_it_meets() -> None:
    mixed = Circuit((Node("RX", (Parameter(np.asarray(0.3, "float32"), "python"),)),), ())
    assert working_eps(mixed, [BACKPROP]) == EPS64


def test_a_dtype_that_numpy_does_not_have_has_its_own_eps() -> None:
    brief = Circuit((Node("RX", (Parameter(np.asarray(0.3), "torch", True, foreign="bfloat16"),)),), ())
    assert working_eps(brief, [BACKPROP]) == 2.0**-7
    assert working_eps(brief, [replace(BACKPROP, precision="float64")]) == EPS64


def test_of_two_methods_the_narrower_one_sets_the_precision() -> None:
    assert working_eps(turns(), [BACKPROP, NARROW]) == EPS32
    assert working_eps(turns(dtype="float32"), ()) == EPS32


@pytest.mark.parametrize(("result", "eps"), [("float64", EPS64), ("float32", EPS32), ("complex64", EPS32), ("int64", EPS64)])
def test_results_in_a_lower_precision_are_a_precision_at_work(result: str, eps: float) -> None:
    assert eps_of(turns(), said(dtype=result)) == eps
    assert Law.of(turns(), (said(), said(ADJOINT, result))).eps == eps


@pytest.mark.parametrize(
    ("method", "seen", "eps"),
    [
        (ADJOINT, Measured("complex64"), EPS32),
        (ADJOINT, Measured("complex128"), EPS64),
        (ADJOINT, Measured(), EPS64),
        (NARROW, Measured("complex128"), EPS32),
        (NARROW, Measured("complex128", assumed=True), EPS64),
        (ADJOINT, Measured("complex64", assumed=True), EPS32),
    ],
)
def test_a_device_works_in_the_lower_precision_of_what_it_declares_and_what_it_shows_unless_told(
    method: Method, seen: Measured, eps: float
) -> None:
    assert eps_of(turns(), said(method, measured=seen)) == eps


def test_a_device_that_samples_unasked_is_held_to_what_its_samples_explain() -> None:
    alone, exact = said(measured=Measured(samples=100)), said()
    assert Law.of(turns(), (alone, exact)).sampling == Law.of(turns(shots=(100,)), (exact, exact)).sampling
    assert Law.of(turns(), (exact, exact)).sampling == (0.0, 0.0)
    assert samples_of(turns(shots=(7,)), (alone,)) == 7


def test_a_method_that_gave_nothing_works_in_that_of_its_numbers() -> None:
    assert eps_of(turns(dtype="float32"), Evaluation(BACKPROP)) == EPS32


# --- how many operations -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operations", "count"),
    [
        ((), 1),
        ((gate("CNOT"),), 1),
        ((gate("RX", 0.3), gate("RY", 0.3)), 2),
        ((gate("Rot", 0.1, 0.2, 0.3),), 3),
        ((gate("StronglyEntanglingLayers", np.zeros((2, 3, 3)), wires=(0, 1, 2)),), 18),
        ((gate("RX", np.zeros(16)),), 1),
        ((gate("AngleEmbedding", np.zeros(3), wires=(0, 1, 2)),), 3),
        ((controlled(gate("RX", 0.3), 1),), 1),
        ((wrapped("Prod", gate("RX", 0.3), gate("RY", 0.2)),), 2),
        ((Node("QubitUnitary", (Parameter(np.eye(4, dtype=complex)),), wires=(0, 1)),), 1),
    ],
    ids=["none", "fixed", "two", "three angles", "layers", "a batch", "features", "controlled", "product", "a matrix"],
)
def test_each_angle_is_a_step(operations: tuple[Node, ...], count: int) -> None:
    assert operations_of(circuit(*operations)) == count


# --- single terms ------------------------------------------------------------------------------------------------------------------


def test_rounding_is_a_random_walk_over_the_operations() -> None:
    assert rounding(EPS32, 1) == CONSTANT * EPS32
    assert rounding(EPS32, 100) == pytest.approx(10 * rounding(EPS32, 1))
    assert rounding(EPS64, 1) == CONSTANT * DOUBLE_MARGIN * EPS64


@given(st.sampled_from([EPS64, EPS32, EPS16]), st.integers(1, 10**6), st.integers(1, 10**6), st.floats(1.0, 1e3))
def test_rounding_grows_with_eps_and_with_operations(eps: float, few: int, more: int, factor: float) -> None:
    assert rounding(eps, few) <= rounding(eps * factor, few)
    assert rounding(eps, few) <= rounding(eps, few + more)


def test_two_devices_differ_in_float64_by_less_than_rounding_explains_and_a_float32_rounding_by_more() -> None:
    # 3.5e-14 was measured on default.mixed with two channels
    assert 3.5e-14 < rounding(EPS64, 2) < EPS32


@pytest.mark.parametrize("method", [BACKPROP, ADJOINT, SHIFT, HADAMARD, ARBITER], ids=str)
def test_an_exact_method_leaves_nothing_out(method: Method) -> None:
    assert truncation(method, 10) == 0.0


@pytest.mark.parametrize("method", [SHIFT, HADAMARD], ids=str)
def test_a_shift_rule_that_differences_without_a_word_leaves_out_what_finite_differences_do(method: Method) -> None:
    assert truncation(method, 10, differenced=True) == truncation(FINITE, 10)


def test_a_shift_rules_own_options_are_none_of_the_differences() -> None:
    shifted = replace(SHIFT, gradient_options=(("approx_order", 4), ("h", 1e-2)))
    assert truncation(shifted, 10, differenced=True) == truncation(FINITE, 10)


@pytest.mark.parametrize("method", [BACKPROP, ADJOINT], ids=str)
def test_methods_without_shift_rules_have_nothing_to_difference(method: Method) -> None:
    assert truncation(method, 10, differenced=True) == 0.0


@pytest.mark.parametrize(
    ("options", "step", "order"),
    [
        ({}, STEP, 1),
        ({"h": 1e-3}, 1e-3, 1),
        ({"h": 1e-2, "approx_order": 4}, 1e-2, 4),
        ({"approx_order": 2}, STEP, 2),
        ({"h": 0}, STEP, 1),
        ({"h": -1e-3}, STEP, 1),
        ({"h": True}, STEP, 1),
        ({"h": "small"}, STEP, 1),
        ({"approx_order": 0.5}, STEP, 1),
    ],
)
def test_a_difference_quotient_leaves_out_a_power_of_its_step_and_divides_rounding_by_it(
    options: dict[str, Any], step: float, order: float
) -> None:
    assert truncation(finite(**options), 1) == pytest.approx(CURVATURE * step**order + 2 * CONSTANT * EPS64 / step)


def test_there_is_a_best_step_and_the_default_is_near_it() -> None:
    left_out = {step: truncation(finite(h=step), 1) for step in (1e-12, 1e-10, 1e-8, STEP, 1e-5, 1e-3)}
    assert min(left_out, key=lambda step: left_out[step]) in (1e-8, STEP)


@pytest.mark.parametrize("name", sorted(EXPONENTIALS))
def test_a_matrix_exponential_anywhere_in_a_circuit_is_inexact(name: str) -> None:
    assert exponentials(circuit(gate(name, 0.3))) == EXPONENTIAL_ERROR
    assert exponentials(circuit(controlled(gate(name, 0.3), 1))) == EXPONENTIAL_ERROR
    assert exponentials(circuit(gate("RX", 0.3))) == 0.0


def formula(name: str, terms: int, **options: int) -> Circuit:
    base = Node("Sum", tuple(Node("PauliX", (), (), (0,)) for _ in range(terms)))
    return circuit(replace(gate(name, 0.3), data=(base, *gate(name, 0.3).data), metadata=tuple(options.items())))


@pytest.mark.parametrize(
    ("name", "options", "count"),
    [
        ("TrotterProduct", {"n": 1, "order": 1}, 3),
        ("TrotterProduct", {"n": 4, "order": 2}, 24),
        ("TrotterProduct", {"n": 5, "order": 4}, 150),
        ("QDrift", {"n": 7, "seed": 1}, 7),
        ("Exp", {}, 1),
        ("QDrift", {"n": 10**300}, MOST_STEPS),
        ("TrotterProduct", {"n": 1, "order": 10**300}, 6 * 5 ** (MOST_ORDER // 2 - 1)),
    ],
)
def test_a_product_formula_takes_an_exponential_for_each_term_step_and_stage(name: str, options: dict[str, int], count: int) -> None:
    assert count_exponentials(formula(name, 3, **options)) == count


def test_what_the_short_steps_of_a_product_formula_are_off_by_adds_up() -> None:
    assert exponentials(formula("TrotterProduct", 3, n=12, order=1)) == pytest.approx(36 * EXPONENTIAL_ERROR)


def test_below_double_precision_each_exponential_is_off_by_itself() -> None:
    once, often = (Law(eps=EPS32, exponentials=EXPONENTIAL_ERROR, repeated=n).bounds(1.0, gradient=False) for n in (1, 150))
    assert often.working - once.working == pytest.approx(149 * EXPONENTIAL_EPS * EPS32)
    assert often.double == once.double
    wide = Law(eps=EPS64, exponentials=EXPONENTIAL_ERROR, repeated=150).bounds(1.0, gradient=False)
    assert wide.working == wide.double


def test_an_entropy_makes_more_of_an_eigenvalue_that_is_rounded_away_from_zero() -> None:
    rounded = 1e-14
    asked = replace(circuit(gate("RX", 0.3)), measurements=(Node("VnEntropyMP", (None, None), (), (0,)),))
    law, plain = (Law.of(one, (Evaluation(ADJOINT),)) for one in (asked, circuit(gate("RX", 0.3))))
    assert plain.bounds(1.0, gradient=False).double < -rounded * math.log2(rounded) < law.bounds(1.0, gradient=False).double
    assert law.bounds(1.0, gradient=True) == plain.bounds(1.0, gradient=True)


def test_sampling_falls_with_the_root_of_the_shots() -> None:
    assert sampling(SHIFT, 100, gradient=False) == pytest.approx(10 * sampling(SHIFT, 10_000, gradient=False))
    assert sampling(SHIFT, 100, gradient=True) == sampling(SHIFT, 100, gradient=False)
    assert sampling(FINITE, 100, gradient=True) == pytest.approx(2 * sampling(FINITE, 100, gradient=False) / STEP)


# --- the law -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("law", "gradient", "double", "working"),
    [
        (Law.of(turns(4), (said(), said(ADJOINT))), False, rounding(EPS64, 4), rounding(EPS64, 4)),
        (Law.of(turns(4, "float32"), (said(), said(ADJOINT))), True, rounding(EPS64, 4), rounding(EPS32, 4)),
        (Law.of(turns(4), (said(), said(NARROW))), True, rounding(EPS64, 4), rounding(EPS32, 4)),
        (Law.of(turns(), (said(), said(FINITE))), False, rounding(EPS64, 1), rounding(EPS64, 1)),
        (
            Law.of(turns(), (said(), said(FINITE))),
            True,
            rounding(EPS64, 1) + truncation(FINITE, 1),
            rounding(EPS64, 1) + truncation(FINITE, 1),
        ),
        (
            Law.of(turns(dtype="float32"), (differenced(), said(FINITE))),
            True,
            rounding(EPS64, 1) + 2 * truncation(FINITE, 1),
            rounding(EPS32, 1) + 2 * truncation(FINITE, 1),
        ),
        (
            Law.of(circuit(gate("Exp", 0.3)), (said(), said(ADJOINT))),
            False,
            rounding(EPS64, 1) + EXPONENTIAL_ERROR,
            rounding(EPS64, 1) + EXPONENTIAL_ERROR,
        ),
    ],
    ids=["float64", "float32", "complex64 device", "outputs know no step", "finite-diff", "two quotients", "exponential"],
)
def test_what_is_explained_is_the_sum_of_what_applies(law: Law, gradient: bool, double: float, working: float) -> None:
    assert law.bounds(1.0, gradient=gradient) == Bounds(pytest.approx(double), pytest.approx(working), 0.0)  # type: ignore[arg-type]


METHODS = st.sampled_from([BACKPROP, ADJOINT, SHIFT, HADAMARD, FINITE, finite(h=1e-3), NARROW, ARBITER])
EVALUATIONS = st.builds(
    lambda method, dtype, differences: said(method, dtype, differenced=differences),
    METHODS,
    st.sampled_from(["float64", "float32"]),
    st.booleans(),
)
DTYPES = st.sampled_from(["float64", "float32", "float16"])
CIRCUITS = st.builds(turns, st.integers(1, 50), DTYPES, st.sampled_from([(), (100,), (10, 50)]))
LAWS = st.builds(Law.of, CIRCUITS, st.lists(EVALUATIONS, min_size=1, max_size=2))


@given(CIRCUITS, EVALUATIONS, EVALUATIONS)
def test_it_does_not_matter_which_of_two_comes_first(ran: Circuit, one: Evaluation, other: Evaluation) -> None:
    assert Law.of(ran, (one, other)) == Law.of(ran, (other, one))


@given(CIRCUITS, EVALUATIONS, EVALUATIONS, st.booleans())
def test_two_methods_may_be_as_far_apart_as_either_may_be_from_the_truth_and_no_further_than_both(
    ran: Circuit, one: Evaluation, other: Evaluation, gradient: bool
) -> None:
    alone = [Law.of(ran, (e,)).from_exact(1.0, gradient=gradient) for e in (one, other)]
    together = Law.of(ran, (one, other)).bounds(1.0, gradient=gradient)
    assert together.working + together.sampled >= max(alone) * (1 - 1e-12)
    assert together.working + together.sampled <= sum(alone) * (1 + 1e-12)


@given(LAWS, st.booleans(), st.floats(1e-6, 1e6), st.floats(0.0, 1e3))
def test_double_precision_explains_no_more_than_the_working_one(law: Law, gradient: bool, scale: float, spread: float) -> None:
    found = law.bounds(scale, gradient=gradient, spread=spread)
    assert 0 < found.double <= found.working <= found.largest


@given(LAWS, st.booleans(), st.floats(1e-6, 1e6))
def test_bounds_are_in_proportion_to_the_scale(law: Law, gradient: bool, scale: float) -> None:
    one, many = law.bounds(1.0, gradient=gradient), law.bounds(scale, gradient=gradient)
    assert (many.double, many.working, many.sampled) == pytest.approx((one.double * scale, one.working * scale, one.sampled * scale))


@given(LAWS, st.sampled_from([EPS32, EPS16]), st.integers(1, 1000), st.booleans())
def test_a_lower_precision_and_more_operations_explain_more(law: Law, eps: float, more: int, gradient: bool) -> None:
    before = law.bounds(1.0, gradient=gradient)
    lower = replace(law, eps=max(law.eps, eps)).bounds(1.0, gradient=gradient)
    assert lower.working >= before.working
    assert lower.double == before.double
    longer = replace(law, operations=law.operations + more).bounds(1.0, gradient=gradient)
    assert longer.working > before.working
    assert longer.double > before.double


@given(LAWS, st.booleans())
def test_the_sum_of_the_terms_is_at_least_the_largest_of_them(law: Law, gradient: bool) -> None:
    terms = [rounding(law.eps, law.operations), law.exponentials, law.truncation if gradient else 0.0, law.sampling[gradient]]
    assert max(terms) <= law.from_exact(1.0, gradient=gradient) <= sum(terms) * (1 + 1e-12)


@given(LAWS, st.booleans())
def test_a_gradient_is_never_held_to_less_than_an_output(law: Law, gradient: bool) -> None:
    assert law.bounds(1.0, gradient=True).working >= law.bounds(1.0, gradient=False).working


def test_of_two_words_on_the_working_precision_the_larger_counts() -> None:
    law = Law.of(turns(dtype="float32"), (said(), said(ADJOINT)))
    plain, at_the_point = law.bounds(1.0, gradient=True), law.bounds(1.0, gradient=True, spread=0.25)
    assert at_the_point.working == 0.25
    assert at_the_point.double == plain.double
    assert law.bounds(1.0, gradient=True, spread=1e-9) == plain


def test_what_a_step_leaves_out_comes_on_top_of_ill_conditioning() -> None:
    law = Law.of(turns(dtype="float32"), (said(), said(FINITE)))
    assert law.bounds(1.0, gradient=True, spread=0.25).working == 0.25 + truncation(FINITE, 1)


# --- the user's own tolerance ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tolerance", "expected"),
    [
        (Tolerance(1e-3), 1e-3),
        (Tolerance(relative=1e-3), 2e-3),
        (Tolerance(1e-3, 1e-3), 3e-3),
        (Tolerance(0.0), 0.0),
    ],
    ids=str,
)
def test_a_tolerance_takes_the_place_of_rounding(tolerance: Tolerance, expected: float) -> None:
    law = Law.of(turns(dtype="float32"), (said(), said(ADJOINT)), tolerance)
    assert law.bounds(2.0, gradient=True) == Bounds(expected, expected, 0.0)


def test_a_tolerance_below_what_a_step_leaves_out_is_lifted_to_it() -> None:
    law = Law.of(turns(), (said(), said(FINITE)), Tolerance(1e-12))
    assert law.bounds(1.0, gradient=True).working == truncation(FINITE, 1)
    assert law.bounds(1.0, gradient=False).working == 1e-12


def test_ill_conditioning_does_not_widen_what_the_user_chose() -> None:
    law = Law.of(turns(), (said(), said(ADJOINT)), Tolerance(1e-6))
    assert law.bounds(1.0, gradient=True, spread=0.5).working == 1e-6


def test_who_is_right_is_no_matter_of_the_users_tolerance() -> None:
    free, bound = (Law.of(turns(), (said(),), tolerance) for tolerance in (Tolerance(), Tolerance(1.0)))
    assert free.from_exact(1.0, gradient=True) == bound.from_exact(1.0, gradient=True)


# --- code around a circuit ---------------------------------------------------------------------------------------------------------


def test_code_around_a_circuit_counts_as_operations_and_may_hold_an_exponential() -> None:
    law = Law.of(turns(4, "float32"), (said(),)).around(EPS64)
    assert law.operations == 4 + AROUND
    assert law.exponentials == EXPONENTIAL_ERROR
    assert law.eps == EPS32


def test_a_difference_quotient_of_an_inexact_exponential_is_less_exact_than_the_exponential() -> None:
    inexact, gates = (Law.of(ran, (said(),)) for ran in (circuit(gate("Exp", 0.3)), turns(1)))
    gap = inexact.around(EPS64).from_exact(1.0, gradient=True) - inexact.from_exact(1.0, gradient=True)
    assert gap == pytest.approx(EXPONENTIAL_SLOPE, rel=1e-3)
    assert inexact.around(EPS64).from_exact(1.0, gradient=False) < EXPONENTIAL_SLOPE / 10
    assert gates.around(EPS64).from_exact(1.0, gradient=True) < EXPONENTIAL_SLOPE / 10


def test_code_around_a_circuit_may_work_in_a_lower_precision_than_the_circuit() -> None:
    assert Law.of(turns(), (said(),)).around(EPS32).eps == EPS32


def test_what_a_healthy_qnode_may_miss_by_is_64_eps_in_single_precision_and_little_in_double() -> None:
    empty = Circuit((), ())
    assert Law.of(empty, (said(),)).around(EPS32).from_exact(1.0, gradient=True) == pytest.approx(64 * EPS32, rel=0.01)
    assert Law.of(empty, (said(),)).around(EPS64).from_exact(1.0, gradient=True) == pytest.approx(EXPONENTIAL_ERROR, rel=0.05)


# --- the same call again -----------------------------------------------------------------------------------------------------------


def test_a_difference_quotient_makes_any_number_of_a_rounding_in_single_precision() -> None:
    single = Law.of(turns(dtype="float32"), (said(FINITE), said(FINITE)))
    assert single.amplification > 1
    assert single.bounds(1.0, gradient=True).working < 1e-4


@pytest.mark.parametrize(("evaluation", "amplifies"), [(said(SHIFT), False), (differenced(), True), (differenced(ADJOINT), False)])
def test_only_a_quotient_amplifies(evaluation: Evaluation, amplifies: bool) -> None:
    assert (Law.of(turns(), (evaluation, evaluation)).amplification > 0) is amplifies


def test_the_shortest_step_amplifies_most() -> None:
    law = Law.of(turns(), (said(finite(h=1e-3)), said(FINITE)))
    assert law.step == STEP
    assert law.amplification == 2 * rounding(EPS64, 1) / STEP
    assert Law.of(turns(), (said(),)).step == math.inf


# --- what these laws are for -------------------------------------------------------------------------------------------------------


def test_what_a_silent_difference_is_off_by_in_float64_is_explained_and_in_float32_it_is_not() -> None:
    # a damping rate 5e-10, an operation of the user's own without a rule 3.7e-8; in float32 a rate was off by 0.019
    double = Law.of(turns(2), (differenced(), said())).bounds(1.0, gradient=True)
    assert double.double > 3.7e-8
    single = Law.of(turns(2, "float32"), (differenced(), said())).bounds(1.0, gradient=True)
    assert single.working < 0.019 / 100

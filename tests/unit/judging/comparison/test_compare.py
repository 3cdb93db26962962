"""Verdicts: what two evaluations of one circuit come to."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qdiag.errors import UsageError
from qdiag.judging.comparison.compare import compare
from qdiag.judging.comparison.ill_conditioning import Spread
from qdiag.model.call import Failure
from qdiag.model.circuit import Circuit, raw_outputs
from qdiag.model.comparison import Tolerance, Verdict
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method, parse
from qdiag.model.node import Node, Wires
from qdiag.model.parameter import Parameter
from qdiag.model.variants import with_precision

BACKPROP = Method("default.qubit", "backprop")
ADJOINT = Method("default.qubit", "adjoint")
SHIFT = Method("default.qubit", "parameter-shift")


@pytest.mark.parametrize("number", [-1.0, math.nan, "0.1"])
def test_a_tolerance_is_a_number_that_is_not_negative(number: Any) -> None:
    with pytest.raises(UsageError, match="is no tolerance"):
        Tolerance(number)
    with pytest.raises(UsageError, match="is no tolerance"):
        Tolerance(relative=number)


def rotations(count: int = 2, dtype: str = "float32", shots: tuple[int, ...] = ()) -> Circuit:
    gates = tuple(
        Node("RY", (Parameter(np.asarray(0.1 * (k + 1), dtype), "torch", True),), Wires((0,)), (0,)) for k in range(count)
    )
    return Circuit(gates, (Node("ExpectationMP", (Node("PauliZ", wires=(0,)),), wires=(0,)),), shots)


def evaluation(method: Method = BACKPROP, output: object = 0.5, gradient: tuple[float, ...] = (0.1, 0.2), **changes) -> Evaluation:
    arrays = tuple(np.asarray(g) for g in gradient)
    base = Evaluation(method, (np.asarray(output),), (arrays,), (arrays,), norms=(1.0,))
    return replace(base, **changes)


def test_identical_evaluations_agree():
    comparison = compare(evaluation(), evaluation(ADJOINT), rotations())
    assert comparison.verdict is Verdict.AGREE
    assert comparison.max_abs == 0.0


def test_a_gap_of_one_float32_eps_is_rounding_when_a_parameter_is_float32():
    comparison = compare(evaluation(), evaluation(ADJOINT, output=0.5 + 1.2e-7), rotations())
    assert comparison.verdict is Verdict.ROUNDING
    assert comparison.where == "output"
    assert comparison.ulps == pytest.approx(1.0, rel=0.02)
    assert comparison.float64_bound < comparison.max_abs < comparison.bound


def test_the_same_gap_is_an_error_when_everything_is_float64():
    comparison = compare(evaluation(), evaluation(ADJOINT, output=0.5 + 1.2e-7), rotations(dtype="float64"))
    assert comparison.verdict is Verdict.ERROR


def test_a_device_in_complex64_works_in_single_precision():
    narrow = replace(ADJOINT, device_precision="complex64")
    assert compare(evaluation(), evaluation(narrow, output=0.5 + 1.2e-7), rotations(dtype="float64")).verdict is Verdict.ROUNDING


def test_promoting_both_sides_to_float64_leaves_no_excuse():
    circuit = rotations()
    both = evaluation(replace(BACKPROP, precision="float64")), evaluation(replace(ADJOINT, precision="float64"), output=0.5 + 1.2e-7)
    assert compare(*both, circuit).verdict is Verdict.ERROR
    assert compare(evaluation(), both[1], circuit).verdict is Verdict.ROUNDING


def test_results_handed_on_in_float32_are_measured_in_float32():
    narrow = evaluation(ADJOINT, output=np.float32(0.1))
    comparison = compare(evaluation(output=0.1), narrow, rotations(dtype="float64"))
    assert comparison.verdict is Verdict.ROUNDING
    assert comparison.detail == "outputs are float64 against float32"


@pytest.mark.parametrize(("name", "verdict"), [("RY", Verdict.ERROR), ("Evolution", Verdict.AGREE)])
def test_a_matrix_exponential_is_as_exact_as_torch_makes_it(name, verdict):
    (first, second) = rotations(dtype="float64").operations
    circuit = replace(rotations(dtype="float64"), operations=(first, replace(second, name=name)))
    assert compare(evaluation(), evaluation(ADJOINT, gradient=(0.1, 0.2 + 2e-11)), circuit).verdict is verdict
    assert compare(evaluation(), evaluation(ADJOINT, gradient=(0.1, 0.2 + 1e-9)), circuit).verdict is Verdict.ERROR


def test_python_numbers_have_no_precision_of_their_own():
    gate = Node("RY", (Parameter(np.asarray(0.1, "float32"), "python"),), Wires((0,)), (0,))
    circuit = replace(rotations(dtype="float64"), operations=(gate,))
    assert compare(evaluation(), evaluation(ADJOINT, output=0.5 + 1.2e-7), circuit).verdict is Verdict.ERROR


def test_a_small_gradient_is_measured_against_the_observable_not_against_itself():
    circuit = rotations()
    assert compare(evaluation(gradient=(0.0, 0.0)), evaluation(ADJOINT, gradient=(6e-8, 0.0)), circuit).verdict is Verdict.ROUNDING


def test_the_cotangent_scales_the_floor_of_a_product():
    circuit = rotations()
    sides = evaluation(jacobian=None), evaluation(ADJOINT, jacobian=None, gradient=(0.1, 0.2 + 1e-5))
    assert compare(sides[0], sides[1], circuit).verdict is Verdict.ERROR
    assert compare(*sides, circuit, cotangents=((np.asarray(100.0),),)).verdict is Verdict.ROUNDING


def test_a_wrong_output_is_shown_rather_than_the_wrong_gradient_that_follows_from_it():
    comparison = compare(evaluation(), evaluation(ADJOINT, output=0.7, gradient=(9.0, 9.0)), rotations())
    assert comparison.where == "output"


@pytest.mark.parametrize("output", [0.3, 0.3 + 4e-8, 0.7], ids=["right", "a little off", "wrong"])
def test_a_gradient_that_is_no_number_is_shown_whatever_the_output_is(output):
    comparison = compare(evaluation(output=0.3), evaluation(ADJOINT, output=output, gradient=(np.nan, 0.2)), rotations())
    assert (comparison.where, str(comparison.element)) == ("nan", "d output / d RY#0")


def test_a_wrong_gradient_is_named_by_its_operation():
    comparison = compare(evaluation(), evaluation(ADJOINT, gradient=(0.1, 0.9)), rotations())
    assert (comparison.where, str(comparison.element)) == ("jacobian", "d output / d RY#1")
    assert comparison.values == (0.2, 0.9)


def test_without_a_jacobian_the_product_is_named():
    sides = evaluation(jacobian=None), evaluation(ADJOINT, jacobian=None, gradient=(0.1, 0.9))
    comparison = compare(*sides, rotations())
    assert (comparison.where, str(comparison.element)) == ("vjp", "d loss / d RY#1")


def test_elements_of_several_batched_outputs_are_told_apart():
    outputs = (np.zeros(3), np.zeros(3))
    odd = (np.zeros(3), np.asarray([0.0, 0.0, 1.0]))
    sides = evaluation(outputs=outputs, jacobian=None), evaluation(ADJOINT, outputs=odd, jacobian=None)
    assert str(compare(*sides, rotations()).element) == "output[1][2]"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_no_number_where_the_other_has_one_is_an_error_of_its_own_kind(bad: float):
    comparison = compare(evaluation(), evaluation(ADJOINT, gradient=(0.1, bad)), rotations())
    assert (comparison.verdict, comparison.where) == (Verdict.ERROR, "nan")
    assert comparison.values == (0.2, None)


def test_no_number_on_either_side_is_nothing_to_compare():
    sides = evaluation(gradient=(0.1, np.nan)), evaluation(ADJOINT, gradient=(0.1, np.nan))
    assert compare(*sides, rotations()).verdict is Verdict.AGREE


def test_shapes_that_differ_are_an_error_of_their_own_kind():
    comparison = compare(evaluation(), evaluation(ADJOINT, output=[0.5]), rotations())
    assert (comparison.verdict, comparison.where) == (Verdict.ERROR, "shape")
    assert comparison.detail == "shape () against (1,)"


def test_another_number_of_outputs_is_a_shape_too():
    comparison = compare(evaluation(), evaluation(ADJOINT, outputs=()), rotations())
    assert (comparison.verdict, comparison.where) == (Verdict.ERROR, "shape")


def test_a_complex_output_where_the_other_is_real_is_a_dtype_error():
    comparison = compare(evaluation(), evaluation(ADJOINT, output=0.5 + 0j), rotations())
    assert (comparison.verdict, comparison.where) == (Verdict.ERROR, "dtype")


def test_an_imaginary_part_that_another_method_drops_is_a_difference_of_the_output():
    comparison = compare(evaluation(), evaluation(ADJOINT, output=0.5 + 0.3j), rotations())
    assert (comparison.verdict, comparison.where) == (Verdict.ERROR, "output")


def test_a_method_that_raises_where_the_other_gives_numbers_is_an_error():
    failed = Evaluation(ADJOINT, failure=Failure("WireError", "no wire 2"))
    comparison = compare(evaluation(), failed, rotations())
    assert (comparison.verdict, comparison.where) == (Verdict.ERROR, "raise")
    assert "no wire 2" in comparison.detail


def test_two_methods_that_both_raise_are_refused():
    failed = Failure("DeviceError", "not supported")
    assert compare(Evaluation(BACKPROP, failure=failed), Evaluation(ADJOINT, failure=failed), rotations()).verdict is Verdict.REFUSED


def test_nothing_on_either_side_is_inconclusive():
    assert compare(Evaluation(BACKPROP), Evaluation(ADJOINT), rotations()).verdict is Verdict.INCONCLUSIVE


def test_a_finite_difference_may_err_by_its_step_but_not_by_more():
    circuit = rotations(dtype="float64")
    difference = parse("default.qubit/finite-diff")
    assert compare(evaluation(), evaluation(difference, gradient=(0.1, 0.2 + 3e-8)), circuit).verdict is Verdict.AGREE
    assert compare(evaluation(), evaluation(difference, gradient=(0.1, 0.2 + 1e-4)), circuit).verdict is Verdict.ERROR


def test_a_larger_step_excuses_more():
    circuit = rotations(dtype="float64")
    coarse = replace(parse("default.qubit/finite-diff"), gradient_options=(("h", 1e-3),))
    assert compare(evaluation(), evaluation(coarse, gradient=(0.1, 0.2 + 1e-4)), circuit).verdict is Verdict.AGREE


def test_a_shift_rule_that_differences_without_a_word_may_err_by_as_much_in_float64():
    silent = evaluation(SHIFT, gradient=(0.1, 0.2 + 3.7e-8))
    assert compare(evaluation(), replace(silent, differenced=True), rotations(dtype="float64")).verdict is Verdict.AGREE
    assert compare(evaluation(), silent, rotations(dtype="float64")).verdict is Verdict.ERROR


def test_a_silent_difference_is_wrong_in_float32_where_it_means_nothing():
    silent = evaluation(SHIFT, gradient=(0.1, 0.2 + 0.019), differenced=True)
    assert compare(evaluation(), silent, rotations()).verdict is Verdict.ERROR


def test_a_difference_of_differences_is_not_compared():
    plain, silent = evaluation(hvp=(np.asarray(0.1),)), evaluation(SHIFT, hvp=(np.asarray(0.4),))
    assert compare(plain, silent, rotations(dtype="float64")).where == "second-derivative"
    assert compare(plain, replace(silent, differenced=True), rotations(dtype="float64")).verdict is Verdict.AGREE


def test_a_finite_difference_is_not_excused_by_single_precision():
    garbage = evaluation(parse("default.qubit/finite-diff"), gradient=(0.1, 0.43))
    assert compare(evaluation(), garbage, rotations()).verdict is Verdict.ERROR


def test_sampled_results_are_inconclusive_within_the_sampling_error_and_wrong_beyond_it():
    circuit = rotations(dtype="float64", shots=(1000,))
    shift = parse("default.qubit/parameter-shift")
    assert compare(evaluation(shift), evaluation(shift, output=0.55), circuit).verdict is Verdict.INCONCLUSIVE
    assert compare(evaluation(shift), evaluation(shift, output=0.95), circuit).verdict is Verdict.ERROR


def test_a_random_method_never_shows_an_error_of_its_gradient():
    spsa = evaluation(parse("default.qubit/spsa"), gradient=(3.0, 0.2))
    assert compare(evaluation(), spsa, rotations()).verdict is Verdict.INCONCLUSIVE


def test_the_users_tolerance_replaces_the_derived_one():
    sides = evaluation(), evaluation(ADJOINT, output=0.5 + 1.2e-7)
    assert compare(*sides, rotations(), Tolerance(relative=1e-9)).verdict is Verdict.ERROR
    assert compare(*sides, rotations(), Tolerance(absolute=0.0)).verdict is Verdict.ERROR
    assert compare(*sides, rotations(dtype="float64"), Tolerance(absolute=1e-6)).verdict is Verdict.AGREE


def test_what_ill_conditioning_explains_is_rounding():
    sides = evaluation(jacobian=None), evaluation(ADJOINT, jacobian=None, gradient=(0.1, 0.2 + 1e-4))
    assert compare(*sides, rotations()).verdict is Verdict.ERROR
    assert compare(*sides, rotations(), spread=Spread(vjps=((0.0, 2e-4),))).verdict is Verdict.ROUNDING


def test_a_template_counts_once_for_each_of_its_angles():
    template = Node("BasicEntanglerLayers", (Parameter(np.zeros((50, 2)), "torch", True),), None, (0, 1))
    deep = Circuit((template,), rotations().measurements)
    flat = with_precision(rotations(1), "float64")
    sides = evaluation(), evaluation(ADJOINT, output=0.5 + 1e-16)
    assert compare(*sides, deep).bound == pytest.approx(10 * compare(*sides, flat).bound)


def test_a_gradient_off_the_unit_sphere_is_no_ones_business_where_the_parameter_is_a_state():
    state = np.asarray([0.6, 0.8, 0.0, 0.0])
    embedding = Node("AmplitudeEmbedding", (Parameter(state, "torch", True),), Wires((0, 1)), (0, 1))
    circuit = Circuit((embedding,), rotations().measurements)
    tangent = np.asarray([0.8, -0.6, 0.5, 0.0])

    def sides(offset: np.ndarray) -> tuple[Evaluation, Evaluation]:
        rows = [((tangent + part),) for part in (0.0, offset)]
        one, other = (evaluation(m, jacobian=(row,), vjps=(row,)) for m, row in zip((BACKPROP, ADJOINT), rows))
        return one, other

    assert compare(*sides(0.7 * state), circuit).verdict is Verdict.AGREE
    assert compare(*sides(0.7 * state + np.asarray([0.0, 0.0, 0.0, 1e-6])), circuit).verdict is Verdict.ERROR


# --- raw samples -------------------------------------------------------------------------------------------------------


def with_samples(circuit: Circuit, *names: str) -> Circuit:
    drawn = tuple(Node(name, (Node("PauliZ", wires=(0,)),), wires=(0,)) for name in names)
    return replace(circuit, measurements=(*circuit.measurements, *drawn))


@pytest.mark.parametrize("name", ["SampleMP", "CountsMP", "ClassicalShadowMP"])
def test_the_drawings_of_two_methods_are_not_held_against_each_other(name: str):
    circuit = with_samples(rotations(shots=(4,)), name)
    expected, drawn = np.asarray(0.5), [np.asarray([1.0, 1.0, -1.0, 1.0]), np.asarray([-1.0, 1.0, 1.0, 1.0])]
    sides = [replace(evaluation(method), outputs=(expected, d), jacobian=None) for method, d in zip((BACKPROP, ADJOINT), drawn)]
    assert compare(sides[0], sides[1], circuit).verdict is Verdict.AGREE


def test_the_results_beside_raw_samples_are_compared():
    circuit = with_samples(rotations(shots=(1000,)), "SampleMP")
    sides = [replace(evaluation(BACKPROP), outputs=(np.asarray(value), np.zeros(1000)), jacobian=None) for value in (0.9, -0.9)]
    assert compare(sides[0], sides[1], circuit).where == "output"
    assert compare(sides[0], sides[1], circuit).verdict is Verdict.ERROR


def test_each_group_of_shots_brings_all_measurements():
    circuit = with_samples(rotations(shots=(100, 200)), "SampleMP")
    assert raw_outputs(circuit, 4) == {1, 3}
    assert raw_outputs(circuit, 2) == {1}
    assert raw_outputs(rotations(), 1) == set()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("pair", [(0.1, 0.1), (0.1, 0.1 + 1e-7), (0.0, -0.0), (0.0, 1e-300), (-0.3, 0.3), (6e4, -6e4), (0.1, math.nan)])
def test_one_number_is_compared_as_a_row_of_one_is(pair, dtype):
    found = []
    for shape in ((), (1,)):
        one, other = (evaluation(jacobian=None, vjps=(), output=np.asarray(number, dtype).reshape(shape)) for number in pair)
        found.append(compare(one, other, rotations()))
    single, row = found
    assert vars(replace(row, element=single.element)) == vars(single)

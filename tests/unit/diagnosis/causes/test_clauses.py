"""Which causes come into question at all: what one clause tells apart, shown by the two causes that it tells apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qdiag.diagnosis.cause import Cause, Role
from qdiag.diagnosis.causes.complex_numbers import NON_HERMITIAN
from qdiag.diagnosis.causes.difference_quotients import FINITE_DIFFERENCE_STEP
from qdiag.diagnosis.causes.execution import DEVICE_KERNEL
from qdiag.diagnosis.causes.graph import DETACHED, INVISIBLE, NOT_FOLLOWED
from qdiag.diagnosis.causes.refusals import REFUSES
from qdiag.diagnosis.causes.rules import DISPLACED, DROPPED, WRONG_RULE
from qdiag.diagnosis.causes.singular_points import NOT_A_NUMBER
from qdiag.diagnosis.facts import HIDDEN, LEFT_TO_DIFFERENCES, SKEWED
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.method import Method
from qdiag.model.node import Node, Wires
from qdiag.model.parameter import Parameter
from tests.worlds.methods import ADJOINT, BACKPROP, methods
from tests.worlds.symptoms import World, expectation, observable_of, of, rotation, symptoms

TWO = of(rotation(), rotation(name="RY", angle=0.7))
BACKWARDS = of(rotation(wire=1), rotation(name="RY", wire=0))
SHIFT, LIGHTNING, LIGHTNING_DIFFERENCES = methods(
    "default.qubit/parameter-shift", "lightning.qubit/adjoint", "lightning.qubit/finite-diff"
)


def seen(wrong: Method = ADJOINT, circuit: Circuit = TWO, **facts: Any) -> Symptoms:
    """What is seen where one method is wrong about gradients, and another is not."""
    right = ADJOINT if wrong == BACKPROP else BACKPROP
    return symptoms(World(lambda request: 0.2 if request.method == wrong else 0.0), circuit, (wrong, right), **facts)


def showing(signature: Signature, **facts: Any) -> Symptoms:
    """The same, where what differs is no number."""
    found = seen(**facts)
    comparison = Comparison(found.comparison.methods, Verdict.ERROR, signature, max_abs=float("inf"), max_rel=float("inf"))
    return replace(found, divergence=replace(found.divergence, comparison=comparison))


def flips(cause: Cause, symptoms: Symptoms) -> set[str]:
    """The experiments by which a cause is confirmed."""
    return {p.experiment.name for p in cause.predicts(symptoms) if p.role is Role.FLIP}


def rivals(cause: Cause, symptoms: Symptoms) -> set[str]:
    """The experiments that tell a cause from others."""
    return {p.experiment.name for p in cause.predicts(symptoms) if p.role is Role.RIVAL}


# --- QD301: wrong gradient rule --------------------------------------------------------------------------------------------------


def test_a_wrong_number_is_a_matter_of_rules() -> None:
    assert WRONG_RULE.applies(seen(apart=(0,)))
    assert not NOT_A_NUMBER.applies(seen(apart=(0,)))


def test_nan_is_one_of_the_point() -> None:
    assert not WRONG_RULE.applies(showing(Signature.NAN, apart=(0,)))
    assert NOT_A_NUMBER.applies(showing(Signature.NAN, apart=(0,)))


def test_what_else_backprop_gets_wrong_where_its_graph_is_cut_is_none_of_a_rule() -> None:
    cut = seen(BACKPROP, apart=(0, 1), lost=(0,))
    assert not WRONG_RULE.applies(cut)
    assert DETACHED.applies(cut)


def test_where_another_method_may_be_wrong_as_well_it_may_be() -> None:
    either = replace(seen(BACKPROP, apart=(0, 1), lost=(0,)))
    unknown = replace(either, divergence=replace(either.divergence, wrong=()))
    assert WRONG_RULE.applies(unknown)


def test_where_backprop_loses_nothing_its_matrix_may_be_wrong() -> None:
    assert WRONG_RULE.applies(seen(BACKPROP, apart=(0,)))


def test_a_gradient_that_is_passed_over_came_of_no_rule() -> None:
    assert not WRONG_RULE.applies(seen(apart=(0,), lost=(0,)))
    assert DROPPED.applies(seen(apart=(0,), lost=(0,)))


def test_nor_did_one_that_the_tape_hides() -> None:
    hidden = seen(apart=(0,), known={HIDDEN: (0,)})
    assert not WRONG_RULE.applies(hidden)
    assert INVISIBLE.applies(hidden)


def test_beside_them_another_one_may_have() -> None:
    assert WRONG_RULE.applies(seen(apart=(0, 1), lost=(0,)))
    assert WRONG_RULE.applies(seen(apart=(0, 1), known={HIDDEN: (0,)}))


def with_coefficient() -> Circuit:
    observable = replace(observable_of(expectation()), data=rotation().data)
    return of(rotation(), measurement=replace(expectation(), data=(observable, None)))


def with_matrix() -> Circuit:
    observable = Node("Hermitian", (Parameter(np.eye(2)),), (Wires((0,)), ()), (0,))
    return of(rotation(), rotation(name="RY"), measurement=replace(expectation(), data=(observable, None)))


@pytest.mark.parametrize(
    ("rival", "found"),
    [
        (DISPLACED, seen(circuit=with_coefficient(), apart=(0, 1))),
        (DISPLACED, seen(circuit=with_matrix(), apart=(0, 1), displaced=True)),
        (NOT_FOLLOWED, seen(SHIFT, apart=(0,), known={LEFT_TO_DIFFERENCES: (0,)})),
        (NON_HERMITIAN, seen(apart=(0,), known={SKEWED: True})),
    ],
    ids=["coefficients that are counted", "a matrix that is counted", "finite differences", "an observable that is not Hermitian"],
)
def test_the_flip_of_what_would_look_the_same_tells_it_from_a_wrong_rule(rival: Cause, found: Symptoms) -> None:
    assert rival.applies(found)
    assert rivals(WRONG_RULE, found) & flips(rival, found)
    assert not rivals(WRONG_RULE, seen(apart=(0,))) & flips(rival, found)


def test_finite_differences_that_are_right_are_no_rival() -> None:
    assert rivals(WRONG_RULE, seen(SHIFT, apart=(1,), known={LEFT_TO_DIFFERENCES: (0,)})) == rivals(WRONG_RULE, seen(apart=(1,)))


def test_a_matrix_of_which_nothing_has_moved_is_no_rival() -> None:
    found = seen(circuit=with_matrix(), apart=(0,))
    assert rivals(WRONG_RULE, found) == rivals(WRONG_RULE, seen(apart=(0,)))


# --- QD302: gradient dropped -----------------------------------------------------------------------------------------------------


def test_the_zero_that_a_gradient_left_behind_when_it_moved_is_none_that_was_dropped() -> None:
    moved = seen(apart=(0, 1), lost=(0,), displaced=True)
    assert not DROPPED.applies(moved)
    assert DISPLACED.applies(moved)


def test_where_a_composite_operation_is_passed_over_those_before_it_may_move_up() -> None:
    assert DROPPED.applies(seen(apart=(0, 1), lost=(0,), displaced=True, composite=True))


def test_a_parameter_that_the_tape_hides_is_not_passed_over() -> None:
    hidden = seen(apart=(0,), lost=(0,), known={HIDDEN: (0,)})
    assert not DROPPED.applies(hidden)
    assert INVISIBLE.applies(hidden)


def test_backprop_passes_over_nothing_but_its_graph_may_be_cut() -> None:
    cut = seen(BACKPROP, apart=(0,), lost=(0,))
    assert not DROPPED.applies(cut)
    assert DETACHED.applies(cut)


def test_rows_that_a_permutation_of_wires_puts_elsewhere_are_told_from_dropped_ones() -> None:
    found = seen(circuit=BACKWARDS, apart=(0,), lost=(0,))
    assert DEVICE_KERNEL.applies(found)
    assert rivals(DROPPED, found) & flips(DEVICE_KERNEL, found)
    assert not rivals(DROPPED, seen(apart=(0,), lost=(0,))) & flips(DEVICE_KERNEL, found)


# --- QD303: gradient of another parameter ----------------------------------------------------------------------------------------


def test_where_coefficients_are_trainable_a_wrong_gradient_may_be_anothers() -> None:
    assert DISPLACED.applies(seen(circuit=with_coefficient(), apart=(0,)))
    assert not DISPLACED.applies(seen(apart=(0,)))


def test_but_not_where_all_that_is_wrong_is_zero() -> None:
    dropped = seen(circuit=with_coefficient(), apart=(1,), lost=(1,))
    assert not DISPLACED.applies(dropped)
    assert DROPPED.applies(dropped)


# --- QD503: device kernel --------------------------------------------------------------------------------------------------------


def test_another_device_may_have_a_kernel_of_its_own() -> None:
    assert DEVICE_KERNEL.applies(seen(LIGHTNING, apart=(0,)))
    assert not DEVICE_KERNEL.applies(seen(ADJOINT, apart=(0,)))


def test_a_gradient_that_a_method_drops_on_one_device_is_none_of_its_kernel() -> None:
    dropped = seen(LIGHTNING, apart=(0,), lost=(0,))
    assert not DEVICE_KERNEL.applies(dropped)
    assert DROPPED.applies(dropped)


def test_the_reference_device_goes_wrong_over_the_order_of_wires_only() -> None:
    assert DEVICE_KERNEL.applies(seen(circuit=BACKWARDS, apart=(0,)))
    assert flips(DEVICE_KERNEL, seen(circuit=BACKWARDS, apart=(0,))) == {"wires numbered in the order of their use"}


def test_another_device_is_asked_about_its_kernel_whatever_the_order() -> None:
    assert flips(DEVICE_KERNEL, seen(LIGHTNING, BACKWARDS, apart=(0,))) == {"the same methods on default.qubit"}


def test_a_difference_quotient_is_off_on_any_device() -> None:
    quotient = seen(LIGHTNING_DIFFERENCES, apart=(0,))
    assert not DEVICE_KERNEL.applies(quotient)
    assert FINITE_DIFFERENCE_STEP.applies(quotient)


def test_what_raises_has_given_no_other_result() -> None:
    raised = showing(Signature.RAISE, wrong=LIGHTNING)
    assert not DEVICE_KERNEL.applies(raised)
    assert REFUSES.applies(raised)

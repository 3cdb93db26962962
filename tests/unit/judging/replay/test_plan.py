"""Which calls are replayed under which methods."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.judging.replay.plan import (
    SHORT,
    Kind,
    Plan,
    best_partner,
    kinds_in,
    of_new_kinds,
    preference,
    sampled_calls,
    shadows,
    spread_over,
)
from qdiag.model.circuit import Circuit
from qdiag.model.method import Method, parse, parse_list
from qdiag.model.node import Node
from tests.worlds.methods import ADJOINT, BACKPROP, DIFFERENCES, HADAMARD, LIGHTNING, SHIFT
from tests.worlds.scripted import circuit
from tests.worlds.small_circuits import combination, expval, gate

SINGLE, DOUBLE = circuit(0.3, "float32"), circuit(0.3)
SPSA = parse("default.qubit/spsa")


# --- shadows ------------------------------------------------------------------------------------------------------------------


def test_the_same_on_a_gpu_is_held_against_the_scripts_own_on_the_cpu() -> None:
    placed = parse("default.qubit/backprop@cuda")
    assert shadows(BACKPROP, (BACKPROP, placed), DOUBLE) == (placed,)


def test_the_users_own_method_is_not_its_own_shadow() -> None:
    assert shadows(BACKPROP, (BACKPROP, ADJOINT, parse("backprop")), DOUBLE) == (ADJOINT,)


def test_each_method_is_asked_once_in_the_order_wanted() -> None:
    wanted = parse_list("adjoint,default.qubit/parameter-shift,default.qubit/adjoint,parameter-shift")
    assert shadows(BACKPROP, wanted, DOUBLE) == (ADJOINT, SHIFT)


def test_a_method_without_a_device_is_meant_on_the_users() -> None:
    own = parse("lightning.qubit/adjoint")
    assert shadows(own, parse_list("parameter-shift"), DOUBLE) == (parse("lightning.qubit/parameter-shift"),)


def test_the_same_method_in_another_precision_is_a_shadow() -> None:
    wanted = parse_list("backprop@float64,default.qubit/backprop@float32")
    assert shadows(BACKPROP, wanted, SINGLE) == wanted_on("default.qubit", wanted)


def wanted_on(device: str, methods: tuple[Method, ...]) -> tuple[Method, ...]:
    return tuple(method.on(device) for method in methods)


def test_the_same_method_on_another_device_is_a_shadow() -> None:
    assert shadows(ADJOINT, (LIGHTNING,), DOUBLE) == (LIGHTNING,)


def test_the_same_device_in_its_other_width_is_one_and_in_its_default_width_is_not() -> None:
    own = parse("lightning.qubit[complex64]/adjoint")
    wide = parse("lightning.qubit[complex128]/adjoint")
    assert shadows(own, (wide,), DOUBLE) == (wide,)
    assert shadows(own, (LIGHTNING,), DOUBLE) == ()


def test_finite_differences_get_double_precision_where_they_would_be_noise() -> None:
    (found,) = shadows(BACKPROP, (DIFFERENCES,), SINGLE)
    assert (found.precision, found.device_precision) == ("float64", "")
    assert shadows(BACKPROP, (DIFFERENCES,), DOUBLE) == (DIFFERENCES,)


def test_a_precision_that_was_asked_for_stands() -> None:
    wanted = parse("default.qubit/finite-diff@float32")
    assert shadows(BACKPROP, (wanted,), DOUBLE) == (wanted,)


def test_only_finite_differences_are_noise() -> None:
    assert shadows(BACKPROP, (SHIFT, HADAMARD), SINGLE) == (SHIFT, HADAMARD)


# --- samples --------------------------------------------------------------------------------------------------------------------


@given(st.integers(0, SHORT), st.lists(st.integers(0, SHORT)))
def test_a_short_trace_is_replayed_whole(length: int, flagged: list[int]) -> None:
    assert sampled_calls(length, (), flagged, None) == tuple(range(length))


@given(st.integers(SHORT + 1, 5000), st.lists(st.integers(0, 5000), max_size=4), st.lists(st.integers(0, 5000), max_size=4))
def test_of_a_long_one_the_first_call_powers_of_two_new_structures_and_what_lies_around_a_difference(
    length: int, firsts: list[int], flagged: list[int]
) -> None:
    found = sampled_calls(length, firsts, flagged, None)
    assert found == tuple(sorted(set(found)))
    assert all(0 <= index < length for index in found)
    wanted = {0, *(1 << k for k in range(20)), *firsts, *(f + d for f in flagged for d in (-1, 0, 1))}
    assert set(found) == {index for index in wanted if 0 <= index < length}


@given(st.integers(SHORT + 1, 10**6))
def test_a_sample_grows_with_the_logarithm_of_the_trace(length: int) -> None:
    assert len(sampled_calls(length, (0,), (), None)) <= length.bit_length() + 1


@pytest.mark.parametrize(
    ("every", "found"), [(1, (0, 1, 2, 3, 4)), (2, (0, 2, 4)), (10, (0,)), (0, (0, 1, 2, 3, 4)), (-3, (0, 1, 2, 3, 4))]
)
def test_every_nth_call_is_every_nth_call_whatever_else(every: int, found: tuple[int, ...]) -> None:
    assert sampled_calls(5, (1,), (3,), every) == found


@pytest.mark.parametrize(("most", "length"), [(None, 10), (3, 3), (10, 10), (20, 10), (0, 0)])
def test_no_more_calls_are_replayed_than_asked_for(most: int | None, length: int) -> None:
    assert Plan(max_calls=most).length(10) == length


# --- partners -------------------------------------------------------------------------------------------------------------------

ORDERED = (
    BACKPROP,
    ADJOINT,
    parse("default.qubit/device"),
    parse("lightning.qubit/adjoint"),
    SHIFT,
    DIFFERENCES,
    SPSA,
)
"""From the best partner of a method on default.qubit to the worst."""


def test_partners_are_exact_before_approximate_cheap_before_expensive_near_before_far() -> None:
    own = parse("default.qubit/best")
    keys = [preference(own, method) for method in ORDERED]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


@given(st.permutations(ORDERED), st.integers(1, len(ORDERED)))
def test_the_best_partner_does_not_depend_on_the_order_of_asking(order: list[Method], count: int) -> None:
    chosen = order[:count]
    found = best_partner(parse("default.qubit/best"), chosen)
    assert ORDERED.index(found) == min(map(ORDERED.index, chosen))


def test_a_method_of_the_users_device_is_nearer_than_the_same_one_elsewhere() -> None:
    for own in (parse("lightning.qubit/parameter-shift"), parse("default.qubit/parameter-shift")):
        for pair in permutations((ADJOINT, LIGHTNING)):
            assert best_partner(own, pair).device == own.device


def test_a_method_in_its_own_precision_is_nearer_than_in_another() -> None:
    assert best_partner(BACKPROP, (parse("default.qubit/adjoint@float64"), ADJOINT)) == ADJOINT


# --- what there is time for ---------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 1000), unique=True).map(sorted))
def test_an_order_that_is_spread_over_the_run_leaves_out_no_call(calls: list[int]) -> None:
    assert sorted(spread_over(calls)) == calls


@given(st.integers(2, 300), st.data())
def test_each_beginning_of_it_is_spread_over_the_run(length: int, data: st.DataObject) -> None:
    order = spread_over(range(length))
    assert order[:2] == (0, length - 1)
    taken = sorted(order[: data.draw(st.integers(2, length))])
    widest = max(b - a for a, b in zip(taken, taken[1:])) if len(taken) > 1 else 0
    assert widest <= max(1, 4 * length / len(taken))


# --- structures -------------------------------------------------------------------------------------------------------------


def test_kinds_are_what_rules_go_by() -> None:
    def kinds(*operations: Node, measured: Node) -> frozenset[Kind]:
        return kinds_in(Circuit(operations, (measured,)))

    x, z = gate("PauliX"), gate("PauliZ")
    one = kinds(gate("RX", 0.1, trainable=True), measured=expval(combination((0.5, x), (0.25, z))))
    two = [gate("RX", angle, trainable=True, wires=(1,)) for angle in (0.1, 0.2)]
    more = kinds(*two, measured=expval(combination((0.125, z), (1.0, x), (2.0, z))))
    assert one == more
    for other in (
        kinds(gate("RY", 0.1, trainable=True), measured=expval(combination((0.5, x), (0.25, z)))),
        kinds(gate("RX", 0.1), measured=expval(combination((0.5, x), (0.25, z)))),
        kinds(gate("RX", 0.1, trainable=True, dtype="float32"), measured=expval(combination((0.5, x), (0.25, z)))),
        kinds(gate("RX", [0.1, 0.2], trainable=True), measured=expval(combination((0.5, x), (0.25, z)))),
    ):
        assert other - one


def test_calls_of_new_kinds_are_those_that_have_what_none_before_had_under_the_same_method() -> None:
    held = {0: "ab", 1: "b", 2: "bc", 3: "ac", 4: "a"}
    seen = {index: frozenset((letter, letter, "") for letter in letters) for index, letters in held.items()}
    assert of_new_kinds(held, lambda index: (BACKPROP, seen[index])) == (0, 2)
    assert of_new_kinds(held, lambda index: (ADJOINT if index == 4 else BACKPROP, seen[index])) == (0, 2, 4)
    assert of_new_kinds([7, 8], lambda index: (BACKPROP, frozenset())) == (7, 8)

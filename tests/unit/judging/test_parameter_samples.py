"""Parameters as samples: which are chosen, and what a call is that was differentiated by these alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qdiag.judging.parameter_samples import (
    FEW,
    SAMPLED,
    flagged_parameter,
    goes_by_parameters,
    most_numbers,
    sampled_parameters,
    tracked_numbers,
    with_tracked,
)
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.element import Element, Kind, parameter_names
from qdiag.model.node import Node, Wires
from qdiag.model.option import Held
from qdiag.model.option import Kind as OptionKind
from qdiag.model.parameter import Parameter
from qdiag.model.variants import with_parameters
from tests.worlds.long_chains import chain, circuit
from tests.worlds.methods import ADJOINT, BACKPROP, DIFFERENCES, SHIFT

KEYS = st.text("0123456789abcdef", min_size=16, max_size=16)
LONG = circuit(2 * SAMPLED + 1)
KEY = "0123456789abcdef"


def with_value(position: int, value: float) -> Circuit:
    parameters = list(LONG.parameters)
    parameters[position] = replace(parameters[position], value=np.asarray(value))
    return with_parameters(LONG, parameters)


def test_methods_that_take_parameters_one_by_one_go_by_them_where_there_are_many() -> None:
    assert [goes_by_parameters(method, LONG) for method in (BACKPROP, ADJOINT, SHIFT, DIFFERENCES)] == [False, False, True, True]
    assert not goes_by_parameters(SHIFT, circuit(2 * SAMPLED))


def test_a_method_that_was_told_something_of_each_parameter_is_shown_all() -> None:
    shifts = Held(OptionKind.LIST, (Held(OptionKind.TUPLE, (0.4,)),))
    told, stepped = (replace(SHIFT, gradient_options=(option,)) for option in (("shifts", shifts), ("broadcast", True)))
    assert [goes_by_parameters(method, LONG) for method in (told, stepped)] == [False, True]


def test_numbers_that_are_marked_only_cost_as_much_and_count() -> None:
    image = Node("AmplitudeEmbedding", (Parameter(np.ones(2 * SAMPLED), "autograd", marked=True),), Wires((0,)), (0,))
    marked = replace(circuit(2), operations=(image, *circuit(2).operations))
    assert (tracked_numbers(marked), goes_by_parameters(SHIFT, marked)) == (2 * SAMPLED + 2, True)
    assert sampled_parameters(marked, KEY) == marked.trainable


def test_where_nothing_is_tracked_there_is_nothing_to_cut() -> None:
    alone = with_parameters(LONG, [replace(p, trainable=False) for p in LONG.parameters])
    assert not goes_by_parameters(SHIFT, alone)


def test_where_a_gradient_takes_long_there_are_fewer() -> None:
    assert [most_numbers(seconds) for seconds in (0.0, 0.01, 0.1)] == [SAMPLED, SAMPLED, FEW]
    assert [goes_by_parameters(SHIFT, circuit(2 * FEW + more), FEW) for more in (0, 1)] == [False, True]
    assert len(sampled_parameters(LONG, KEY, most=FEW)) == FEW


@given(KEYS)
def test_each_kind_of_operation_is_among_them_and_they_are_few(key: str) -> None:
    chosen = sampled_parameters(LONG, key)
    names = parameter_names(LONG)
    assert {"RY#0", "RX#0"} <= {names[position] for position in chosen}
    assert len(chosen) == SAMPLED
    assert chosen == tuple(sorted({*chosen}))


@given(KEYS, st.integers(0, 2 * SAMPLED))
def test_what_is_flagged_is_among_them(key: str, position: int) -> None:
    name = parameter_names(LONG)[position]
    assert position in sampled_parameters(LONG, key, {name})


@given(KEYS, st.integers(1, 2 * SAMPLED), st.sampled_from([0.0, np.pi / 2, -np.pi, 2 * np.pi]))
def test_a_number_at_which_rules_tend_to_break_down_is_of_a_kind_of_its_own(key: str, position: int, value: float) -> None:
    assert position in sampled_parameters(with_value(position, value), key)


def test_another_call_is_seen_in_other_parameters() -> None:
    assert sampled_parameters(LONG, "0" * 16) != sampled_parameters(LONG, "f" * 16)


def test_each_number_of_an_operation_is_a_kind() -> None:
    turns = tuple(Node("Rot", tuple(Parameter(np.asarray(0.3), "torch", True) for _ in range(3)), Wires((0,)), (0,)) for _ in range(20))
    chosen = sampled_parameters(replace(LONG, operations=turns), KEY)
    assert {0, 1, 2} <= {*chosen}


def test_more_kinds_than_are_sampled_are_all_looked_at() -> None:
    turns = tuple(Node(f"Gate{k}", (Parameter(np.asarray(0.3), "torch", True),), Wires((0,)), (0,)) for k in range(40))
    assert len(sampled_parameters(replace(LONG, operations=turns), KEY)) == 40


# --- the call that is left ----------------------------------------------------------------------------------------------------


def test_what_is_left_tracks_these_alone_and_keeps_their_gradients() -> None:
    call = chain(2 * SAMPLED + 1)
    part = with_tracked(call, (0, 3))
    assert part.circuit.trainable == (0, 3)
    assert part.outputs is call.outputs
    assert part.backwards[0].gradients == (call.backwards[0].gradients[0], call.backwards[0].gradients[3])
    assert part.backwards[0].exact == (True, True)
    assert [p.value for p in part.circuit.parameters] == [p.value for p in call.circuit.parameters]


def test_what_is_marked_only_is_left_alone_too() -> None:
    call = chain(2)
    marked = replace(call, circuit=with_parameters(call.circuit, [replace(p, marked=True) for p in call.circuit.parameters]))
    assert with_tracked(marked, (0,)).circuit.marked == (0,)


def test_the_parameter_of_a_derivative_is_flagged_and_an_output_flags_none() -> None:
    def shown(element: Element) -> Comparison:
        return Comparison((BACKPROP, SHIFT), Verdict.ERROR, Signature.VJP, element=element)

    assert flagged_parameter(shown(Element(Kind.PRODUCT, by="RX#3"))) == "RX#3"
    assert flagged_parameter(shown(Element(Kind.OUTPUT))) is None

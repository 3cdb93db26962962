"""Pure functions that make another circuit of one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdiag.model.circuit import Circuit
from qdiag.model.node import (
    Label,
    Node,
    Wires,
    walk,
)
from qdiag.model.parameter import Parameter
from qdiag.model.variants import (
    with_dtypes_of,
    with_nodes,
    with_parameters,
    with_precision,
    with_trainable,
    with_values,
    with_wire_labels,
    without_measurements,
    without_operations,
)
from tests.worlds.sameness import same
from tests.worlds.small_circuits import Z, circuit, combination, controlled, expval, gate, number, probs, sketch
from tests.worlds.strategies import circuits

HALF = Parameter(np.array([0.3, -3.0]), "torch", True, foreign="bfloat16")


# --- numbers ----------------------------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(circuits())
def test_a_circuit_is_untouched_by_what_is_made_from_it(made: Circuit) -> None:
    before = [p.value.copy() for p in made.parameters]
    with_nodes(made, lambda value: Wires(()) if isinstance(value, Wires) else value)
    with_parameters(made, [replace(p, value=np.zeros(3)) for p in made.parameters])
    assert all(np.array_equal(a, p.value, equal_nan=a.dtype.kind in "fc") for a, p in zip(before, made.parameters))


def test_an_operation_cannot_become_something_else() -> None:
    with pytest.raises(TypeError, match="become Parameter"):
        with_nodes(circuit(Z), lambda value: number(1.0) if isinstance(value, Node) else value)


@settings(max_examples=30)
@given(circuits())
def test_parameters_put_back_in_their_order_give_the_same_circuit(made: Circuit) -> None:
    assert same(with_parameters(made, made.parameters), made)


@settings(max_examples=50)
@given(circuits())
def test_each_parameter_lands_in_its_own_place(made: Circuit) -> None:
    numbered = [Parameter(np.array(float(i)), "numpy") for i in range(len(made.parameters))]
    assert [float(p.value) for p in with_parameters(made, numbered).parameters] == list(range(len(numbered)))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_or_too_many_parameters_are_refused(count: int) -> None:
    made = circuit(gate("RX", 0.1), gate("RY", 0.2))
    with pytest.raises(ValueError, match=f"2 parameters, not {count}"):
        with_parameters(made, [number(0.0)] * count)


@settings(max_examples=30)
@given(circuits(), st.integers(0, 20))
def test_a_value_at_one_position_changes_that_parameter_and_nothing_of_the_others(made: Circuit, position: int) -> None:
    after = with_values(made, {position: np.array(9.0)})
    for i, (old, new) in enumerate(zip(made.parameters, after.parameters)):
        assert (new.container, new.trainable) == (old.container, old.trainable)
        assert float(new.value) == 9.0 if i == position else new.value is old.value


@settings(max_examples=30)
@given(circuits(), st.sets(st.integers(0, 6)))
def test_exactly_the_parameters_named_become_trainable(made: Circuit, wanted: set[int]) -> None:
    after = with_trainable(made, sorted(wanted))
    assert set(after.trainable) == {i for i in wanted if i < len(made.parameters)}
    assert all(a.value is b.value for a, b in zip(after.parameters, made.parameters))


# --- precision --------------------------------------------------------------------------------------------------------


WIDER = {"float16": "float64", "float32": "float64", "complex64": "complex128"}


NARROWER = {"float64": "float32", "complex128": "complex64"}


@settings(max_examples=30)
@given(circuits())
def test_with_more_precision_every_floating_number_is_double_and_has_the_value_that_it_had(made: Circuit) -> None:
    after = with_precision(made, "float64")
    for old, new in zip(made.parameters, after.parameters):
        assert new.value.dtype.name == WIDER.get(old.value.dtype.name, old.value.dtype.name)
        np.testing.assert_array_equal(new.value, old.value)


@settings(max_examples=30)
@given(circuits())
def test_with_less_precision_double_numbers_are_single_and_the_others_stay(made: Circuit) -> None:
    with np.errstate(over="ignore"):
        after = with_precision(made, "float32")
    for old, new in zip(made.parameters, after.parameters):
        assert new.value.dtype.name == NARROWER.get(old.value.dtype.name, old.value.dtype.name)


def test_a_circuit_that_has_the_precision_already_is_itself() -> None:
    single = circuit(gate("RX", 0.1, dtype="float32"), gate("RZ", 3, dtype="int64"))
    double = circuit(gate("RX", 0.1))
    assert with_precision(single, "float32") is single
    assert with_precision(double, "float64") is double


def test_a_foreign_dtype_is_left_with_more_precision_and_can_be_gone_back_to() -> None:
    made = circuit(gate("RX", 0.3, trainable=True))
    narrow = with_parameters(made, [HALF])
    wide = with_precision(narrow, "float64")
    assert [(p.dtype, p.foreign) for p in wide.parameters] == [("float64", "")]
    assert np.array_equal(wide.parameters[0].value, HALF.value)
    assert same(with_dtypes_of(wide, narrow), narrow)


def test_another_precision_is_not_known() -> None:
    with pytest.raises(KeyError):
        with_precision(circuit(), "float16")


# --- leaving out and relabelling --------------------------------------------------------------------------------------


def test_operations_and_measurements_go_by_position() -> None:
    made = circuit(gate("A"), gate("B"), gate("C"), measured=(expval(Z), probs(0)), returns="tuple", shots=(10,))
    assert sketch(without_operations(made, [0, 2])).startswith("B[0] |")
    after = without_measurements(made, [0])
    assert [m.name for m in after.measurements] == ["ProbabilityMP"]
    assert (after.returns, after.shots) == ("tuple", (10,))


def test_positions_that_are_not_there_delete_nothing() -> None:
    made = circuit(gate("A"))
    assert without_operations(made, [1, 5]).operations == made.operations


def test_wires_are_relabelled_in_words_and_in_data_at_every_depth() -> None:
    observable = combination((0.5, gate("PauliX", wires=("a",))), (1.0, gate("PauliZ", wires=("b",))))
    made = circuit(controlled(gate("RX", 0.1, wires=("a",)), "b"), measured=(expval(observable), probs("b", "a")))
    after = with_wire_labels(made, {"a": 0, "b": 1})
    assert after.wires == (1, 0)
    labels = {label for node in after.nodes for value in walk(node) if isinstance(value, Wires) for label in value.labels}
    assert labels == {0, 1}
    assert after.measurements[1].wires == (1, 0)


@settings(max_examples=30)
@given(circuits(), st.permutations([0, 1, 2, 3, 4, 5]))
def test_relabelling_there_and_back_is_no_change(made: Circuit, order: list[int]) -> None:
    there: dict[Label, Label] = dict(zip(range(6), order))
    back: dict[Label, Label] = dict(zip(order, range(6)))
    assert same(with_wire_labels(with_wire_labels(made, there), back), made)


def test_labels_may_be_exchanged_at_once() -> None:
    made = with_wire_labels(circuit(gate("CNOT", wires=(0, 1)), measured=(probs(0, 1),)), {0: 1, 1: 0})
    assert made.operations[0].wires == (1, 0)
    assert made.wires == (1, 0)

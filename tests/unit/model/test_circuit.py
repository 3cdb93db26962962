"""The tree of a circuit: what is read off it, and the pure functions that make another one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdiag.model.circuit import (
    Circuit,
    Label,
    Mapping,
    MeasuredOutcome,
    Node,
    Parameter,
    Tagged,
    Value,
    Wires,
    nodes_of,
    parameters_of,
    parts_of,
    raw_outputs,
    rebuild,
    walk,
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
from tests.worlds.strategies import circuits, values


def keep(value: Value) -> Value:
    return value


DEEP = Node(
    "Evolution",
    (number(0.1), [number(0.2), Node("RX", (number(0.3),), Mapping((("phase", number(0.4)),)), ("a",))]),
    (Wires(("a",)), Tagged("set", (number(0.5), MeasuredOutcome((0,), (0.25, 0.75))))),
    ("a",),
)


# --- reading ----------------------------------------------------------------------------------------------------------


def test_a_walk_meets_data_before_metadata_and_outer_values_before_inner_ones() -> None:
    assert [float(p.value) for p in parameters_of(DEEP)] == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert [node.name for node in nodes_of(DEEP)] == ["Evolution", "RX"]
    assert next(walk(DEEP)) is DEEP


@settings(max_examples=30)
@given(values())
def test_a_walk_is_a_value_and_then_the_walks_of_its_parts(value: Value) -> None:
    expected = [value] + [inner for part in parts_of(value) for inner in walk(part)]
    assert all(a is b for a, b in zip(walk(value), expected))
    assert len(list(walk(value))) == len(expected)


def test_outcomes_wires_and_numbers_have_no_parts() -> None:
    for leaf in (MeasuredOutcome((0,), (0, 1)), Wires((0, 1)), number(1.0), "XYZ", None, 3):
        assert parts_of(leaf) == ()


def test_keys_of_a_mapping_are_parts_as_its_values_are() -> None:
    key = number(1.0)
    assert parts_of(Mapping(((key, "one"), ("two", 2)))) == (key, "one", "two", 2)


@settings(max_examples=30)
@given(circuits())
def test_parameters_of_a_circuit_are_those_of_its_operations_and_then_of_its_measurements(made: Circuit) -> None:
    expected = [p for node in (*made.operations, *made.measurements) for p in parameters_of(node)]
    assert all(a is b for a, b in zip(made.parameters, expected))
    assert len(made.parameters) == len(expected)
    assert [made.parameters[i] for i in made.trainable] == [p for p in made.parameters if p.trainable]


def test_wires_are_in_order_of_first_use_and_each_once() -> None:
    made = circuit(gate("CNOT", wires=(3, "b")), gate("RX", 0.1, wires=("b",)), measured=(probs(7, 3),))
    assert made.wires == (3, "b", 7)


def test_a_mapping_gives_the_first_value_of_a_key_and_the_default_otherwise() -> None:
    mapping = Mapping((("n", 1), ("m", 2), ("n", 3)))
    assert (mapping.get("n"), mapping.get("m"), mapping.get("o"), mapping.get("o", 5)) == (1, 2, None, 5)


@pytest.mark.parametrize(
    ("value", "finite"),
    [
        (np.array(0.3), True),
        (np.array([0.3, np.nan]), False),
        (np.array(np.inf), False),
        (np.array(complex(0, np.nan)), False),
        (np.array(7), True),
        (np.zeros(0), True),
    ],
)
def test_a_circuit_is_finite_where_all_its_numbers_are(value: np.ndarray, finite: bool) -> None:
    assert circuit(Node("G", (Parameter(value), number(0.1)))).finite is finite


def test_what_cannot_be_rebuilt_is_named_with_its_reason_however_deep_it_sits() -> None:
    inner = Node("Mine", opaque="it holds a function")
    made = circuit(gate("RX", 0.1), Node("Adjoint", (inner,)), measured=(replace(expval(Z), opaque="no class"),))
    assert made.opaque == ("Mine (it holds a function)", "ExpectationMP (no class)")


# --- raw samples ------------------------------------------------------------------------------------------------------

SAMPLE, COUNTS = Node("SampleMP"), Node("CountsMP")


@pytest.mark.parametrize(
    ("measured", "only"),
    [((), False), ((SAMPLE,), True), ((SAMPLE, COUNTS), True), ((SAMPLE, expval(Z)), False), ((expval(Z),), False)],
)
def test_a_circuit_samples_only_where_all_its_measurements_are_raw(measured: tuple[Node, ...], only: bool) -> None:
    assert circuit(measured=measured).samples_only is only


@pytest.mark.parametrize(
    ("measured", "count", "raw"),
    [
        ((expval(Z), SAMPLE), 2, {1}),
        ((expval(Z), SAMPLE), 4, {1, 3}),
        ((SAMPLE, COUNTS, expval(Z)), 6, {0, 1, 3, 4}),
        ((expval(Z), expval(Z)), 4, set()),
        # one array for all, as older versions give it
        ((expval(Z), SAMPLE), 1, {0}),
        ((expval(Z), expval(Z)), 1, set()),
        ((), 2, set()),
    ],
)
def test_outputs_that_are_raw_samples_repeat_with_the_groups_of_shots(measured: tuple[Node, ...], count: int, raw: set[int]) -> None:
    assert raw_outputs(circuit(measured=measured), count) == raw


# --- rebuilding -------------------------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(values())
def test_rebuilding_without_a_change_gives_the_same_value(value: Value) -> None:
    assert same(rebuild(value, keep), value)


def test_rebuilding_goes_inside_out_so_that_a_change_sees_rebuilt_parts() -> None:
    seen: list[str] = []

    def change(value: Value) -> Value:
        if isinstance(value, Node):
            seen.append(value.name)
            return replace(value, name=value.name.lower())
        return value

    rebuild(Node("Outer", (Node("Inner", (Node("Innermost"),)),)), change)
    assert seen == ["Innermost", "Inner", "Outer"]


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


HALF = Parameter(np.array([0.3, -3.0]), "torch", True, foreign="bfloat16")


@pytest.mark.parametrize(
    ("given", "nearest"),
    [(0.3, 0.30078125), (1.0, 1.0), (-2.5, -2.5), (1.00390625, 1.0), (1.01171875, 1.015625), (float("inf"), float("inf"))],
)
def test_a_foreign_dtypes_number_is_the_nearest_that_it_has_whatever_moves_it_there(given: float, nearest: float) -> None:
    moved = replace(HALF, value=np.array(given))
    assert (float(moved.value), moved.value.dtype.name, moved.dtype, moved.eps) == (nearest, "float32", "bfloat16", 2.0**-7)


def test_what_is_no_number_stays_none() -> None:
    assert np.isnan(replace(HALF, value=np.array(np.nan)).value)


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


# --- deleting and relabelling -----------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("angle", "dtype", "resolved"),
    [(3e4, "float32", True), (3e5, "float32", False), (3e5, "float64", True), (1e15, "float64", False), (np.nan, "float64", False)],
)
def test_an_angle_beyond_its_precision_is_none(angle: float, dtype: str, resolved: bool) -> None:
    assert circuit(gate("RX", angle, dtype=dtype)).resolved is resolved


@given(circuits())
def test_parameters_and_operators_are_those_of_a_walk(circuit):
    for node in circuit.nodes:
        assert parameters_of(node) == tuple(part for part in walk(node) if isinstance(part, Parameter))
        assert nodes_of(node) == tuple(part for part in walk(node) if isinstance(part, Node))

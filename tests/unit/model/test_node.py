"""The tree of an operator: what is read off it, and how it is rebuilt."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings

from qdiag.model.node import (
    Mapping,
    MeasuredOutcome,
    Node,
    Tagged,
    Value,
    Wires,
    nodes_of,
    parameters_of,
    parts_of,
    rebuild,
    spare_label,
    walk,
)
from qdiag.model.parameter import Parameter
from tests.worlds.sameness import same
from tests.worlds.small_circuits import number
from tests.worlds.strategies import circuits, values

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


def test_a_mapping_gives_the_first_value_of_a_key_and_the_default_otherwise() -> None:
    mapping = Mapping((("n", 1), ("m", 2), ("n", 3)))
    assert (mapping.get("n"), mapping.get("m"), mapping.get("o"), mapping.get("o", 5)) == (1, 2, None, 5)


@given(circuits())
def test_parameters_and_operators_are_those_of_a_walk(circuit):
    for node in circuit.nodes:
        assert parameters_of(node) == tuple(part for part in walk(node) if isinstance(part, Parameter))
        assert nodes_of(node) == tuple(part for part in walk(node) if isinstance(part, Node))


# --- rebuilding -------------------------------------------------------------------------------------------------------


def keep(value: Value) -> Value:
    return value


def test_a_spare_label_is_none_of_those_that_there_are_however_many() -> None:
    assert (spare_label(()), spare_label((0, 4))) == (0, 5)
    labels: list[object] = ["a", 0]
    for _ in range(4):
        labels.append(spare_label(labels))
    assert len({*labels}) == 6


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

"""The text of a circuit's structure: equal for equal structures, complete, and refused where it is not as it is written."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdiag.errors import CircuitFormatError
from qdiag.model.circuit import Circuit
from qdiag.model.node import Label, Mapping, MeasuredOutcome, Node, Tagged, Value, Wires, parameters_of
from qdiag.model.parameter import CONTAINERS, Parameter
from qdiag.model.variants import with_parameters, with_trainable, with_values, with_wire_labels
from qdiag.trace.circuit_parser import restore
from qdiag.trace.circuit_text import MAX_OUTCOME_MEASUREMENTS, skeleton
from tests.worlds.sameness import same
from tests.worlds.small_circuits import Z, circuit, combination, controlled, expval, gate, number, probs
from tests.worlds.strategies import circuits

MADE = circuit(
    controlled(gate("RX", 0.1, wires=("a",), trainable=True), 0),
    gate("Rot", 0.1, 0.2, 0.3, wires=(1,)),
    measured=(expval(combination((0.5, Z), (1.5, gate("PauliX", wires=("a",))))), probs(0, "a")),
    shots=(100, 200),
    returns="dict:a,b",
    notes=("a note",),
)


def structure(made: Circuit) -> str:
    return skeleton(made)[0]


# --- what is in the text ----------------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(circuits())
def test_other_numbers_give_the_same_text(made: Circuit) -> None:
    others = [replace(p, value=np.zeros_like(p.value)) for p in made.parameters]
    assert structure(with_parameters(made, others)) == structure(made)


@pytest.mark.parametrize(
    "other",
    [
        with_trainable(MADE, ()),
        with_wire_labels(MADE, {0: 7}),
        with_wire_labels(MADE, {0: "0"}),
        replace(MADE, shots=(100,)),
        replace(MADE, shots=(200, 100)),
        replace(MADE, returns="tuple"),
        replace(MADE, notes=()),
        replace(MADE, operations=MADE.operations[::-1]),
        replace(MADE, measurements=MADE.measurements[::-1]),
        replace(MADE, operations=(replace(MADE.operations[0], name="Ctrl"), MADE.operations[1])),
        replace(MADE, operations=(replace(MADE.operations[0], definition="class C: ..."), MADE.operations[1])),
        replace(MADE, operations=(replace(MADE.operations[0], opaque="a function"), MADE.operations[1])),
        with_parameters(MADE, [replace(p, value=p.value.astype("float32")) for p in MADE.parameters]),
        with_parameters(MADE, [replace(p, container="autograd") for p in MADE.parameters]),
        with_parameters(MADE, [replace(p, value=p.value[None], container="numpy") for p in MADE.parameters]),
    ],
    ids=[
        *("what is trainable", "labels", "types of labels", "shots", "order of shots", "returns", "notes", "order of operations"),
        *("order of measurements", "names", "definitions", "what is opaque", "dtypes", "containers", "shapes"),
    ],
)
def test_whatever_else_differs_shows_in_the_text(other: Circuit) -> None:
    assert structure(other) != structure(MADE)


def test_the_text_is_ascii_json_whatever_the_labels_are() -> None:
    made = circuit(gate("RX", 0.1, wires=('ä\ud800\n"',)), notes=("→",))
    text = structure(made)
    assert text.isascii()
    assert json.loads(text)["notes"] == ["→"]
    assert same(restore(*skeleton(made)), made)


def test_the_text_of_a_small_circuit_is_as_documented() -> None:
    """The format is a promise: a trace of today is read by the qdiag of tomorrow."""
    made = circuit(gate("RX", 0.5, wires=("a",), trainable=True))
    assert structure(made) == (
        '{"format":1,"operations":[["n","RX",[["p",0]],["t",[["w",["a"]],["t",[]]]],["a"]]],'
        '"measurements":[["n","ExpectationMP",[["n","PauliZ",[],["t",[["w",[0]],["t",[]]]],[0]],null],'
        '["t",[["t",["wires",null]]]],[0]]],'
        '"shots":[],"returns":"single","notes":[],"parameters":[["float64",[],"torch",true]]}'
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (1, "1"),
        (-(2**70), "-1180591620717411303424"),
        ("x", '"x"'),
        (1.0, '["f","0x1.0000000000000p+0"]'),
        (-0.0, '["f","-0x0.0p+0"]'),
        (float("inf"), '["f","inf"]'),
        (2j, '["c","0x0.0p+0","0x1.0000000000000p+1"]'),
        ((), '["t",[]]'),
        ([1], '["l",[1]]'),
        (Wires((0, "a")), '["w",[0,"a"]]'),
        (Mapping((("k", 1), (2, None))), '["m",[["k",1],[2,null]]]'),
        (Tagged("set", (1,)), '["g","set",["t",[1]]]'),
        (MeasuredOutcome((0,), (False, 2)), '["o",[0],[false,2]]'),
    ],
    ids=repr,
)
def test_each_kind_of_value_has_its_own_form(value: Value, text: str) -> None:
    made = Circuit((Node("G", (), value),), ())
    assert f'["n","G",[],{text},[]]' in structure(made)
    assert same(restore(*skeleton(made)), made)


def test_booleans_and_integers_that_are_equal_are_kept_apart() -> None:
    """``True == 1`` and ``hash(True) == hash(1)``: a cache by equality would mix them up."""
    flags, numbers = (Circuit((Node("G", (), (Wires((0,)), (entry,)), (0,)),), ()) for entry in (True, 1))
    assert structure(flags) != structure(numbers)
    assert same(restore(*skeleton(flags)), flags)
    assert same(restore(*skeleton(numbers)), numbers)


@pytest.mark.parametrize(
    ("metadata", "wires"),
    [
        ((Wires((0,)),), (0,)),
        ((Wires((0,)), ()), (0,)),
        ((Wires((1,)), ()), (0,)),
        ((Wires((0,)), []), (0,)),
        ((Wires((0,)), (), ()), (0,)),
        ([Wires((0,)), ()], (0,)),
        (Wires((0,)), (0,)),
        ((Wires((0,)), ()), (0, 1)),
        ((), ()),
    ],
)
def test_what_is_short_around_common_nodes_is_no_other_nodes_text(metadata: Value, wires: tuple[Label, ...]) -> None:
    """Most nodes hold nothing but wires, and the text around their data is kept; each of these looks nearly like one."""
    made = Circuit(tuple(Node("RX", (number(0.1),), metadata, wires, definition, "") for definition in ("", "class RX: ...")), ())
    for _ in range(2):
        assert same(restore(*skeleton(made)), made)


@pytest.mark.parametrize("label", [1.5, None, (0,), b"a", np.float64(0.5)], ids=repr)
def test_a_wire_is_labelled_by_an_integer_or_a_string(label: Any) -> None:
    for made in (Circuit((Node("RX", (), (Wires((label,)), ()), (label,)),), ()), Circuit((Node("RX", (), None, (label,)),), ())):
        with pytest.raises(CircuitFormatError, match="labelled by") as caught:
            skeleton(made)
        assert caught.value.cure


@pytest.mark.parametrize("label", [True, 1.0, np.int64(1)], ids=repr)
def test_a_label_that_equals_an_integer_is_none(label: Any) -> None:
    """The bridges turn such labels into integers before they come here."""
    skeleton(circuit(gate("RX", 0.1, wires=(1,))))
    with pytest.raises(CircuitFormatError, match="labelled by"):
        skeleton(Circuit((Node("RX", (number(0.1),), (Wires((label,)), ()), (label,)),), ()))


# --- what is refused when read ----------------------------------------------------------------------------------------


def document() -> Any:
    return json.loads(structure(MADE))


def read(changed: Any) -> Circuit:
    return restore(json.dumps(changed), skeleton(MADE)[1])


def test_the_document_is_read_as_it_stands() -> None:
    assert same(read(document()), MADE)


@pytest.mark.parametrize("field", ["format", "operations", "measurements", "shots", "returns", "notes", "parameters"])
def test_a_field_is_neither_left_out_nor_added(field: str) -> None:
    smaller = document()
    del smaller[field]
    with pytest.raises(CircuitFormatError):
        read(smaller)
    with pytest.raises(CircuitFormatError, match="fields"):
        read({**document(), field + "s": []})


@pytest.mark.parametrize(
    ("field", "odd"),
    [
        ("shots", [0]),
        ("shots", [-5]),
        ("shots", [1.0]),
        ("shots", [True]),
        ("shots", 100),
        ("returns", "set"),
        ("returns", None),
        ("notes", [1]),
        ("notes", "text"),
        ("operations", {}),
        ("operations", [None]),
        ("operations", [["w", [0]]]),
        ("measurements", [["t", []]]),
        ("format", "1"),
        ("format", 1.5),
        ("format", None),
    ],
)
def test_a_field_of_another_kind_is_refused(field: str, odd: object) -> None:
    with pytest.raises(CircuitFormatError) as caught:
        read({**document(), field: odd})
    assert caught.value.cure


@pytest.mark.parametrize(
    "kind",
    [
        ["float64", [], "torch"],
        ["float64", [], "torch", True, 1],
        ["float32", [], "torch", True],
        ["float64", [1], "torch", True],
        ["float64", [], "paddle", True],
        ["float64", [], "torch", 1],
        ["object", [], "torch", True],
        [None, [], "torch", True],
        "float64",
    ],
)
def test_a_parameter_that_is_not_its_array_is_refused(kind: Any) -> None:
    changed = document()
    changed["parameters"][0] = kind
    with pytest.raises(CircuitFormatError):
        read(changed)


def test_parameters_are_used_once_each_and_in_their_order() -> None:
    text, arrays = skeleton(circuit(gate("RX", 0.1), gate("RY", 0.2)))
    for swap in ({"0": "1", "1": "0"}, {"1": "0"}, {"1": "2"}, {"0": "1"}):
        changed = text
        for old, new in swap.items():
            changed = changed.replace(f'["p",{old}]', f'["p",{new}x]')
        with pytest.raises(CircuitFormatError):
            restore(changed.replace("x]", "]"), arrays)
    with pytest.raises(CircuitFormatError, match="uses 1 of its 2"):
        restore(text.replace('["p",1]', "null"), arrays)


@pytest.mark.parametrize("container", ["python", "numpy-scalar"])
def test_a_single_number_has_no_shape(container: str) -> None:
    made = Circuit((Node("G", (Parameter(np.zeros(2), container),)),), ())
    with pytest.raises(CircuitFormatError, match="cannot have the shape"):
        restore(*skeleton(made))


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container_is_kept(container: str) -> None:
    made = Circuit((Node("G", (Parameter(np.array(0.5), container),)),), ())
    assert restore(*skeleton(made)).parameters[0].container == container


def test_a_lookup_table_is_bounded_before_it_is_believed() -> None:
    largest = MAX_OUTCOME_MEASUREMENTS
    text, _ = skeleton(Circuit((Node("G", (), MeasuredOutcome((0,), (0, 1))),), ()))
    positions = ",".join(map(str, range(largest + 1)))
    entries = ",".join("0" * 2 ** (largest + 1))
    with pytest.raises(CircuitFormatError, match="lookup table"):
        restore(text.replace('["o",[0],[0,1]]', f'["o",[{positions}],[{entries}]]'), ())


def test_an_array_that_is_no_array_is_refused() -> None:
    text, _ = skeleton(circuit(gate("RX", 0.1)))
    with pytest.raises(CircuitFormatError):
        restore(text, (0.1,))  # type: ignore[arg-type]


@given(st.integers(0, 400))
def test_text_cut_short_is_refused(length: int) -> None:
    text, arrays = skeleton(MADE)
    if length < len(text):
        with pytest.raises(CircuitFormatError):
            restore(text[:length], arrays)


def test_an_error_shows_what_stands_there_and_not_all_of_it() -> None:
    changed = document()
    changed["operations"][0] = ["z", "x" * 500]
    with pytest.raises(CircuitFormatError) as caught:
        read(changed)
    assert "'z'" in str(caught.value)
    assert len(str(caught.value)) < 150


BRIEF = Circuit((Node("RX", (Parameter(np.array(0.3), "torch", True, foreign="bfloat16"),), None, (0,)),), ())


def test_a_dtype_that_numpy_does_not_have_is_kept_by_its_name() -> None:
    text, arrays = skeleton(BRIEF)
    assert '["bfloat16",[],"torch",true]' in text
    assert same(restore(text, arrays), BRIEF)


@pytest.mark.parametrize("change", [lambda text: text.replace('"torch"', '"numpy"'), lambda text: text.replace("bfloat16", "bfloat8")])
def test_a_foreign_dtype_where_it_cannot_be_is_refused(change: Callable[[str], str]) -> None:
    text, arrays = skeleton(BRIEF)
    with pytest.raises(CircuitFormatError, match="described as"):
        restore(change(text), arrays)


# --- the other calls of a structure -----------------------------------------------------------------------------------------


@given(circuits(), st.integers(1, 9))
@settings(max_examples=20)
def test_a_second_call_of_a_structure_is_read_as_the_first_was(made: Circuit, by: int) -> None:
    text, arrays = skeleton(made)
    first = restore(text, arrays)
    others = [np.asarray(np.nan_to_num(array) + by, array.dtype) if array.dtype.kind in "iufc" else array for array in arrays]
    second = restore(text, others)
    assert second.form is first.form is not second
    assert same(second, with_values(made, dict(enumerate(others))))
    assert same(second.parameters, tuple(p for node in second.nodes for p in parameters_of(node)))
    assert (second.trainable, second.marked) == (made.trainable, made.marked)
    assert skeleton(second)[0] == text


def test_a_structure_that_is_known_still_refuses_arrays_that_are_not_its_own() -> None:
    text, arrays = skeleton(circuit(gate("RX", 0.1), gate("RY", 0.2)))
    restore(text, arrays)
    odds: list[list[Any]] = [[*arrays, arrays[0]], [arrays[0], np.zeros(2)], [arrays[0], np.array(1, np.float32)], [arrays[0], 0.2]]
    for odd in odds:
        with pytest.raises(CircuitFormatError):
            restore(text, odd)


def test_a_circuit_that_is_made_of_one_that_was_read_has_a_form_of_its_own() -> None:
    text, arrays = skeleton(circuit(gate("RX", 0.1), gate("RY", 0.2)))
    read = [restore(text, arrays) for _ in range(2)][1]
    made = replace(read, operations=read.operations[:1])
    assert read.form is not read
    assert made.form is made
    assert len(made.parameters) == 1


def test_what_is_sent_to_another_process_is_the_circuit_alone() -> None:
    text, arrays = skeleton(circuit(gate("RX", 0.1, trainable=True), gate("RY", 0.2)))
    read = [restore(text, arrays) for _ in range(2)][1]
    sent = pickle.loads(pickle.dumps(read))
    assert same(sent, read)
    assert sent.form is sent
    assert sent.trainable == (0,)

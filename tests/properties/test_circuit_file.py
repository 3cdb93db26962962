"""A circuit survives its file format bit for bit, equal structures give equal text, and damaged text is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdiag.errors import CircuitFormatError
from qdiag.model.circuit import Circuit
from qdiag.model.node import Mapping, MeasuredOutcome, Node, Tagged, Value, Wires
from qdiag.model.parameter import Parameter
from qdiag.model.variants import with_parameters
from qdiag.trace import array_bundle, circuit_parser, circuit_text
from tests.worlds.sameness import same
from tests.worlds.strategies import circuits, parameters


@given(circuits())
def test_every_circuit_comes_back_bit_for_bit(circuit: Circuit) -> None:
    text, numbers = circuit_text.skeleton(circuit)
    assert same(circuit_parser.restore(text, array_bundle.unpack(array_bundle.pack(numbers))), circuit)


@given(circuits())
def test_the_text_is_strict_json_in_ascii(circuit: Circuit) -> None:
    text, _ = circuit_text.skeleton(circuit)
    assert text.isascii()
    json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


@given(circuits(), st.data())
def test_other_numbers_leave_the_text_alone(circuit: Circuit, data: st.DataObject) -> None:
    others = [
        replace(p, value=np.frombuffer(data.draw(st.binary(min_size=p.value.nbytes, max_size=p.value.nbytes)), p.value.dtype))
        if p.value.dtype != bool
        else replace(p, value=~p.value)
        for p in circuit.parameters
    ]
    shaped = [replace(p, value=p.value.reshape(q.value.shape)) for p, q in zip(others, circuit.parameters)]
    assert circuit_text.skeleton(with_parameters(circuit, shaped))[0] == circuit_text.skeleton(circuit)[0]


@given(circuits())
def test_the_text_of_a_restored_circuit_is_the_text_it_was_restored_from(circuit: Circuit) -> None:
    text, numbers = circuit_text.skeleton(circuit)
    assert circuit_text.skeleton(circuit_parser.restore(text, numbers))[0] == text


@given(circuits(), st.data())
def test_text_with_a_character_changed_is_refused_or_read_as_a_circuit(circuit: Circuit, data: st.DataObject) -> None:
    text, numbers = circuit_text.skeleton(circuit)
    position = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:position] + data.draw(st.sampled_from('",[]{}0-9aNtfx\\ \n')) + text[position + data.draw(st.integers(0, 3)) :]
    refused_or_circuit(damaged, numbers)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4), st.sampled_from("nptmgowlfc")),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=10,
)


@given(circuits(), st.sampled_from(["operations", "measurements", "shots", "returns", "notes", "parameters", "format"]), JSON)
def test_any_json_in_the_place_of_a_field_is_refused_or_read_as_a_circuit(circuit: Circuit, field: str, odd: object) -> None:
    text, numbers = circuit_text.skeleton(circuit)
    refused_or_circuit(json.dumps({**json.loads(text), field: odd}), numbers)


@given(st.text())
def test_foreign_text_is_refused(text: str) -> None:
    with pytest.raises(CircuitFormatError):
        circuit_parser.restore(text, ())


@given(circuits(), parameters())
def test_an_array_too_many_is_refused(circuit: Circuit, extra: Parameter) -> None:
    text, numbers = circuit_text.skeleton(circuit)
    with pytest.raises(CircuitFormatError, match="parameters"):
        circuit_parser.restore(text, (*numbers, extra.value))


@given(circuits().filter(lambda circuit: circuit.parameters))
def test_an_array_of_another_shape_is_refused(circuit: Circuit) -> None:
    text, numbers = circuit_text.skeleton(circuit)
    with pytest.raises(CircuitFormatError, match="shape"):
        circuit_parser.restore(text, (numbers[0][None], *numbers[1:]))


def refused_or_circuit(text: str, numbers: tuple[np.ndarray, ...]) -> None:
    """Reading ends in a circuit that can be written again, or in the one error that reading may raise."""
    try:
        circuit = circuit_parser.restore(text, numbers)
    except CircuitFormatError:
        return
    assert same(circuit_parser.restore(*circuit_text.skeleton(circuit)), circuit)


# --- bounds and single rules -------------------------------------------------------------------------------------------


def of(value: Value) -> Circuit:
    return Circuit((Node("RX", (), value),), ())


def nested(depth: int) -> Value:
    value: Value = ()
    for _ in range(depth):
        value = (value,)
    return value


def test_nesting_up_to_the_bound_is_kept_and_beyond_it_refused() -> None:
    deep = of(nested(circuit_text.MAX_DEPTH - 2))
    assert same(circuit_parser.restore(*circuit_text.skeleton(deep)), deep)
    with pytest.raises(CircuitFormatError, match="deep"):
        circuit_text.skeleton(of(nested(circuit_text.MAX_DEPTH + 2)))


def test_text_that_nests_beyond_the_bound_is_refused() -> None:
    text, _ = circuit_text.skeleton(of(None))
    deeper = '["t",[' * 100_000 + "]]" * 100_000
    with pytest.raises(CircuitFormatError):
        circuit_parser.restore(text.replace("null", deeper), ())


def test_longer_text_than_the_bound_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    text, _ = circuit_text.skeleton(of("x" * 100))
    monkeypatch.setattr(circuit_parser, "MAX_TEXT", 50)
    with pytest.raises(CircuitFormatError, match="longer"):
        circuit_parser.restore(text, ())


def test_a_newer_format_is_refused_by_its_number() -> None:
    text, _ = circuit_text.skeleton(of(None))
    with pytest.raises(CircuitFormatError, match="format is 2"):
        circuit_parser.restore(text.replace('"format":1', '"format":2'), ())


@pytest.mark.parametrize(
    "odd",
    [
        object(),
        {1: 2},
        np.float64(1),
        Wires((1.5,)),  # type: ignore[arg-type]
        Parameter(np.array("text")),
        Parameter(np.array(None)),
    ],
)
def test_what_is_no_circuit_value_is_refused_when_written(odd: Value) -> None:
    with pytest.raises(CircuitFormatError):
        circuit_text.skeleton(of(odd))


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        (1.5, '["f","1.5"]'),
        (1.5, '["f","0x1.8p+00"]'),
        (1.5, '["f",1.5]'),
        (1.5, "1.5"),
        (1.5, '["p",0]'),
        (1.5, '["q",0]'),
        (1.5, "[]"),
        (1.5, '["w",[1.0]]'),
        (1.5, '["w",[true]]'),
        (1.5, '["o",[0],[0]]'),
        (1.5, '["o",[-1],[0,1]]'),
        (1.5, '["o",[0],[0,"1"]]'),
        (1.5, '["m",[[1]]]'),
        (1.5, '["n","RX",[],null]'),
        (1.5, '{"f":1}'),
        (1.5, "NaN"),
    ],
)
def test_a_value_written_in_another_way_is_refused(written: Value, wrong: str) -> None:
    text, numbers = circuit_text.skeleton(of(written))
    assert '["f","0x1.8000000000000p+0"]' in text
    with pytest.raises(CircuitFormatError):
        circuit_parser.restore(text.replace('["f","0x1.8000000000000p+0"]', wrong), numbers)


def test_parameters_are_numbered_as_the_circuit_numbers_them() -> None:
    first, second, third = (Parameter(np.array(float(i))) for i in range(3))
    inner = Node("RX", (second,), Mapping((("phase", third),)))
    circuit = Circuit((Node("Adjoint", (first, inner), Tagged("set", (MeasuredOutcome((0,), (0, 1)),))),), ())
    assert circuit_text.skeleton(circuit)[1] == tuple(p.value for p in circuit.parameters)


@settings(max_examples=20)
@given(circuits())
def test_writing_twice_gives_the_same_text(circuit: Circuit) -> None:
    assert circuit_text.skeleton(circuit)[0] == circuit_text.skeleton(circuit)[0]

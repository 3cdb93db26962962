"""A structure that is put together from operators that were met before is what taking all of it apart gives, text and bytes."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pennylane as qml
import pytest
from packaging.version import Version
from pennylane import numpy as pnp

from qdiag.bridges.codec import classes, flattening, tapes
from qdiag.bridges.codec.containers import as_marked
from qdiag.bridges.codec.encoding import Encoding
from qdiag.bridges.codec.recognition import Recognition
from qdiag.model.variants import with_parameters
from qdiag.trace.array_bundle import pack
from qdiag.trace.circuit_text import skeleton
from tests.bridge import instances

pytestmark = pytest.mark.stack

if not hasattr(qml.tape, "QuantumScript"):
    pytest.skip("older versions make tapes otherwise", allow_module_level=True)

HELD = pytest.mark.skipif(
    Version(qml.__version__) < Version("0.36"), reason="measurements of older versions do not hold wires and data alone"
)

OPERATORS = [one.operator for one in (*instances.operators(), *instances.numbers())]
MEASUREMENTS = [one.operator for one in instances.measurements()]


def tape_of(operations: list[Any], measurements: list[Any]) -> Any:
    with flattening.stop_recording():
        return qml.tape.QuantumScript(operations, measurements)


def whole(tape: Any) -> tuple[str, bytes]:
    """Structure and numbers of a tape, taken apart in one."""
    with flattening.stop_recording():
        circuit, sources = tapes.circuit_with_numbers(tape)
        text, numbers = skeleton(with_parameters(circuit, [as_marked(p, number) for p, number in zip(circuit.parameters, sources)]))
    return text, pack(numbers)


def read(recognition: Recognition, tape: Any) -> tuple[str, bytes]:
    with flattening.stop_recording():
        taken = recognition.read_tape(tape, "single")
    return taken.structure, taken.numbers


@pytest.fixture
def taken_apart(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the operators that were taken apart."""
    names: list[str] = []
    node = Encoding.node

    def noted(self: Encoding, operator: Any) -> Any:
        names.append(type(operator).__name__)
        return node(self, operator)

    monkeypatch.setattr(Encoding, "node", noted)
    return names


@pytest.mark.parametrize("seed", range(40))
def test_any_operators_in_any_order_are_put_together_as_they_are_taken_apart(seed: int) -> None:
    draw, recognition = random.Random(seed), Recognition()
    some = draw.sample(OPERATORS, 12)
    for _ in range(8):
        tape = tape_of(draw.choices(some, k=6), draw.choices(MEASUREMENTS, k=2))
        for _ in range(2):
            assert read(recognition, tape) == whole(tape)


@HELD
def test_an_operator_is_taken_apart_once_however_often_the_structure_changes(taken_apart: list[str]) -> None:
    recognition, measured = Recognition(), [qml.expval(qml.PauliZ(0))]
    read(recognition, tape_of([qml.RX(0.1, 0), qml.RX(0.2, 1), qml.CNOT([0, 1])], measured))
    met = len(taken_apart)
    tape = tape_of([qml.CNOT([0, 1]), qml.RX(0.3, 1), qml.RX(0.4, 1), qml.RX(0.5, 0)], measured)
    found = read(recognition, tape)
    assert taken_apart[met:] == []
    assert found == whole(tape)


@HELD
def test_only_what_is_new_is_taken_apart(taken_apart: list[str]) -> None:
    recognition, measured = Recognition(), [qml.expval(qml.PauliZ(0))]
    read(recognition, tape_of([qml.RX(0.1, 0)], measured))
    met = len(taken_apart)
    read(recognition, tape_of([qml.RX(0.1, 0), qml.RY(0.1, 0), qml.RX(0.1, 0)], measured))
    assert taken_apart[met:] == ["RY"]


@pytest.mark.parametrize(
    ("first", "second"),
    [(0.1, 1), (0.1, np.float64(0.1)), (np.array(0.1), np.array([0.1, 0.2])), (pnp.array(0.1), pnp.array(0.1, requires_grad=False))],
    ids=str,
)
def test_the_same_gate_with_a_number_of_another_kind_is_another(first: Any, second: Any) -> None:
    recognition, measured = Recognition(), [qml.expval(qml.PauliZ(0))]
    for angles in ([first], [second, first], [first, second, second]):
        tape = tape_of([qml.RX(angle, 0) for angle in angles], measured)
        assert read(recognition, tape) == whole(tape)


def test_conditions_stand_for_the_measurements_of_their_own_circuit() -> None:
    recognition = Recognition()

    def tape(before: int) -> Any:
        def function() -> Any:
            for _ in range(before):
                qml.RX(0.1, wires=0)
                qml.measure(0)
            outcome = qml.measure(1)
            qml.cond(outcome, qml.RX)(0.2, wires=0)
            return qml.expval(qml.PauliZ(0))

        return qml.tape.make_qscript(function)()

    for before in (0, 2, 1, 2):
        made = tape(before)
        assert read(recognition, made) == whole(made)


def test_what_has_to_be_noted_is_noted_in_each_circuit() -> None:
    recognition, measured = Recognition(), [qml.expval(qml.PauliZ(0))]
    for operations in (
        [qml.RX(0.1, 0)],
        [qml.RX(0.1, 0), qml.RX(0.1, [(0, 1)])],
        [qml.RX(0.1, [(0, 1)])],
        [qml.RX(0.1, [(0, 1)]), qml.RX(0.1, 0)],
    ):
        tape = tape_of(operations, measured)
        found = read(recognition, tape)
        assert found == whole(tape)
        assert ("was recorded under its text" in found[0]) is any(operation.wires[0] == (0, 1) for operation in operations)


def test_a_number_that_cannot_be_kept_makes_an_opaque_operator_also_where_one_like_it_is_known() -> None:
    recognition, measured = Recognition(), [qml.expval(qml.PauliZ(0))]
    read(recognition, tape_of([qml.RX(1, 0)], measured))
    tape = tape_of([qml.RX(1, 0), qml.RX(1 << 70, 0)], measured)
    found = read(recognition, tape)
    assert found == whole(tape)
    assert "beyond 64 bits" in found[0]


def test_a_text_that_looks_like_a_parameters_place_is_none() -> None:
    recognition, label = Recognition(), '["p",0]'
    for operations in ([qml.RX(0.1, label)], [qml.RX(0.1, label), qml.RY(0.2, label)]):
        tape = tape_of(operations, [qml.expval(qml.PauliZ(label))])
        assert read(recognition, tape) == whole(tape)
    assert classes.name_of(type(tape.operations[0])) == "RX"

"""The further circuits of a hunt: each asks what its name says, and PennyLane makes something of it."""

from __future__ import annotations

import numpy as np
import pytest

from qdiag.bridges.space.ingredients import MODERN
from qdiag.bridges.space.specimens import specimens
from qdiag.bridges.space.wide import wide_specimens
from qdiag.certifying.examine import Task, examine
from qdiag.model.certificate import Standing
from qdiag.model.circuit import nodes_of
from qdiag.model.method import Method
from qdiag.model.specimen import Specimen

pytestmark = [pytest.mark.stack, pytest.mark.skipif(not MODERN, reason="instances by hand are as the newer end takes them")]

WIDE = wide_specimens(0)
SPACE = {one.key: one for one in WIDE}
PRODUCT = "expval of a product"


def tracked(one: Specimen) -> list[np.ndarray]:
    return [one.circuit.parameters[k].value for k in one.circuit.trainable]


def test_no_circuit_is_in_the_space_twice() -> None:
    keys = [one.key for one in (*specimens(0), *WIDE)]
    assert len(keys) == len(set(keys))


def test_the_seed_says_what_the_angles_are_and_not_what_a_circuit_is_called() -> None:
    other = {one.key: one for one in wide_specimens(1)}
    assert list(other) == list(SPACE)
    key = "Rot", PRODUCT, "its own numbers alone"
    assert not np.array_equal(tracked(SPACE[key]), tracked(other[key]))


def test_numbers_are_tracked_one_by_one_and_without_their_surroundings() -> None:
    assert len(tracked(SPACE["Rot", PRODUCT, "its own numbers alone"])) == 3
    assert len(tracked(SPACE["Rot", PRODUCT, "number 2 alone"])) == 1


def test_the_entries_of_a_state_are_tracked_and_one_of_them_may_be_zero() -> None:
    (entries,) = (value for value in tracked(SPACE["AmplitudeEmbedding", PRODUCT, "entries tracked, one zero"]) if value.ndim)
    assert entries[-1] == 0
    assert entries.dtype == np.float64


def test_integers_are_tracked_by_nobody() -> None:
    one = SPACE["RX", PRODUCT, "integers"]
    assert any(parameter.value.dtype.kind == "i" for parameter in one.circuit.parameters)
    assert all(value.dtype.kind == "f" for value in tracked(one))


def test_a_gate_stands_after_another_whatever_the_wires_of_both() -> None:
    for first, second in (("RX", "CNOT"), ("CNOT", "RX"), ("CRX", "IsingXX")):
        one = SPACE[second, PRODUCT, f"after {first}"]
        assert one.beside == first
        names = [node.name for top in one.circuit.operations for node in nodes_of(top)]
        assert any(pair == (first, second) for pair in zip(names, names[1:]))


def test_a_preparation_after_other_operations_finds_its_wires_untouched() -> None:
    one = SPACE["BasisState", PRODUCT, "not at the start"]
    before = next(k for k, op in enumerate(one.circuit.operations) if op.name == "BasisState")
    assert before > 0
    assert not set(one.circuit.operations[before].wires) & {wire for op in one.circuit.operations[:before] for wire in op.wires}


@pytest.mark.parametrize(
    "key",
    [
        ("RX", PRODUCT, "autograd"),
        ("Rot", PRODUCT, "number 2 alone"),
        ("CNOT", PRODUCT, "after RX"),
        ("RX", PRODUCT, "controlled, adjoint"),
        ("no operation", "var", "after a reset wire"),
    ],
)
def test_what_is_plain_is_right(key: tuple[str, str, str]) -> None:
    found = examine(Task(SPACE[key], Method("default.qubit", ""), ("backprop",), beside="", upheld=True))
    assert {cell.standing for cell in found} == {Standing.EXACT}


def test_the_classes_of_a_module_are_in_the_space() -> None:
    named = specimens(0, "tests.worlds.own_operations")
    assert {one.core for one in named} >= {"Turned", "Forgetful"}


def test_a_rule_that_forgot_a_frequency_is_found_in_a_module() -> None:
    own = {one.key: one for one in specimens(0, "tests.worlds.own_operations")}
    for name, standing in (("Turned", Standing.EXACT), ("Forgetful", Standing.WRONG)):
        task = Task(own[name, PRODUCT, ""], Method("default.qubit", ""), ("parameter-shift",), beside="", upheld=True, trusted=True)
        found = {cell.column: cell.standing for cell in examine(task)}
        assert found == {"output": Standing.EXACT, "parameter-shift": standing}


def test_sisters_of_the_tables_operations_are_asked_alone_wrapped_and_by_their_own_numbers() -> None:
    keys = {one.key for one in WIDE}
    for variation in ("", "controlled", "its own numbers alone"):
        assert ("GlobalPhase on a wire", PRODUCT, variation) in keys
    (coefficient,) = (value for value in tracked(SPACE["Exp imaginary", PRODUCT, "hidden numbers tracked"]) if np.iscomplexobj(value))
    assert coefficient.imag

"""Passes on numbers: what is changed together, what is left alone, and that everything proposed is simpler."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qdiag.model.circuit import Circuit
from qdiag.model.node import Node, Wires
from qdiag.model.parameter import Parameter
from qdiag.proving.minimizing.changes import NO_EDITS
from qdiag.proving.minimizing.order import smaller
from qdiag.proving.minimizing.passes.simpler_numbers import (
    adjustable,
    freeze_parameters,
    held_parameters,
    plain_containers,
    round_numbers,
    set_numbers,
    simplify_matrices,
    simplify_states,
    widen_precision,
)
from tests.worlds.small_circuits import circuit, controlled, expval, gate, number, sketch

SYMMETRIC = circuit(measured=(expval(gate("Hermitian", [[0.5, 0.25], [0.25, -0.5]])),))
ODD = circuit(gate("RX", 0.3512, trainable=True), gate("RY", -1.618, dtype="float32"), gate("RZ", [0.1234, math.pi]))


def numbers_of(found: Circuit) -> list[object]:
    return [parameter.value.tolist() for parameter in found.parameters]


def only(changes: tuple[Circuit | None, ...]) -> Circuit:
    (found,) = changes
    assert found is not None
    return found


@pytest.mark.parametrize("propose", [set_numbers(0.0), set_numbers(1.0), set_numbers(math.pi), round_numbers(1), round_numbers(3)])
def test_what_is_proposed_is_simpler(propose) -> None:  # type: ignore[no-untyped-def]
    for found in propose(ODD, NO_EDITS).each():
        assert found is not None
        assert smaller(found, ODD)


def test_an_element_and_its_mirror_image_change_together() -> None:
    assert [elements for elements, _ in adjustable(SYMMETRIC)] == [[(0, 0)], [(0, 1), (0, 2)], [(0, 3)]]
    for found in set_numbers(0.0)(SYMMETRIC, NO_EDITS).each():
        assert found is not None
        matrix = found.parameters[0].value
        assert (matrix == matrix.T).all()


@pytest.mark.parametrize("name", ["QubitUnitary", "QubitChannel", "StatePrep"])
def test_numbers_that_mean_something_together_are_not_changed_alone(name: str) -> None:
    assert list(adjustable(circuit(gate(name, [[0.6, -0.8], [0.8, 0.6]])))) == []


def test_a_state_that_normalises_itself_may_be_changed() -> None:
    node = Node("AmplitudeEmbedding", (number([0.6, 0.8]),), (Wires((0,)), (("normalize", True),)), (0,))
    assert len(list(adjustable(circuit(node)))) == 2


def test_a_number_belongs_to_the_operator_that_holds_it() -> None:
    (found,) = held_parameters(circuit(controlled(gate("RX", 0.3, wires=(1,)), 0)))
    assert (found.owner.name, found.position) == ("RX", 0)


def test_whole_numbers_stay_whole() -> None:
    states = circuit(gate("BasisState", [3, 5], dtype="int64"))
    assert set_numbers(math.pi)(states, NO_EDITS).count == 0
    assert set_numbers(-1.0)(states, NO_EDITS).count == 2
    assert round_numbers(1)(circuit(gate("BasisState", 35, dtype="int64")), NO_EDITS).count == 0


def test_what_is_not_finite_is_not_rounded() -> None:
    assert round_numbers(1)(circuit(gate("RX", math.nan), gate("RY", math.inf)), NO_EDITS).count == 0


def test_a_complex_number_is_rounded_in_both_parts() -> None:
    start = circuit(gate("Exp", 0.3512 - 1.234j, dtype="complex128"))
    assert numbers_of(only(round_numbers(2)(start, NO_EDITS).each())) == [0.35 - 1.2j]


@pytest.mark.parametrize(
    ("dtype", "container"),
    [("float64", "python"), ("float32", "numpy-scalar"), ("complex128", "python"), ("complex64", "numpy-scalar"), ("int64", "python")],
)
def test_a_constant_is_pythons_where_that_has_its_precision(dtype: str, container: str) -> None:
    tracked = circuit(gate("RX", 1, trainable=True, dtype=dtype))
    frozen = only(freeze_parameters(tracked, NO_EDITS).each())
    assert (frozen.parameters[0].container, frozen.parameters[0].trainable) == (container, False)
    assert frozen.parameters[0].value.dtype.name == dtype


def test_an_array_that_nothing_tracks_is_numpys() -> None:
    start = circuit(Node("RX", (Parameter(np.array([0.1, 0.2]), "torch"),), (Wires((0,)), ()), (0,)))
    assert only(plain_containers(start, NO_EDITS).each()).parameters[0].container == "numpy"
    assert plain_containers(circuit(gate("RX", 0.1), gate("RY", 0.2, trainable=True)), NO_EDITS).count == 0


@pytest.mark.parametrize(("narrow", "wide"), [("float16", "float64"), ("float32", "float64"), ("complex64", "complex128")])
def test_a_narrow_number_is_widened_to_the_same_number(narrow: str, wide: str) -> None:
    start = circuit(gate("RX", 0.1, dtype=narrow), gate("RY", 0.2))
    found = only(widen_precision(start, NO_EDITS).each())
    assert found.parameters[0].value.dtype.name == wide
    assert found.parameters[0].value == start.parameters[0].value


def test_what_is_not_square_is_no_matrix_to_be_replaced() -> None:
    assert simplify_matrices(circuit(gate("QubitUnitary", np.ones((3, 2, 2)))), NO_EDITS).count == 0
    assert simplify_matrices(circuit(gate("Mine", np.eye(2))), NO_EDITS).count == 0


def test_states_that_take_a_states_place_are_normalised() -> None:
    start = circuit(gate("StatePrep", [0.5, 0.5, 0.5, -0.5], wires=(0, 1), dtype="complex64"))
    for found in simplify_states(start, NO_EDITS).each():
        assert found is not None
        assert np.linalg.norm(found.parameters[0].value) == pytest.approx(1)
        assert found.parameters[0].value.dtype == np.complex64


def test_all_of_them_may_be_made_at_once() -> None:
    changes = set_numbers(0.0)(ODD, NO_EDITS)
    together = changes.circuit_with(frozenset(range(changes.count)))
    assert together is not None
    assert sketch(together).startswith("RX(0.0*)[0] RY(0.0f)[0] RZ([0.0,0.0])[0]")

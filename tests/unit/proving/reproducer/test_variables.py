"""The tracked numbers of a circuit as variables: what shares one, and how the circuit refers to it."""

from __future__ import annotations

from typing import Any

from qdiag.model.circuit import Circuit
from qdiag.model.node import Node
from qdiag.proving.reproducer.variables import Variable, variables_of
from tests.worlds.scripts import EXPVAL, rotation


def test_scalars_of_one_dtype_share_a_vector_and_arrays_stand_alone():
    circuit = Circuit((rotation(0.1), rotation([0.2, 0.3]), rotation(0.4), rotation(0.5, trainable=False)), (EXPVAL,))
    x, y = variables_of(circuit, readable=True)
    assert (x.name, x.positions, x.value.value.tolist()) == ("x", (0, 2), [0.1, 0.4])
    assert (y.name, y.positions, list(y.entries)) == ("y", (1,), [(1, "y")])


def test_an_imaginary_parameter_is_a_real_variable_times_1j():
    circuit = Circuit((rotation(-0.2j),), (EXPVAL,))
    (x,) = variables_of(circuit, readable=True)
    assert (list(x.entries), x.value.value.item()) == ([(0, "1j * x")], -0.2)
    (x,) = variables_of(circuit, readable=False)
    assert (list(x.entries), x.value.value.item()) == ([(0, "x")], -0.2j)


def variables(*operations: Node, **options: Any) -> tuple[Variable, ...]:
    return variables_of(Circuit(operations, (EXPVAL,)), **{"readable": True, **options})


def test_scalars_of_another_dtype_or_container_have_a_vector_of_their_own() -> None:
    found = variables(rotation(0.1), rotation(0.2, dtype="float32"), rotation(0.3, container="autograd"), rotation(0.4))
    assert [variable.positions for variable in found] == [(0, 3), (1,), (2,)]
    assert [variable.value.value.dtype.name for variable in found] == ["float64", "float32", "float64"]


def test_a_lone_scalar_stays_one() -> None:
    (x,) = variables(rotation(0.1))
    assert (x.stacked, x.value.value.shape, list(x.entries)) == (False, (), [(0, "x")])


def test_names_go_on_where_letters_end() -> None:
    arrays = [rotation([0.1 * i, 0.2]) for i in range(8)]
    assert [variable.name for variable in variables(*arrays)] == ["x", "y", "z", "u", "v", "w", "p6", "p7"]


def test_what_nothing_tracks_becomes_a_variable_only_where_a_precision_is_given_to_all() -> None:
    constants = (rotation(0.1, trainable=False), rotation(0.2, trainable=False, container="python"), rotation(3, trainable=False))
    assert variables(*constants) == ()
    (x,) = variables(*constants, also_untracked=True)
    assert x.positions == (0,)


def test_a_complex_number_that_is_not_imaginary_stands_alone() -> None:
    found = variables(rotation(0.1j), rotation(0.2 + 0.1j), rotation(0.3j))
    assert [(variable.positions, variable.imaginary) for variable in found] == [((0, 2), True), ((1,), False)]
    assert found[0].value.value.tolist() == [0.1, 0.3]
    assert list(found[0].entries) == [(0, "1j * x[0]"), (2, "1j * x[1]")]


def test_its_value_is_tracked() -> None:
    assert all(variable.value.trainable for variable in variables(rotation(0.1, trainable=False), also_untracked=True))

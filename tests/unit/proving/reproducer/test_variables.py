"""The tracked numbers of a circuit as variables: what shares one, and how the circuit refers to it."""

from __future__ import annotations

from qdiag.model.circuit import Circuit
from qdiag.proving.reproducer.variables import variables_of
from tests.worlds.scripts import (
    EXPVAL,
    rotation,
)


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

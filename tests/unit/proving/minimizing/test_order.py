"""The order on circuits: which of two is smaller, from the most important difference to the least."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qdiag.model.circuit import Circuit
from qdiag.proving.minimizing.order import key, simplicity, smaller
from tests.worlds.small_circuits import Z, circuit, combination, controlled, expval, gate, gathered, probs, wrapped

SMALLER = {
    "fewer operations": (circuit(gate("RX", 0.123, trainable=True)), circuit(gate("PauliX"), gate("PauliX"))),
    "a template of many numbers is several operations": (
        circuit(gate("RX", 0.1), gate("RY", 0.2)),
        circuit(gate("StronglyEntanglingLayers", np.ones((2, 2, 3)), wires=(0, 1))),
    ),
    "fewer wires": (circuit(gate("RX", 0.123, trainable=True)), circuit(gate("CNOT", wires=(0, 1)))),
    "fewer parameters": (circuit(gate("PauliX")), circuit(gate("RX", 0))),
    "constants": (circuit(gate("RX", 0.123)), circuit(gate("RX", 0, trainable=True))),
    "fewer measurements": (circuit(measured=(expval(gathered("Sum", Z, Z)),)), circuit(measured=(expval(Z), expval(Z)))),
    "analytic": (circuit(gate("RX", [0.1, 0.2])), circuit(gate("RX", 0), shots=(10,))),
    "fewer rows": (circuit(gate("RX", [0.123, 0.456])), circuit(gate("RX", [0, 0, 0]))),
    "no batch axis": (circuit(gate("RX", 0.123)), circuit(gate("RX", [0]))),
    "less nesting": (circuit(gate("RX", 0.123)), circuit(wrapped("Adjoint", gate("RX", 0)))),
    "fewer terms": (circuit(measured=(expval(Z),)), circuit(measured=(expval(combination((1, Z), (1, Z))),))),
    "plainer gates": (circuit(gate("RX", 0.123)), circuit(gate("PhaseShift", 0))),
    "float64": (circuit(gate("RX", 0.123)), circuit(gate("RX", 0, dtype="float32"))),
    "simpler numbers": (circuit(gate("RX", 0.1)), circuit(gate("RX", 0.12))),
    "wires from 0": (circuit(measured=(probs(0),)), circuit(measured=(probs("a"),))),
    "a lone measurement": (circuit(), circuit(returns="tuple")),
}


@pytest.mark.parametrize(("one", "other"), SMALLER.values(), ids=SMALLER)
def test_the_smaller_of_two(one: Circuit, other: Circuit) -> None:
    assert smaller(one, other)
    assert not smaller(other, one)


def test_equal_circuits_have_equal_keys_whoever_made_them() -> None:
    made = [circuit(controlled(gate("RX", 0.3, wires=(1,)), 0)) for _ in range(2)]
    assert key(made[0]) == key(made[1])


def test_numbers_from_the_simplest_on() -> None:
    numbers = [0, 1, -1, math.pi, -math.pi, math.pi / 2, math.pi / 4, 2, -2, 0.5, 0.25, 0.123, 1 / 3]
    ranks = [simplicity(float(number)) for number in numbers]
    assert ranks[:7] == sorted(set(ranks[:7]))
    assert max(ranks[:7]) < min(ranks[7:])
    assert simplicity(0.5) < simplicity(0.25) < simplicity(0.123) < simplicity(1 / 3)


def test_a_float32_number_is_as_simple_as_it_reads() -> None:
    assert simplicity(np.float32(0.1)) == simplicity(0.1)
    assert simplicity(np.float32(math.pi)) == simplicity(math.pi)


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf, complex(math.nan, 1), 1e300, 5e-324])
def test_odd_numbers_have_a_rank_too(odd: complex) -> None:
    assert simplicity(odd) > simplicity(0.0)

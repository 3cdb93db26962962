"""What is read off a circuit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from qdiag.model.circuit import Circuit, raw_outputs
from qdiag.model.node import (
    Node,
    parameters_of,
)
from qdiag.model.parameter import Parameter
from tests.worlds.small_circuits import Z, circuit, expval, gate, number, probs
from tests.worlds.strategies import circuits

# --- reading ----------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("angle", "dtype", "resolved"),
    [(3e4, "float32", True), (3e5, "float32", False), (3e5, "float64", True), (1e15, "float64", False), (np.nan, "float64", False)],
)
def test_an_angle_beyond_its_precision_is_none(angle: float, dtype: str, resolved: bool) -> None:
    assert circuit(gate("RX", angle, dtype=dtype)).resolved is resolved

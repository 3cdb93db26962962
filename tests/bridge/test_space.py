"""The space of circuits: the same each time, whole, and of circuits that PennyLane's own device runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pennylane as qml
import pytest

from qdiag.bridges.space.builds import build_of, builds
from qdiag.bridges.space.ingredients import MODERN
from qdiag.bridges.space.specimens import specimens
from qdiag.evaluation.evaluate import evaluate
from qdiag.judging.arbiter.reference import reference
from qdiag.model.evaluation import Request
from qdiag.model.method import Method
from qdiag.model.node import nodes_of, parameters_of
from qdiag.model.operator_families import MIXING
from qdiag.model.specimen import BARE, Rank
from qdiag.trace.keys import circuit_key
from tests.worlds.older_stacks import needs_newest

pytestmark = pytest.mark.stack

if not MODERN:
    pytest.skip("instances by hand are as the newer end takes them", allow_module_level=True)

SPACE = specimens(0)
ALONE = [one for one in SPACE if one.rank is Rank.ALONE]


def test_the_space_is_the_same_each_time_and_another_seed_changes_numbers_alone() -> None:
    assert [(one.key, circuit_key(one.circuit)) for one in specimens(0)] == [(one.key, circuit_key(one.circuit)) for one in SPACE]
    other = specimens(1)
    assert [one.key for one in other] == [one.key for one in SPACE]
    assert circuit_key(other[0].circuit) != circuit_key(SPACE[0].circuit)


def test_no_two_specimens_are_called_alike() -> None:
    assert [key for key, count in Counter(one.key for one in SPACE).items() if count > 1] == []


def test_the_space_holds_most_of_what_acts_on_few_qubits() -> None:
    assert len(ALONE) > 120
    assert {"RX", "CNOT", "MultiRZ", "StronglyEntanglingLayers", "DepolarizingChannel"} - {"StronglyEntanglingLayers"} <= {
        one.core for one in ALONE
    }


@pytest.mark.parametrize("one", ALONE, ids=lambda one: one.operation)
def test_an_operation_alone_runs_on_pennylanes_own_device(one) -> None:
    mixed = any(node.name in MIXING for top in one.circuit.operations for node in nodes_of(top))
    found = evaluate(Request(one.circuit, Method("default.mixed" if mixed else "default.qubit", "none"), "torch", one.wires))
    if found.failure is not None:
        assert found.failure.refusal or one.core in BROKEN, found.failure
        return
    assert found.outputs is not None
    assert np.isfinite(found.outputs[0]).all()


BROKEN = {"PhaseAdder"} | (set() if hasattr(qml, "workflow") else {"CosineWindow", "MultiControlledX"})
"""Operations that PennyLane itself cannot run where they are the only ones on their wires, or, as 0.33, as newer ones write them."""


class Remembering(qml.operation.Operation):
    """Writes the wires to which a copy is moved into what both share, as `QuantumPhaseEstimation` does on 0.33 and 0.36."""

    num_wires = 2
    num_params = 0
    grad_method = None

    def __init__(self, wires: Any) -> None:
        super().__init__(wires=wires)
        self._hyperparameters = {"last": wires[-1]}

    def _flatten(self) -> Any:
        return (), (tuple(self.wires), self.hyperparameters["last"])

    def map_wires(self, wire_map: Any) -> Any:
        moved = super().map_wires(wire_map)
        moved._hyperparameters["last"] = wire_map[self.wires[-1]]
        return moved


def test_an_operation_that_is_moved_leaves_the_first_one_where_it_is() -> None:
    first = Remembering([0, 1])
    build_of("Remembering", first, labels=("a", "b"))
    assert first.hyperparameters == {"last": 1}


def test_the_ground_is_judged_by_the_reference_and_right_on_pennylanes_own_device() -> None:
    ground = [one for one in SPACE if one.rank is Rank.GROUND]
    assert {one.operation for one in ground} == {BARE}
    for one in ground:
        found = evaluate(Request(one.circuit, Method("default.qubit", "none"), "torch", one.wires))
        ours = reference(one.circuit, one.wires, "outputs")
        np.testing.assert_allclose(np.asarray(found.outputs[0]).reshape(-1), np.asarray(ours.outputs[0]).reshape(-1), atol=1e-12)


@needs_newest("TemporaryAND came later")
def test_work_wires_and_the_targets_that_must_be_empty_are_left_in_their_state() -> None:
    wanting = {build.label: build for build in builds() if build.empty}
    assert "TemporaryAND" in wanting
    for one in ALONE:
        if one.operation in wanting:
            empty = set(wanting[one.operation].empty)
            first = next((node.name for node in one.circuit.operations if empty & set(node.wires)), "")
            assert first not in ("RX", "RY")


def test_of_the_observables_that_users_weigh_the_coefficients_are_tracked_and_no_entry_of_a_matrix_is() -> None:
    weighed = [one for one in SPACE if "tracked" in one.measurement]
    assert {one.measurement.partition("(")[0] for one in weighed} == {"expval", "var"}
    for one in weighed:
        numbers = [number for node in one.circuit.measurements for number in parameters_of(node)]
        assert [number.trainable for number in numbers] == [number.value.ndim == 0 for number in numbers]
        assert any(number.trainable for number in numbers)


def test_circuits_that_ask_for_shots_stand_last_and_are_read_as_those_without() -> None:
    sampled = [one for one in SPACE if one.circuit.shots]
    assert SPACE[-len(sampled) :] == tuple(sampled)
    plain = {one.measurement: one for one in SPACE if one.operation == BARE and not one.variation}
    for one in sampled:
        assert one.rank is Rank.SHOTS
        assert circuit_key(replace(one.circuit, shots=())) == circuit_key(plain[one.measurement].circuit)


@pytest.mark.parametrize(
    ("operation", "variation", "counts"),
    [("Rot", "", {"Rot": 3}), ("MultiRZ", "at 0", {"MultiRZ": 1}), ("IsingXX", "batch of 3", {"IsingXX": 1}), ("CNOT", "", {})],
)
def test_an_operations_own_numbers_are_told_from_those_around_it(operation: str, variation: str, counts: dict[str, int]) -> None:
    one = next(one for one in SPACE if (one.operation, one.variation) == (operation, variation))
    holders = [node.name for node in one.circuit.operations for _ in parameters_of(node)]
    assert Counter(holders[k] for k in one.own) == counts
    assert set(one.own) < set(one.circuit.trainable)


class Immovable(Remembering):
    """Stays where it is, as `OutAdder` does on 0.38."""

    def map_wires(self, wire_map: Any) -> Any:
        raise ValueError("no")


def test_an_operation_that_cannot_be_moved_is_left_out() -> None:
    assert build_of("Immovable", Immovable(["b", "a"])) is None

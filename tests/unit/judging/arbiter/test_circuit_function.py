"""What our own simulation has room for, asked family by family: a name that slips through costs gigabytes."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

from qdiag.bridges import matrices
from qdiag.judging.arbiter.circuit_function import MOST_MEASURED, MOST_MIXED_WIRES, MOST_WIRES, Simulation, too_large
from qdiag.model.circuit import Circuit, MeasuredOutcome, Node
from qdiag.model.numerics.states import Channel, Conditioned, Factor, Measured, NotSimulated, Preparation, Reading, Step
from qdiag.model.operator_families import CHANNELS, MID_MEASUREMENTS, MIXING
from tests.worlds.small_circuits import circuit, gate, wrapped

IDENTITY = np.eye(2)


def on_wires(count: int, *more: Node) -> Circuit:
    return circuit(*(gate("RX", 0.1, wires=(wire,)) for wire in range(count)), *more)


@pytest.mark.parametrize("name", sorted(MIXING))
def test_any_noise_halves_the_wires_that_are_simulated(name: str) -> None:
    too_large(on_wires(MOST_MIXED_WIRES, gate(name, 0.1)))
    with pytest.raises(NotSimulated, match=f"more than the {MOST_MIXED_WIRES}"):
        too_large(on_wires(MOST_MIXED_WIRES + 1, gate(name, 0.1)))


@pytest.mark.parametrize("name", sorted(CHANNELS))
def test_noise_under_a_condition_is_noise(name: str) -> None:
    with pytest.raises(NotSimulated, match=f"more than the {MOST_MIXED_WIRES}"):
        too_large(on_wires(MOST_WIRES, wrapped("Conditional", gate(name, 0.1))))


@pytest.mark.parametrize("name", sorted(MID_MEASUREMENTS))
def test_so_many_measurements_in_the_middle_are_followed_and_no_more(name: str) -> None:
    too_large(on_wires(1, *[gate(name)] * MOST_MEASURED))
    with pytest.raises(NotSimulated, match=f"more than the {MOST_MEASURED}"):
        too_large(on_wires(1, *[gate(name)] * (MOST_MEASURED + 1)))


def test_a_state_vector_has_room_for_more_wires() -> None:
    too_large(on_wires(MOST_WIRES))
    with pytest.raises(NotSimulated, match=f"more than the {MOST_WIRES}"):
        too_large(on_wires(MOST_WIRES + 1))


def test_an_operator_known_by_name_only_is_not_simulated() -> None:
    with pytest.raises(NotSimulated, match="recorded by name only"):
        too_large(circuit(Node("Mystery", opaque="it holds a function")))


# --- noise that no name tells: PennyLane has said what the operation is once it is steps ---------------------------------------------

NOISE = Channel((1.0,), (IDENTITY,), (0,))
STEPS = {
    "a channel": NOISE,
    "a density matrix": Preparation(np.diag([1.0, 0.0]), (0,)),
    "a channel under a condition": Conditioned(MeasuredOutcome((0,), (False, True)), (NOISE,)),
}
PURE = {
    "a gate": Factor(IDENTITY, (0,)),
    "amplitudes": Preparation(np.array([1.0, 0.0]), (0,)),
    "a measurement": Measured(0),
    "a gate under a condition": Conditioned(MeasuredOutcome((0,), (False, True)), (Factor(IDENTITY, (0,)),)),
}


def simulation(monkeypatch: pytest.MonkeyPatch, step: Step, wires: int) -> Simulation:
    """With a bridge that translates each operation into one known step."""
    bridge = ModuleType("node_steps")
    bridge.__dict__["widened"] = lambda parameter: parameter.value
    bridge.__dict__["operation"] = lambda *_, **__: ((step,),)
    bridge.__dict__["measurement"] = lambda *_, **__: Reading("state")
    monkeypatch.setitem(sys.modules, "qdiag.bridges.matrices.node_steps", bridge)
    monkeypatch.setattr(matrices, "node_steps", bridge, raising=False)
    return Simulation(on_wires(wires))


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_users_own_noise_has_the_limit_of_noise(monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    simulation(monkeypatch, step, MOST_MIXED_WIRES)
    with pytest.raises(NotSimulated, match=f"more than the {MOST_MIXED_WIRES}"):
        simulation(monkeypatch, step, MOST_MIXED_WIRES + 1)


@pytest.mark.parametrize("step", PURE.values(), ids=PURE)
def test_what_keeps_a_state_pure_does_not(monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    simulation(monkeypatch, step, MOST_WIRES)

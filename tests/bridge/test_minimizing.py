"""The search on real circuits: PennyLane's gates and expansions, a large circuit in little time, and no slipping to another fault."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

torch = pytest.importorskip("torch")
qml = pytest.importorskip("pennylane")
if not hasattr(qml, "set_shots"):
    pytest.skip("the faults of these tests are those of today's PennyLane", allow_module_level=True)

from qdiag.bridges.codec.tapes import circuit_of  # noqa: E402
from qdiag.evaluation.workers import Inline, Workers  # noqa: E402
from qdiag.judging.question import Question  # noqa: E402
from qdiag.model.circuit import Circuit  # noqa: E402
from qdiag.model.method import parse  # noqa: E402
from qdiag.model.node import nodes_of  # noqa: E402
from qdiag.model.variants import with_parameters  # noqa: E402
from qdiag.proving.minimizing.changes import PennyLaneEdits  # noqa: E402
from qdiag.proving.minimizing.oracle import Oracle  # noqa: E402
from qdiag.proving.minimizing.pennylane_workshop import workshop_of  # noqa: E402
from qdiag.proving.minimizing.same_difference import SameDifference  # noqa: E402
from qdiag.proving.minimizing.search import Minimized, Terms, minimize  # noqa: E402
from qdiag.proving.minimizing.what_may_vary import explain  # noqa: E402
from tests.worlds.small_circuits import gate, names, sketch  # noqa: E402

pytestmark = pytest.mark.stack

BACKPROP, ADJOINT = "default.qubit/backprop", "default.qubit/adjoint"
SHIFT, LIGHTNING = "default.qubit/parameter-shift", "lightning.qubit/adjoint"


def tracked(value: Any):
    return torch.tensor(value, dtype=torch.float64, requires_grad=True)


def recorded(build: Callable[[], object], returns: str = "tuple") -> Circuit:
    with qml.queuing.AnnotatedQueue() as queue:
        build()
    return circuit_of(qml.tape.QuantumScript.from_queue(queue), returns)


def difference(circuit: Circuit, good: str, bad: str, evaluator=None) -> SameDifference:
    return SameDifference(Question(circuit, (parse(good), parse(bad))), evaluator or Inline())


def searched(circuit: Circuit, good: str, bad: str, **rest) -> Minimized:
    return minimize(circuit, Oracle(difference(circuit, good, bad)), Terms(workshop=workshop_of(Inline(), trusted=False), **rest))


def contains(circuit: Circuit, name: str) -> bool:
    return any(node.name == name for top in circuit.nodes for node in nodes_of(top))


# --- the workshop -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def workshop() -> PennyLaneEdits:
    return workshop_of(Inline(), trusted=False)


def test_gates_are_made_with_the_numbers_given(workshop: PennyLaneEdits) -> None:
    angle = gate("RX", 0.3, trainable=True).data[0]
    made = workshop.gate("CRY", (angle,), ("a", 2))
    assert made is not None
    assert (made.name, made.wires, made.data) == ("CRY", ("a", 2), (angle,))
    assert workshop.gate("NoSuchGate", (), (0,)) is None


def test_templates_are_expanded_one_level_and_stay_trainable(workshop: PennyLaneEdits) -> None:
    circuit = recorded(lambda: qml.BasicEntanglerLayers(tracked([[0.1, 0.2]]), wires=[0, 1]))
    expanded = workshop.expanded(circuit, 0)
    assert expanded is not None
    assert names(expanded) == ("RX", "RX", "CNOT")
    assert len(expanded.trainable) == 2
    assert workshop.expanded(expanded, 0) is None


def test_batched_parameters_are_found(workshop: PennyLaneEdits) -> None:
    def build() -> None:
        qml.RX(tracked([0.1, 0.2]), wires=0)
        qml.BasicEntanglerLayers(tracked([[0.1, 0.2]]), wires=[0, 1])

    assert workshop.batched(recorded(build)) == (0,)


# --- whole searches -----------------------------------------------------------------------------------------------------------


def shifted_by_coefficients() -> None:
    qml.AngleEmbedding(tracked([0.1, 0.2, 0.3]), wires=range(3))
    qml.BasicEntanglerLayers(tracked([[0.4, 0.5, 0.6]] * 2), wires=range(3))
    qml.expval(qml.dot([tracked(0.5), tracked(0.7)], [qml.PauliZ(0), qml.PauliX(1) @ qml.PauliZ(2)]))


def test_a_template_circuit_comes_down_to_one_gate_and_one_term() -> None:
    found = searched(recorded(shifted_by_coefficients, "single"), BACKPROP, ADJOINT)
    assert found.one_minimal
    assert sketch(found.circuit) == "RX(1.0*)[0] | ExpectationMP(SProd(1.0*,PauliZ[0])[0])[0]"


def test_the_explanation_of_a_singular_point_is_a_number_beside_it() -> None:
    def build() -> None:
        qml.AmplitudeEmbedding(tracked([0.0, 0.8]), wires=1, normalize=True)
        qml.RY(tracked(0.4), wires=0)
        qml.expval(qml.PauliZ(0) @ qml.PauliX(1))

    circuit = recorded(build, "single")
    same = difference(circuit, BACKPROP, ADJOINT)
    assert same.kind.where == "nan"
    oracle, tools = Oracle(same), workshop_of(Inline(), trusted=False)
    found = minimize(circuit, oracle, Terms(workshop=tools))
    assert names(found.circuit) == ("AmplitudeEmbedding",)
    explained = explain(found.circuit, oracle, same.agrees, tools)
    assert explained.change.startswith("0.37 for 0 in AmplitudeEmbedding")


def test_fewer_rows_and_then_no_batch() -> None:
    def build() -> None:
        qml.RX(tracked([0.1, 0.2, 0.3, 0.4]), wires=0)
        qml.expval(qml.dot([tracked(0.5), tracked(0.7)], [qml.PauliZ(0), qml.PauliX(1)]))

    found = searched(recorded(build, "single"), BACKPROP, ADJOINT)
    assert sketch(found.circuit) == "RX(1.0*)[0] | ExpectationMP(SProd(1.0*,PauliZ[0])[0])[0]"


@pytest.mark.slow
def test_two_hundred_operations_on_six_wires_in_half_a_minute() -> None:
    draw = random.Random(5)

    def build() -> None:
        for position in range(200):
            if position == 123:
                qml.pow(qml.ctrl(qml.RX(tracked(0.7), wires=1), control=[0, 2]), 2)
            rotation = draw.choice([qml.RX, qml.RY, qml.RZ, qml.CNOT, qml.CRX])
            wires = draw.sample(range(6), 2 if rotation in (qml.CNOT, qml.CRX) else 1)
            angles = () if rotation is qml.CNOT else (tracked(draw.uniform(-3, 3)),)
            rotation(*angles, wires=wires)
        qml.expval(qml.PauliZ(0))
        qml.expval(qml.PauliY(1) @ qml.PauliZ(4))

    circuit = recorded(build)
    with Workers(2) as workers:
        same = difference(circuit, BACKPROP, LIGHTNING, workers)
        begun = time.perf_counter()
        with Oracle(same, width=2) as oracle:
            found = minimize(circuit, oracle, Terms(workshop=workshop_of(workers, trusted=False)))
        seconds = time.perf_counter() - begun
    assert found.one_minimal
    assert len(found.circuit.operations) <= 4
    assert contains(found.circuit, "Pow")
    assert seconds < 30


# --- two faults in one circuit ------------------------------------------------------------------------------------------------


class TestTwoFaults:
    """Each circuit holds two different faults; a search for one of them must not end at the other."""

    @staticmethod
    def postselected_and_shifted() -> None:
        qml.RX(tracked(0.4), wires=0)
        qml.RY(tracked(0.3), wires=1)
        qml.CNOT(wires=[0, 1])
        qml.QSVT(qml.BlockEncode([[0.1, 0.2], [0.3, 0.4]], wires=[2, 3]), [qml.PCPhase(tracked(p), 2, [2, 3]) for p in (0.3, 0.5)])
        qml.ctrl(qml.MultiRZ(tracked(0.4), wires=[1, 2]), control=0)
        qml.RY(tracked(0.9), wires=1)
        qml.expval(qml.PauliZ(1) @ qml.PauliX(2))

    @pytest.mark.parametrize(("bad", "kept", "gone"), [(ADJOINT, "QSVT", "MultiRZ"), (SHIFT, "MultiRZ", "QSVT")])
    def test_of_two_methods(self, bad: str, kept: str, gone: str) -> None:
        found = searched(recorded(self.postselected_and_shifted, "single"), BACKPROP, bad)
        assert contains(found.circuit, kept)
        assert not contains(found.circuit, gone)

    def test_of_two_kinds_of_difference(self) -> None:
        def build() -> None:
            qml.AmplitudeEmbedding(tracked([0.0, 0.8]), wires=0, normalize=True)
            qml.RY(tracked(0.3), wires=1)
            qml.exp(qml.PauliY(1), torch.tensor(0.3j, dtype=torch.complex128, requires_grad=True))
            qml.expval(qml.PauliX(0) @ qml.PauliX(1))

        circuit = recorded(build, "single")
        assert difference(circuit, BACKPROP, ADJOINT).kind.where == "nan"
        found = searched(circuit, BACKPROP, ADJOINT)
        assert names(found.circuit) == ("AmplitudeEmbedding",)

    @pytest.mark.parametrize("kept", ["Exp", "SProd"])
    def test_of_two_causes_with_one_symptom(self, kept: str) -> None:
        """The cause is confirmed by its own flip: freezing the numbers of one operator moves the gap."""

        def build() -> None:
            qml.RX(tracked(0.4), wires=0)
            qml.RY(tracked(0.3), wires=1)
            qml.exp(qml.PauliY(1), torch.tensor(0.3j, dtype=torch.complex128, requires_grad=True))
            qml.CNOT(wires=[0, 1])
            qml.expval(qml.dot([tracked(0.5), tracked(0.7)], [qml.PauliZ(0), qml.PauliX(1)]))

        circuit = recorded(build, "single")
        same = difference(circuit, BACKPROP, ADJOINT)

        def flips(candidate: Circuit) -> bool:
            owned = {id(p) for top in candidate.nodes for node in nodes_of(top) if node.name == kept for p in node.data}
            frozen = [replace(p, trainable=p.trainable and id(p) not in owned) for p in candidate.parameters]
            before, after = same.observe(candidate), same.observe(with_parameters(candidate, frozen))
            return before.comparison.max_abs != after.comparison.max_abs

        found = minimize(circuit, Oracle(same), Terms(workshop=workshop_of(Inline(), trusted=False), same_cause=flips))
        assert contains(found.circuit, kept)
        assert not contains(found.circuit, {"Exp": "SProd", "SProd": "Exp"}[kept])

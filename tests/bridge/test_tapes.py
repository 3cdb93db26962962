"""What a tape records beyond single operators: mid-circuit measurements, shots, classes of the script's own, notes."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pennylane as qml
import pytest
from hypothesis import given, settings

from qdiag.bridges import stack
from qdiag.bridges.codec import encoding, tapes
from qdiag.errors import OpaqueCircuitError
from qdiag.model.circuit import Circuit
from qdiag.model.node import MeasuredOutcome, Node, nodes_of, walk
from qdiag.trace import circuit_parser, circuit_text
from tests.worlds.installed_pennylane import has_flatten, node_of
from tests.worlds.sameness import same
from tests.worlds.strategies import runnable_circuits

pytestmark = pytest.mark.stack

modern = pytest.mark.skipif(not has_flatten(), reason="this PennyLane does not have it")


def tape_from(function: Any) -> Any:
    """The tape that a quantum function queues."""
    if hasattr(qml.tape, "make_qscript"):
        return qml.tape.make_qscript(function)()
    with getattr(qml.tape, "JacobianTape", qml.tape.QuantumTape)() as tape:
        function()
    return tape


def there_and_back(circuit: Circuit, trusted: bool = False) -> Circuit:
    restored = circuit_parser.restore(*circuit_text.skeleton(circuit))
    return tapes.circuit_of(tapes.tape_of(restored, trusted=trusted), circuit.returns)


def outcomes_in(circuit: Circuit) -> list[MeasuredOutcome]:
    return [value for node in circuit.nodes for value in walk(node) if isinstance(value, MeasuredOutcome)]


@settings(max_examples=30)
@given(runnable_circuits())
def test_a_circuit_becomes_a_tape_and_the_same_circuit_again(circuit: Circuit) -> None:
    pytest.importorskip("torch")
    again = there_and_back(circuit)
    assert [node.name for node in again.nodes] == [node.name for node in circuit.nodes]
    assert same(again.parameters, circuit.parameters)
    assert again.wires == circuit.wires


def test_recording_leaves_a_queue_alone() -> None:
    def function() -> None:
        qml.RX(0.1, wires=0)
        circuit = Circuit((node_of(qml.RY(0.2, wires=0)),), ())
        tapes.tape_of(circuit)
        qml.expval(qml.PauliZ(0))

    assert [type(operation).__name__ for operation in tape_from(function).operations] == ["RX", "RY"]


def test_rebuilding_inside_a_quantum_function_adds_nothing_to_it() -> None:
    circuit = Circuit((node_of(qml.RX(0.1, wires=0)),), (node_of(qml.expval(qml.PauliZ(0))),))

    def function() -> None:
        tapes.tape_of(circuit)

    assert not tape_from(function).operations


# --- shots -------------------------------------------------------------------------------------------------------------


@modern
@pytest.mark.parametrize("shots", [None, 100, [100, 100], [(10, 3), 20]])
def test_shots_are_kept_group_by_group(shots: object) -> None:
    tape = qml.tape.QuantumScript([qml.RX(0.1, 0)], [qml.expval(qml.PauliZ(0))], shots=shots)
    circuit = tapes.circuit_of(tape)
    assert circuit.shots == tuple(tape.shots)
    assert tuple(tapes.tape_of(circuit).shots) == tuple(tape.shots)


# --- mid-circuit measurements ----------------------------------------------------------------------------------------------


def conditioned() -> None:
    first = qml.measure(0, reset=True)
    second = qml.measure(1, postselect=1)
    qml.cond(first & ~second, qml.RX)(0.1, wires=2)
    qml.cond(second, qml.RY)(0.2, wires=2)
    qml.cond(2 * first + second > 1.5, qml.PauliX)(wires=2)
    qml.expval(first)
    qml.probs(op=[first, second] if hasattr(qml, "X") else first)  # before 0.35 one outcome at a time
    qml.var(0.5 * first - second)


@modern
def test_outcomes_become_positions_and_tables() -> None:
    circuit = tapes.circuit_of(tape_from(conditioned))
    conditions = outcomes_in(circuit)[:3]
    assert conditions[0] == MeasuredOutcome((0, 1), (False, False, True, False))
    assert conditions[1] == MeasuredOutcome((1,), (0, 1))
    assert conditions[2].table in ((False, False, True, True), (0, 0, 1, 1))
    assert outcomes_in(circuit)[-1].table == (0.0, -1.0, 0.5, -0.5)


@modern
def test_random_identifiers_do_not_reach_the_structure() -> None:
    one, other = (circuit_text.skeleton(tapes.circuit_of(tape_from(conditioned)))[0] for _ in range(2))
    assert one == other


@modern
def test_mid_circuit_measurements_come_back_bit_for_bit() -> None:
    circuit = tapes.circuit_of(tape_from(conditioned))
    assert not circuit.opaque
    assert same(there_and_back(circuit), circuit)


@modern
def test_a_rebuilt_condition_does_what_the_first_did() -> None:
    def function() -> None:
        qml.RX(0.8, wires=0)
        first = qml.measure(0)
        qml.RX(1.1, wires=1)
        second = qml.measure(1)
        qml.cond(first | second, qml.RY)(0.7, wires=2)
        qml.expval(qml.PauliZ(2))

    tape = tape_from(function)
    device = qml.device("default.qubit")
    again = tapes.tape_of(tapes.circuit_of(tape))
    if not hasattr(qml, "X"):
        tape, again = (qml.defer_measurements(script)[0][0] for script in (tape, again))
    assert qml.execute([again], device, None) == qml.execute([tape], device, None)


@modern
def test_a_condition_on_a_measurement_that_is_gone_is_said_and_not_guessed() -> None:
    circuit = tapes.circuit_of(tape_from(conditioned))
    without = Circuit(tuple(op for op in circuit.operations if not op.name.startswith("MidMeasure")), circuit.measurements)
    with pytest.raises(OpaqueCircuitError, match="does not make"):
        tapes.tape_of(without)


# --- what cannot be kept ---------------------------------------------------------------------------------------------------


class Turn(qml.operation.Operation):
    """A rotation that the script defines."""

    num_wires = 1
    num_params = 1
    grad_method = "A"

    @staticmethod
    def compute_decomposition(angle, wires):
        return [qml.RY(np.sin(angle) + OFFSET, wires=wires)]

    def expand(self):
        with qml.tape.QuantumTape() as tape:
            qml.RY(np.sin(self.data[0]) + OFFSET, wires=self.wires)
        return tape


OFFSET = 0.25


def turned() -> None:
    Turn(0.3, wires=0)
    qml.expval(qml.PauliZ(0))


def test_a_class_of_the_scripts_own_is_recorded_with_its_source_and_what_it_needs() -> None:
    node = tapes.circuit_of(tape_from(turned)).operations[0]
    assert node.name == "Turn"
    assert "class Turn(qml.operation.Operation):" in node.definition
    assert "import pennylane as qml" in node.definition
    assert "import numpy as np" in node.definition
    assert "OFFSET = 0.25" in node.definition


def test_its_source_is_not_executed_without_trust() -> None:
    circuit = tapes.circuit_of(tape_from(turned))
    with pytest.raises(OpaqueCircuitError, match="not trusted"):
        tapes.tape_of(circuit)


def test_with_trust_it_is_rebuilt_and_recorded_alike() -> None:
    circuit = tapes.circuit_of(tape_from(turned))
    rebuilt = tapes.tape_of(circuit, trusted=True).operations[0]
    assert rebuilt.data[0] == 0.3
    assert same(there_and_back(circuit, trusted=True), circuit)


def test_source_that_fails_or_defines_something_else_is_a_clear_error() -> None:
    for definition in ("raise ValueError('no')", "Turn = 3", "class Turn: pass", "class ("):
        circuit = Circuit((Node("Turn", definition=definition),), ())
        with pytest.raises(OpaqueCircuitError, match="Turn"):
            tapes.tape_of(circuit, trusted=True)


def test_a_local_class_is_recorded_too() -> None:
    class Local(qml.operation.Operation):
        num_wires = 1
        num_params = 0

    node = node_of(Local(wires=0))
    assert node.definition.startswith("import pennylane as qml")
    assert "\nclass Local(" in node.definition


SCRIPT = """
import pennylane as qml
from math import pi as half_turn

FACTOR = (0.5, 1)

def scaled(angle):
    return FACTOR[0] * angle

class Base(qml.operation.Operation):
    num_wires = 1

class Turn(Base):
    num_params = 1

    @staticmethod
    def compute_decomposition(angle, wires):
        return [qml.RX(scaled(angle) + half_turn, wires=wires)]

operator = Turn(0.5, wires=0)
"""


def test_a_script_that_another_program_runs_has_its_classes_recorded_with_bases_functions_and_constants(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    node = node_of(runpy.run_path(str(path), run_name="__main__")["operator"])
    assert not node.opaque
    namespace: dict[str, object] = {}
    exec(node.definition, namespace)
    (rotation,) = namespace["Turn"].compute_decomposition(0.5, wires=0)  # type: ignore[attr-defined]
    assert rotation.data[0] == 0.25 + np.pi


def test_a_class_without_source_is_known_by_name_only() -> None:
    kind = type("Nameless", (qml.operation.Operation,), {"num_wires": 1, "num_params": 0, "__module__": "nowhere"})
    node = node_of(kind(wires=["a"]))
    assert (node.name, node.wires) == ("Nameless", ("a",))
    assert "source" in node.opaque


def test_an_operator_that_holds_a_function_becomes_its_decomposition_with_a_note() -> None:
    def block(weights, wires):
        qml.RY(weights[0], wires=wires[0])
        qml.CNOT(wires=wires)

    circuit = tapes.circuit_of(tape_from(lambda: qml.MPS(range(3), 2, block, 1, template_weights=np.ones((2, 1)))))
    assert [node.name for node in circuit.operations] == ["RY", "CNOT", "RY", "CNOT"]
    reason = "cannot be recovered" if (0, 22) <= stack.pennylane_version().release < (0, 33) else "function block"
    assert circuit.notes[0].startswith("MPS was recorded as its decomposition")
    assert reason in circuit.notes[0]


def test_an_opaque_operation_is_refused_by_name_when_rebuilt() -> None:
    circuit = Circuit((Node("Strange", wires=(0,), opaque="it holds a socket"),), ())
    with pytest.raises(OpaqueCircuitError, match=r"Strange.*socket"):
        tapes.tape_of(circuit)


def test_an_operation_that_this_pennylane_does_not_have_is_refused_by_name() -> None:
    with pytest.raises(OpaqueCircuitError, match=r"has no operation or measurement 'os\.system'"):
        tapes.tape_of(Circuit((Node("os.system"),), ()))


@modern
@pytest.mark.parametrize("kind", ["function", "class", "enum", "unheard of"])
def test_a_file_cannot_name_what_is_no_part_of_a_circuit(kind: str) -> None:
    from qdiag.model.node import Tagged

    content = ("Path", "home") if kind == "enum" else "system"
    with pytest.raises(OpaqueCircuitError):
        tapes.tape_of(Circuit((Node("RX", (Tagged(kind, content),)),), ()))


def test_recording_never_raises() -> None:
    class Broken(qml.RX):
        @property
        def data(self):
            raise RuntimeError("no data")

        @data.setter
        def data(self, value):
            pass

        @property
        def wires(self):
            raise RuntimeError("no wires")

    broken = Broken.__new__(Broken)
    node = node_of(broken)
    assert node.opaque
    assert node.wires == ()


@modern
def test_deep_nesting_is_known_by_name_only() -> None:
    operator = qml.RX(0.1, 0)
    for _ in range(encoding.MAX_DEPTH + 1):
        operator = qml.adjoint(operator, lazy=True)
    assert "deep" in node_of(operator).opaque


@modern
def test_nesting_up_to_the_bound_fits_the_file() -> None:
    operator = qml.RX(0.1, 0)
    for _ in range(encoding.MAX_DEPTH - 1):
        operator = qml.adjoint(operator, lazy=True)
    node = node_of(operator)
    assert len(nodes_of(node)) == encoding.MAX_DEPTH
    circuit = Circuit((node,), ())
    assert same(circuit_parser.restore(*circuit_text.skeleton(circuit)), circuit)


@pytest.mark.parametrize(("label", "recorded"), [(np.int64(3), 3), (2.0, 2), (True, 1), ("q", "q"), ((0, 1), "(0, 1)"), (0.5, "0.5")])
def test_wire_labels_become_integers_and_strings(label: object, recorded: object) -> None:
    circuit = tapes.circuit_of(tape_from(lambda: qml.RX(0.1, wires=qml.wires.Wires([label]))))
    assert circuit.wires == (recorded,)
    assert type(circuit.wires[0]) is type(recorded)
    assert bool(circuit.notes) == (str(recorded) == recorded and recorded != label)


@pytest.mark.skipif(not hasattr(qml, "allocate"), reason="this PennyLane allocates no wires")
def test_wires_that_pennylane_allocates_stay_apart() -> None:
    def function() -> None:
        with qml.allocate(2) as wires:
            qml.Hadamard(wires[0])
            qml.CNOT(wires)
        qml.expval(qml.PauliZ(0))

    circuit = tapes.circuit_of(tape_from(function))
    assert len(circuit.wires) == 3
    assert there_and_back(circuit).wires == circuit.wires
    assert any("under its text" in note for note in circuit.notes)


# --- torch -----------------------------------------------------------------------------------------------------------------


def rx_of(number: object) -> Node:
    return node_of(qml.RX(number, wires=0))


def test_unusual_tensors_are_recorded_by_value() -> None:
    torch = pytest.importorskip("torch")
    matrix = torch.tensor([[1.0, 2j], [3.0, 4.0]], dtype=torch.complex64)
    node = node_of(qml.QubitUnitary(matrix.conj(), wires=0) if has_flatten() else qml.Hermitian(matrix.conj(), wires=0))
    assert node.data[0].value.tobytes() == np.conj(matrix.numpy()).tobytes()


def test_bfloat16_is_kept_exactly_and_by_its_name() -> None:
    torch = pytest.importorskip("torch")
    number = torch.tensor(0.3, dtype=torch.bfloat16, requires_grad=True)
    circuit = tapes.circuit_of(tape_from(lambda: qml.RX(number, wires=0)))
    (parameter,) = circuit.parameters
    assert (float(parameter.value), parameter.value.dtype.name) == (number.item(), "float32")
    assert (parameter.dtype, parameter.trainable, circuit.notes) == ("bfloat16", True, ())


def test_a_recorded_number_does_not_change_with_the_tensor() -> None:
    torch = pytest.importorskip("torch")
    weight = torch.tensor(0.5, requires_grad=True)
    parameter = rx_of(weight).data[0]
    with torch.no_grad():
        weight += 1
    assert parameter.value == 0.5
    assert parameter.trainable


def test_numbers_under_autograd_are_those_inside_the_box() -> None:
    from pennylane import numpy as pnp

    seen: list[Node] = []

    def cost(x):
        seen.append(rx_of(x[0]))
        return x[0] ** 2

    qml.grad(cost)(pnp.array([0.25, 0.5], requires_grad=True))
    parameter = seen[0].data[0]
    assert parameter.value == 0.25
    assert (parameter.container, parameter.trainable) == ("autograd", True)


def test_a_tensor_without_a_value_is_known_by_name_only() -> None:
    torch = pytest.importorskip("torch")
    if not hasattr(torch, "func"):
        pytest.skip("this torch has no vmap")
    seen: list[Node] = []

    def mapped(x):
        seen.append(rx_of(x))
        return x

    torch.func.vmap(mapped)(torch.ones(3))
    assert "value" in seen[0].opaque


@modern
def test_an_outcome_that_the_circuit_no_longer_measures_is_said_in_the_same_words_at_each_call() -> None:
    def midway() -> None:
        qml.RX(0.3, wires=0)
        qml.expval(qml.measure(0))

    reasons = []
    for _ in range(2):
        (deferred,), _ = qml.defer_measurements(tape_from(midway))
        reasons += [measured.opaque for measured in tapes.circuit_of(deferred).measurements]
    assert len(reasons) == 2
    assert set(reasons) == {"it asks for a mid-circuit measurement that the circuit no longer makes, as once it is deferred"}

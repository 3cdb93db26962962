"""PennyLane's own operations, templates and measurements survive tape → file → tape: how many do, and which do not."""

from __future__ import annotations

import copy

import numpy as np
import pennylane as qml
import pytest

from qdiag.bridges import stack
from qdiag.bridges.codec import classes, operators, tapes
from qdiag.errors import OpaqueCircuitError
from qdiag.model.circuit import Circuit
from qdiag.model.node import Node, Wires
from qdiag.model.parameter import Parameter
from qdiag.trace import array_bundle, circuit_parser, circuit_text
from tests.bridge import instances
from tests.worlds.installed_pennylane import has_flatten, node_of
from tests.worlds.sameness import same

pytestmark = pytest.mark.stack

NEWEST = hasattr(qml, "capture")

# They hold a Python function of the user's, or an object that is no data; before 0.33 also those whose arguments are mixed
# into the numbers.
DECOMPOSED = {"MERA", "MPS", "TTN", "OutPoly", "BBQRAM", "HybridQRAM"} | (
    set() if has_flatten() else {"DisplacementEmbedding", "SqueezingEmbedding", "QuantumMonteCarlo"}
)
"""Instances that are recorded as their decomposition, with a note."""

NEVER_MADE = {
    # Wires that only a running circuit has; functions; what PennyLane makes inside a transform.
    "Allocate", "CollectedSubroutine", "ControlledOperation", "Deallocate", "ParametrizedEvolution", "SubroutineOp",
    "TmpPauliRot", "TrotterizedQfunc",
}  # fmt: skip
"""Classes of which no instance could be made."""

INSTANCES = [*instances.operators(), *instances.numbers(), *instances.measurements()]


def through_the_file(circuit: Circuit) -> Circuit:
    text, numbers = circuit_text.skeleton(circuit)
    return circuit_parser.restore(text, array_bundle.unpack(array_bundle.pack(numbers)))


def circuit_with(item: object) -> Circuit:
    is_measurement = isinstance(item, classes.MEASUREMENT)
    tape = tapes.tape_of(Circuit((), ()))
    if is_measurement:
        tape._measurements = [item]
    else:
        tape._ops = [item]
    return tapes.circuit_of(tape)


def kept() -> list[instances.Instance]:
    return [instance for instance in INSTANCES if instance.label.split()[0] not in DECOMPOSED]


@pytest.mark.parametrize("instance", kept(), ids=lambda instance: instance.label)
def test_an_instance_comes_back_bit_for_bit(instance: instances.Instance) -> None:
    node = node_of(instance.operator)
    assert not node.opaque
    circuit = through_the_file(Circuit((node,), ()))
    assert same(circuit.operations[0], node)
    rebuilt = operators.operator_of(circuit.operations[0])
    assert type(rebuilt) is type(instance.operator)
    assert same(node_of(rebuilt), node)


@pytest.mark.parametrize("instance", kept(), ids=lambda instance: instance.label)
def test_what_comes_back_has_the_same_numbers_and_wires_in_pennylanes_own_view(instance: instances.Instance) -> None:
    original = instance.operator
    rebuilt = operators.operator_of(node_of(original))
    assert rebuilt.wires == original.wires
    assert getattr(rebuilt, "inverse", None) == getattr(original, "inverse", None)
    assert numbers_of(rebuilt) == numbers_of(original)


def numbers_of(operator: object) -> list[tuple[str, bytes]]:
    data = getattr(operator, "data", ())
    return [(str(type(number)), as_array(number).tobytes()) for number in data if not isinstance(number, str)]


def as_array(number: object) -> np.ndarray:
    return np.asarray(number.toarray() if hasattr(number, "toarray") else qml.math.toarray(qml.math.unwrap([number])[0]))


@pytest.mark.skipif(not NEWEST, reason="qml.equal of the newest PennyLane knows all classes")
@pytest.mark.parametrize("instance", kept(), ids=lambda instance: instance.label)
def test_pennylane_calls_what_comes_back_equal(instance: instances.Instance) -> None:
    if not knows_itself(instance.operator):
        pytest.skip("qml.equal cannot compare it to a copy of itself")
    if instance.kind.startswith("MidMeasure"):
        pytest.skip("its identifier is random by design, and becomes its position")
    rebuilt = operators.operator_of(node_of(instance.operator))
    assert qml.equal(rebuilt, instance.operator, check_interface=True, check_trainability=True)


def knows_itself(operator: object) -> bool:
    try:
        return qml.equal(copy.deepcopy(operator), operator, check_interface=True, check_trainability=True)
    except Exception:
        return False


@pytest.mark.parametrize("instance", [i for i in INSTANCES if i.label.split()[0] in DECOMPOSED], ids=lambda instance: instance.label)
def test_the_others_become_their_decomposition_with_a_note(instance: instances.Instance) -> None:
    circuit = circuit_with(instance.operator)
    assert not circuit.opaque
    assert any("was recorded as its decomposition" in note for note in circuit.notes)
    assert same(tapes.circuit_of(tapes.tape_of(through_the_file(circuit))).operations, circuit.operations)


def test_at_least_95_of_100_instances_make_the_round_trip(capsys: pytest.CaptureFixture[str]) -> None:
    share = len(kept()) / len(INSTANCES)
    made = {instance.kind for instance in INSTANCES}
    with capsys.disabled():
        print(
            f"\nPennyLane {qml.__version__}: {len(kept())} of {len(INSTANCES)} instances of {len(made)} classes come back"
            f" bit for bit ({share:.1%}); {len(instances.unmade())} classes could not be made: {', '.join(instances.unmade())}"
        )
    assert share >= 0.95


@pytest.mark.skipif((0, 22) <= stack.pennylane_version().release < (0, 45), reason="instances by hand are as the two ends take them")
def test_the_classes_that_could_not_be_made_are_those_that_are_known() -> None:
    assert set(instances.unmade()) <= NEVER_MADE


@pytest.mark.parametrize("instance", instances.numbers(), ids=lambda instance: instance.label)
def test_a_number_keeps_its_container_its_dtype_and_whether_it_is_tracked(instance: instances.Instance) -> None:
    original = instance.operator.data[0]
    rebuilt = operators.operator_of(node_of(instance.operator)).data[0]
    assert type(rebuilt) is type(original)
    assert getattr(rebuilt, "dtype", None) == getattr(original, "dtype", None)
    assert getattr(rebuilt, "shape", None) == getattr(original, "shape", None)
    assert getattr(rebuilt, "requires_grad", None) == getattr(original, "requires_grad", None)
    assert np.asarray(qml.math.unwrap([rebuilt])[0]).tobytes() == np.asarray(qml.math.unwrap([original])[0]).tobytes()


def test_live_numbers_take_the_place_of_the_recorded_ones_in_order() -> None:
    node = node_of(qml.Rot(0.1, 0.2, 0.3, wires=0))
    assert list(operators.operator_of(node, iter([1.0, 2.0, 3.0])).data) == [1.0, 2.0, 3.0]


def test_the_numbers_of_a_circuit_are_the_live_objects_in_walk_order() -> None:
    tape = tapes.tape_of(
        Circuit((node_of(qml.RX(0.1, wires=0)),), (node_of(qml.expval(qml.Hermitian(np.eye(2), wires=0))),))
    )
    recorded = tapes.circuit_with_numbers(tape)
    assert [type(number) for number in recorded.numbers] == [float, np.ndarray]
    assert recorded.numbers[1] is tape.measurements[0].obs.data[0]
    assert all(isinstance(parameter, Parameter) for parameter in recorded.circuit.parameters)


def test_names_are_those_that_a_user_writes() -> None:
    assert node_of(qml.PauliX(0)).name == "PauliX"
    assert node_of(qml.expval(qml.PauliX(0))).name == "ExpectationMP"
    if hasattr(qml, "prod"):
        assert node_of(qml.adjoint(qml.RX(0.1, wires=0), lazy=True)).name == "Adjoint"
        assert node_of(qml.ctrl(qml.QFT(wires=[0, 1]), 2)).name == "Controlled"


def test_the_wires_of_a_node_are_all_that_it_touches() -> None:
    node = node_of(qml.CRX(0.1, wires=["a", 3]))
    assert node.wires == ("a", 3)
    assert isinstance(node, Node)


@pytest.mark.skipif(not has_flatten(), reason="operators have no flattening of their own")
def test_a_class_that_cannot_be_made_from_its_own_parts_is_said_to_be_so() -> None:
    source = (
        "from pennylane.operation import Operation\n\nclass Doubled(Operation):\n    def __init__(self, angle, *, wires, key):\n"
        "        super().__init__(2 * angle, wires=wires)\n"
    )
    node = Node("Doubled", (Parameter(np.array(0.3)),), (Wires((0,)), ()), (0,), source)
    with pytest.raises(OpaqueCircuitError, match=r"Doubled of \w+ cannot be made from its own parts \(TypeError: .*key"):
        tapes.tape_of(Circuit((node,), ()), trusted=True)

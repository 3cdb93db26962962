"""Source that qdiag writes is executed here and taken apart again: the circuit must come back bit for bit."""

import math
import re
import warnings
from dataclasses import replace

import numpy as np
import pennylane as qml
import pytest

from qdiag.bridges.codec.flattening import stop_recording
from qdiag.bridges.codec.tapes import circuit_of
from qdiag.bridges.source.literals import Style
from qdiag.bridges.source.quantum_function import CircuitSource, device_source, qnode_source, source_of
from qdiag.bridges.source.speller import same
from qdiag.errors import OpaqueCircuitError
from qdiag.model.circuit import Circuit
from qdiag.model.method import Method
from qdiag.model.node import Node
from qdiag.model.option import Held, Kind
from qdiag.model.parameter import Parameter
from tests.bridge.instances import Instance, measurements, numbers, operators
from tests.worlds.installed_pennylane import node_of

pytestmark = pytest.mark.stack

OBSERVABLE = qml.operation.Operator if hasattr(qml.operation.Operator, "_flatten") else qml.operation.Observable
MEASURES = tuple(kind for kind in vars(qml.ops).values() if isinstance(kind, type) and "Measure" in kind.__name__)
LISTS = hasattr(qml, "X")  # several outcomes may be read together
MODERN = hasattr(qml.operation.Operator, "_flatten")


def run(source: CircuitSource, **scope) -> Circuit:
    """What the source records when it runs as a quantum function."""
    for line in (*source.imports, *source.definitions):
        exec(line, scope)
    body = "\n    ".join([*source.lines, f"return {source.returns}"])
    exec(f"def circuit():\n    {body}", scope)
    with qml.tape.QuantumTape() as tape:
        returned = scope["circuit"]()
    kind = "dict:" + ",".join(returned) if isinstance(returned, dict) else type(returned).__name__
    return circuit_of(tape, kind if kind[:4] in ("dict", "list", "tupl") else "single")


def as_spelled_here(text: str) -> str:
    """Before 0.35 Pauli operators have their long names only."""
    return text if hasattr(qml, "X") else re.sub(r"qml\.([XYZ])\b", r"qml.Pauli\1", text)


def alike(found: Circuit, wanted: Circuit, exact: bool = True) -> bool:
    return len(found.nodes) == len(wanted.nodes) and all(same(f, w, exact) for f, w in zip(found.nodes, wanted.nodes))


def comes_back(instance: Instance, exact: bool = True) -> bool:
    node = node_of(instance.operator)
    if node.opaque:
        return False
    circuit = Circuit((node,), ())
    if node.name.endswith("MP") and not node.name.startswith("MidMeasure"):
        circuit = Circuit((), (node,))
    elif isinstance(instance.operator, OBSERVABLE) and not isinstance(instance.operator, (qml.operation.Operation, *MEASURES)):
        with stop_recording():
            circuit = Circuit((), (node_of(qml.expval(instance.operator)),))
    source = source_of(circuit, style=Style(exact))
    if not circuit.measurements:
        source = replace(source, returns="None")
    return alike(run(source), circuit, exact)


@pytest.mark.filterwarnings("ignore")
def test_nearly_every_operation_that_pennylane_has_comes_back_from_its_source(record_property):
    made = operators() + measurements() + numbers()
    lost = []
    for instance in made:
        try:
            back = comes_back(instance)
        except OpaqueCircuitError:
            back = False
        if not back:
            lost.append(instance.label)
    record_property("lost", lost)
    assert len(lost) <= 0.05 * len(made), lost


@pytest.mark.parametrize("instance", numbers(), ids=lambda instance: instance.label)
def test_a_number_keeps_its_container_its_dtype_and_its_bits(instance):
    assert comes_back(instance)


@pytest.mark.parametrize(
    ("operator", "text"),
    [
        (lambda: qml.RX(0.3, wires=0), "qml.RX(0.3, wires=0)"),
        (lambda: qml.CNOT(wires=["a", 1]), 'qml.CNOT(wires=["a", 1])'),
        (lambda: qml.RX(np.float32(0.1), wires=0), "qml.RX(np.float32(0.1), wires=0)"),
        (lambda: qml.PauliRot(0.3, "XY", wires=[0, 1]), None),
    ],
)
def test_operations_read_as_a_user_writes_them(operator, text):
    with stop_recording():
        node = node_of(operator())
    source = source_of(Circuit((node,), ()))
    assert text is None or source.lines == (text,)
    assert "_unflatten" not in source.lines[0]


@pytest.mark.skipif(not MODERN, reason="these operators came with PennyLane 0.33")
@pytest.mark.parametrize(
    ("operator", "text"),
    [
        (lambda: qml.adjoint(qml.RX(0.3, 0)), "qml.adjoint(qml.RX(0.3, wires=0))"),
        (lambda: qml.ctrl(qml.S(0), [1, 2], control_values=[0, 1]), "qml.ctrl(qml.S(0), control=[1, 2], control_values=[0, 1])"),
        # not by its class, whose constructor has changed: so the script runs on older releases as well
        (
            lambda: qml.ctrl(qml.QubitUnitary([[0, 1], [1, 0]], 2), [0, "a"], control_values=[1, 0]),
            'qml.ctrl(qml.QubitUnitary(np.array([[0, 1], [1, 0]]), wires=2), control=[0, "a"], control_values=[1, 0])',
        ),
        (lambda: qml.pow(qml.RX(0.3, 0), 2), "qml.pow(qml.RX(0.3, wires=0), 2)"),
        (lambda: qml.exp(qml.PauliX(0) @ qml.PauliY(1), 0.5j), "qml.exp(qml.X(0) @ qml.Y(1), 0.5j)"),
        (lambda: qml.evolve(qml.PauliX(0), 0.3), "qml.evolve(qml.X(0), 0.3)"),
    ],
)
def test_operators_of_operators_are_written_with_functions_and_signs(operator, text):
    with stop_recording():
        node = node_of(operator())
    assert source_of(Circuit((node,), ())).lines == (as_spelled_here(text),)


@pytest.mark.skipif(not MODERN, reason="these operators came with PennyLane 0.33")
@pytest.mark.parametrize(
    ("measurement", "text"),
    [
        (lambda: qml.expval(qml.PauliZ(0)), "qml.expval(qml.Z(0))"),
        (lambda: qml.expval(qml.PauliZ(0) @ qml.PauliX("b")), 'qml.expval(qml.Z(0) @ qml.X("b"))'),
        (
            lambda: qml.expval(qml.dot([0.5, 2.0], [qml.PauliZ(0), qml.PauliX(1)])),
            "qml.expval(qml.dot([0.5, 2.0], [qml.Z(0), qml.X(1)]))",
        ),
        (lambda: qml.var(qml.Hamiltonian([0.5], [qml.PauliY(0)])), "qml.var(qml.Hamiltonian([0.5], [qml.Y(0)]))"),
        (lambda: qml.probs(op=qml.PauliX(0)), "qml.probs(op=qml.X(0))"),
        (lambda: qml.probs(wires=[0, 1]), "qml.probs(wires=[0, 1])"),
        (lambda: qml.state(), "qml.state()"),
        (lambda: qml.expval(qml.Projector([1], wires=[0])), "qml.expval(qml.Projector(np.array([1]), wires=0))"),
    ],
)
def test_measurements_read_as_a_user_writes_them(measurement, text):
    with stop_recording():
        node = node_of(measurement())
    assert source_of(Circuit((), (node,))).returns.replace("(0.5,)", "[0.5]") == as_spelled_here(text)  # 0.33 makes it a tuple


@pytest.mark.skipif(not MODERN, reason="mid-circuit measurements are recorded from PennyLane 0.33 on")
def test_mid_circuit_measurements_and_conditions_come_back():
    def function():
        first = qml.measure(0, postselect=1)
        second = qml.measure(1, reset=True)
        qml.measure(0)
        qml.cond(first & second, qml.RX)(0.1, wires=0)
        qml.cond(~first, qml.PauliX)(0)
        qml.cond(first + 2 * second >= 2, lambda: qml.adjoint(qml.RX(0.1, wires=0)))()
        return qml.expval(first), qml.probs(op=[first, second] if LISTS else first), qml.sample(2 * first - second)

    with qml.tape.QuantumTape() as tape:
        function()
    circuit = circuit_of(tape, "tuple")
    source = source_of(circuit)
    assert source.lines[:3] == ("m0 = qml.measure(0, postselect=1)", "m1 = qml.measure(1, reset=True)", "qml.measure(0)")
    assert source.lines[3:5] == ("qml.cond(m0 & m1, qml.RX)(0.1, wires=0)", as_spelled_here("qml.cond(~m0, qml.X)(0)"))
    assert alike(run(source), circuit)


def test_a_named_parameter_stands_by_its_name_and_the_others_are_literals():
    circuit = Circuit((node_of(qml.RX(0.3, wires=0)), node_of(qml.Rot(0.1, 0.2, 0.3, wires=0))), (node_of(qml.expval(qml.PauliZ(0))),))
    assert source_of(circuit, {0: "x", 2: "t[1]"}).lines == ("qml.RX(x, wires=0)", "qml.Rot(0.1, t[1], 0.3, wires=0)")


@pytest.mark.skipif(not hasattr(qml, "BlockEncode"), reason="an operation of later PennyLanes")
def test_an_array_of_jax_is_written_also_where_a_constructor_takes_numbers_out_of_autograd():
    node = node_of(qml.BlockEncode(np.array([[0.1, 0.2], [0.3, 0.4]]), wires=[0, 1]))
    traced = replace(node, data=(Parameter(node.data[0].value, "jax", True),))
    assert source_of(Circuit((traced,), ()), {0: "x"}).lines == ("qml.BlockEncode(x, wires=[0, 1])",)
    assert source_of(Circuit((traced,), ()), style=Style(default_dtype="float64")).lines == (
        "qml.BlockEncode(jnp.array([[0.1, 0.2], [0.3, 0.4]]), wires=[0, 1])",
    )


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.0, 5e-324, 0.1 + 0.2])
def test_awkward_numbers_keep_their_bits(value):
    circuit = Circuit((node_of(qml.RX(value, wires=0)),), (node_of(qml.expval(qml.PauliZ(0))),))
    assert alike(run(source_of(circuit)), circuit)


@pytest.mark.parametrize("real", [0.0, -0.0, 1.5, -1.5, math.inf, math.nan])
@pytest.mark.parametrize("imaginary", [0.0, -0.0, 0.5, -0.5, -math.inf])
def test_complex_numbers_keep_the_signs_of_their_zeros(real, imaginary):
    from qdiag.bridges.source.literals import complex_text

    back = eval(complex_text(complex(real, imaginary)))
    assert np.array(complex(back)).tobytes() == np.array(complex(real, imaginary)).tobytes()


def test_the_readable_style_writes_plain_numbers_where_precision_is_not_the_point():
    torch = pytest.importorskip("torch")
    operations = (node_of(qml.RX(torch.tensor(0.3, dtype=torch.float64), wires=0)), node_of(qml.RY(torch.tensor(0.1), wires=0)))
    assert source_of(Circuit(operations, ()), style=Style(exact=False)).lines == (
        "qml.RX(0.3, wires=0)",
        "qml.RY(torch.tensor(0.1), wires=0)",
    )


def test_the_readable_style_leaves_out_zeros_that_say_nothing():
    matrix = np.array([[0.5, 0.2 + 0.1j], [0.2 - 0.1j, complex(0.25, -0.0)]])
    circuit = Circuit((node_of(qml.QubitUnitary(matrix, wires=0)),), ())
    (line,) = source_of(circuit, style=Style(exact=False)).lines
    assert line == "qml.QubitUnitary(np.array([[0.5, 0.2+0.1j], [0.2-0.1j, 0.25]]), wires=0)"
    assert "dtype=np.complex128" in source_of(Circuit((node_of(qml.QubitUnitary(np.eye(2) * (1 + 0j), wires=0)),), ())).lines[0]


def test_the_shape_of_what_is_returned_is_kept():
    z = node_of(qml.expval(qml.PauliZ(0)))
    text = source_of(Circuit((), (z,))).returns
    assert source_of(Circuit((), (z,), returns="tuple")).returns == f"({text},)"
    assert source_of(Circuit((), (z, z), returns="list")).returns == f"[{text}, {text}]"
    assert source_of(Circuit((), (z, z), returns="dict:a,b")).returns == f'{{"a": {text}, "b": {text}}}'


def test_an_operation_known_by_name_only_is_refused_with_the_reason():
    circuit = Circuit((Node("MPS", opaque="it holds the function 'block'"),), ())
    with pytest.raises(OpaqueCircuitError, match="it holds the function 'block'"):
        source_of(circuit)


def test_a_class_of_the_script_brings_its_definition_and_is_not_executed_without_trust():
    definition = "class Kick(qml.operation.Operation):\n    num_wires = 1\n    num_params = 1\n    raise SystemExit\n"
    metadata = node_of(qml.RX(0.3, wires=0)).metadata
    circuit = Circuit((Node("Kick", (Parameter(np.array(0.3)),), metadata, (0,), definition),), ())
    source = source_of(circuit)
    assert source.lines == ("Kick(0.3, wires=0)",)
    assert source.definitions == (definition,)


def test_text_from_a_file_never_becomes_code():
    odd = "Kick(0) or __import__('os').abort()"
    circuit = Circuit((Node(odd, (), None, (0,), "class Kick: ..."),), ())
    with pytest.raises(OpaqueCircuitError, match="stands where a Python name belongs"):
        source_of(circuit)
    with pytest.raises(OpaqueCircuitError, match="stands where a Python name belongs"):
        device_source(Method("default.qubit", "none", device_options=(("a=1, b", 1),)), ())


def test_a_qnode_is_made_as_this_pennylane_takes_it():
    method = Method("default.qubit", "parameter-shift")
    device, imports = device_source(method, (0, 1), (100,))
    scope = {"circuit": lambda: qml.expval(qml.PauliZ(0)), "qml": qml}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        qnode = eval(qnode_source("circuit", device, method, interface="torch", shots=(100,)), scope)
    assert qnode.diff_method == "parameter-shift"
    assert "torch" in str(qnode.interface) or "auto" in str(qnode.interface)
    assert not imports


def test_a_device_is_written_with_all_its_options():
    numbers = Held(Kind.COMPLEX, (0.5, 1.0)), Held(Kind.COMPLEX, (0.0, 0.0))
    options = (
        ("array", Held(Kind.ARRAY, ("complex64", Held(Kind.TUPLE, (1, 2)), *numbers))),
        ("inner", Held(Kind.DICT, ("a", Held(Kind.TUPLE, (1,)), "b", Held(Kind.LIST, (None, "c"))))),
        ("kind", Held(Kind.NAME, ("fractions:Fraction",))),
    )
    text, imports = device_source(Method("fractions:Fraction", "none", device_options=options), (0, 1))
    assert text.startswith("fractions.Fraction(wires=2, array=np.array([[0.5+1.0j, ")
    assert text.endswith('inner={"a": (1,), "b": [None, "c"]}, kind=fractions.Fraction)')
    assert imports == {"import numpy as np", "import fractions"}


@pytest.mark.parametrize(
    "method",
    [
        Method("__main__:Mine", "none"),
        Method("os:system('')", "none"),
        Method("default.qubit", "none", device_options=(("model", Held(Kind.OBJECT, ("an object (Model)",))),)),
        Method("default.qubit", "none", device_options=(("model", Held(Kind.NAME, ("os:system('')",))),)),
    ],
    ids=str,
)
def test_a_device_that_cannot_be_made_again_has_no_source(method):
    with pytest.raises(OpaqueCircuitError):
        device_source(method, ())


def test_a_device_of_single_precision_says_so():
    text, imports = device_source(Method("lightning.qubit", "adjoint", device_precision="complex64"), ("a", "b"))
    assert text == 'qml.device("lightning.qubit", wires=["a", "b"], c_dtype=np.complex64)'
    assert imports == {"import numpy as np"}

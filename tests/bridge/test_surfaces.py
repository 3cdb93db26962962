"""Parameters that live on a surface, real and complex, under each interface: right methods are found right, and agree with each other.

One convention for complex gradients holds beyond the interfaces; projecting onto a surface in another one makes right methods wrong.
"""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from scipy.linalg import expm

from qdiag.bridges.codec.tapes import circuit_of
from qdiag.evaluation.workers import Inline
from qdiag.judging.arbiter.arbiter import arbitrate
from qdiag.judging.comparison.compare import compare
from qdiag.model.call import Configuration, SourceLine
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Verdict
from qdiag.model.evaluation import Request
from qdiag.model.method import parse
from qdiag.model.parameter import Parameter
from qdiag.model.variants import with_parameters
from tests.worlds.older_stacks import NEWEST

pytestmark = pytest.mark.stack

if not hasattr(qml, "StatePrep"):
    pytest.skip("older versions prepare states by other names", allow_module_level=True)

GENERATOR = np.array([[0.3, 0.2 - 0.5j], [0.2 + 0.5j, -0.4]])
UNITARY = {"real": expm(np.array([[0, 0.7], [-0.7, 0]])), "complex": expm(1j * GENERATOR)}
STATE = {"real": np.array([0.6, 0.8]), "complex": np.array([0.6, 0.48 + 0.64j])}
HERMITIAN = {"real": np.array([[0.3, 0.9], [0.9, -1.2]]), "complex": GENERATOR}
DENSITY = {kind: 0.7 * np.outer(state, state.conj()) + 0.15 * np.eye(2) for kind, state in STATE.items()}
KRAUS = {kind: [np.sqrt(0.7) * matrix, np.sqrt(0.3) * matrix @ matrix @ np.diag([1, -1])] for kind, matrix in UNITARY.items()}

CASES = {
    "unitary": lambda kind: ([UNITARY[kind]], lambda m: qml.QubitUnitary(m, 0)),
    "controlled unitary": lambda kind: ([UNITARY[kind]], lambda m: qml.ctrl(qml.QubitUnitary(m, 0), 1)),
    "state": lambda kind: ([STATE[kind]], lambda a: qml.StatePrep(a, 0)),
    "diagonal": lambda kind: ([np.exp(1j * np.array([0.3, 0.8]))], lambda d: qml.DiagonalQubitUnitary(d, 0)),
    "density matrix": lambda kind: ([DENSITY[kind]], lambda m: qml.QubitDensityMatrix(m, 0)),
    "Kraus operators": lambda kind: (KRAUS[kind], lambda *k: qml.QubitChannel(list(k), 0)),
    "probability": lambda kind: ([np.array(0.2)], lambda p: qml.BitFlip(p, 0)),
}
MIXED = {"density matrix", "Kraus operators", "probability"}


def circuit_with(name: str, kind: str, interface: str) -> Circuit:
    """The numbers of a case trainable, between gates that leave nothing at zero."""
    numbers, apply = CASES[name](kind)
    first = [] if name in ("state", "density matrix") else [qml.RX(0.4, 0)]
    made = [qml.RY(0.9, 1), *first, apply(*numbers), qml.RX(0.5, 0), qml.RZ(0.3, 0), qml.CNOT([0, 1]), qml.RY(0.6, 1)]
    made.sort(key=lambda operation: operation.name not in ("StatePrep", "QubitDensityMatrix"))
    observed = [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliX(1) @ qml.PauliY(0))]
    return _trained(circuit_of(qml.tape.QuantumScript(made, observed), "tuple"), numbers, interface)


def _trained(circuit: Circuit, numbers: list[np.ndarray], interface: str) -> Circuit:
    own = {id(p) for p in circuit.parameters if any(p.value.shape == n.shape and np.array_equal(p.value, n) for n in numbers)}
    return with_parameters(circuit, [Parameter(p.value, interface, True) if id(p) in own else p for p in circuit.parameters])


def observing(kind: str, interface: str) -> Circuit:
    matrix = HERMITIAN[kind]
    made = [qml.RX(0.4, 0), qml.RZ(0.3, 0), qml.CNOT([0, 1])]
    tape = qml.tape.QuantumScript(made, [qml.expval(qml.Hermitian(matrix, 0))])
    return _trained(circuit_of(tape, "single"), [matrix], interface)


@pytest.mark.parametrize("interface", ["torch", "autograd"])
@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("name", CASES)
def test_methods_that_differentiate_along_the_surface_are_right_and_agree(name: str, kind: str, interface: str) -> None:
    circuit = circuit_with(name, kind, interface)
    device = "default.mixed" if name in MIXED else "default.qubit"
    written = [f"{device}/backprop", f"{device}/finite-diff"] + ([] if name in MIXED else ["default.qubit/adjoint"])
    if not NEWEST and (name, kind) == ("controlled unitary", "complex"):
        # PennyLane 0.33 and 0.36 give another expectation value there under all methods but backprop
        written = written[:1]
    assert_right(circuit, interface, written)


@pytest.mark.skipif(not hasattr(qml.ops, "LinearCombination"), reason="before PennyLane 0.36 no gradient goes back to such a matrix")
@pytest.mark.parametrize("interface", ["torch", "autograd"])
@pytest.mark.parametrize("kind", ["real", "complex"])
def test_an_observables_matrix_is_one_of_them(kind: str, interface: str) -> None:
    assert_right(observing(kind, interface), interface, ["default.qubit/backprop"])


def assert_right(circuit: Circuit, interface: str, written: list[str]) -> None:
    evaluator = Inline()
    draws = np.random.default_rng(0)
    cotangents = (tuple(draws.standard_normal(()) for _ in circuit.measurements),)
    asked = [Request(circuit, parse(w), interface, (0, 1), cotangents, jacobian=True) for w in written]
    found = [evaluator.submit(request).result() for request in asked]
    usable = [evaluation for evaluation in found if evaluation.failure is None]
    if found[0].failure is not None and found[0].failure.stage == "build":
        pytest.skip(f"this PennyLane does not take tracked numbers there: {found[0].failure.message}")
    if found[0].failure is not None and not NEWEST:
        pytest.skip(f"PennyLane itself broke down there: {found[0].failure.message}")
    assert found[0].failure is None, found[0].failure
    device = parse(written[0]).device
    configuration = Configuration("circuit", SourceLine("train.py", 1), device, (0, 1), interface=interface)
    judged = arbitrate(circuit, configuration, usable, cotangents, evaluator)
    assert judged.wrong == (), judged.reason
    assert not judged.reference.gradient_reason
    assert judged.right == tuple(evaluation.method for evaluation in usable)
    for other in usable[1:]:
        assert compare(usable[0], other, circuit, cotangents=cotangents).verdict in (Verdict.AGREE, Verdict.ROUNDING)

"""Each pass: all that it proposes for a circuit, and what becomes of the circuit when everything but an empty one is interesting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from qdiag.model.circuit import Circuit
from qdiag.model.node import Node, Tagged, Wires
from qdiag.model.parameter import Parameter
from qdiag.proving.minimizing.changes import Pass, PennyLaneEdits
from qdiag.proving.minimizing.oracle import Oracle
from qdiag.proving.minimizing.passes import PASSES
from qdiag.proving.minimizing.search import Terms, minimize
from tests.worlds.small_circuits import (
    WORKSHOP,
    Z,
    circuit,
    combination,
    controlled,
    expval,
    gate,
    gathered,
    number,
    probs,
    sketch,
    wrapped,
)

X, Y1, Z1 = gate("PauliX"), gate("PauliY", wires=(1,)), gate("PauliZ", wires=(1,))
LAYER = Node("Layer", (number([0.1, 0.2], trainable=True),), Wires((0, 1)), (0, 1))
HERMITIAN = gate("Hermitian", [[1, 0.5], [0.5, -1]])
UNITARY = gate("QubitUnitary", [[0.6, -0.8], [0.8, 0.6]])
QSVT = Node("QSVT", (gate("BlockEncode"), [gate("PCPhase", 0.1), gate("PCPhase", 0.2)]), (), (0,))
SHARED = Parameter(np.array(0.5), "torch")


@dataclass(frozen=True)
class Row:
    """One row of the table; ``|`` and the measurement are left out where it is ⟨Z0⟩."""

    name: str
    start: Circuit
    proposes: tuple[str, ...]
    result: str


def row(name: str, start: Circuit, *proposes: str, result: str | None = None) -> Row:
    return Row(name, start, proposes, proposes[0] if result is None else result)


def brief(found: Circuit) -> str:
    operations, _, measured = sketch(found).replace("ExpectationMP", "E").replace("ProbabilityMP", "P").partition(" | ")
    usual, plain, rest = measured.partition("E(PauliZ[0])[0]")
    return operations + rest if plain and not usual and not rest.startswith(" E") else f"{operations} | {measured}"


TABLE = [
    row(
        "cut after and before, delete operations",
        circuit(gate("RX", 0.3), gate("CNOT", wires=(0, 1)), gate("RZ", 0.4)),
        "CNOT[0,1] RZ(0.4)[0]",
        "RX(0.3)[0] RZ(0.4)[0]",
        "RX(0.3)[0] CNOT[0,1]",
        result="RX(0.3)[0]",
    ),
    row(
        "drop measurements",
        circuit(measured=(expval(Z1), expval(X), probs(0, 1)), returns="dict:a,b,c"),
        " | E(PauliX[0])[0] P[0,1] -> tuple",
        " | E(PauliZ[1])[1] P[0,1] -> tuple",
        " | E(PauliZ[1])[1] E(PauliX[0])[0] -> tuple",
        result=" | E(PauliZ[1])[1] -> tuple",
    ),
    row(
        "drop rows of the batch",
        circuit(gate("RX", [0.1, 0.2, 0.3]), gate("RY", 0.5)),
        "RX([0.2,0.3])[0] RY(0.5)[0]",
        "RX([0.1,0.3])[0] RY(0.5)[0]",
        "RX([0.1,0.2])[0] RY(0.5)[0]",
        result="RX([0.1])[0] RY(0.5)[0]",
    ),
    row("drop the batch axis", circuit(gate("RX", [0.1, 0.2]), gate("RY", [0.3, 0.4])), "RX(0.1)[0] RY(0.3)[0]"),
    row(
        "drop terms and factors",
        circuit(measured=(expval(gathered("Sum", Z, gathered("Prod", X, Y1))),)),
        " | E(Prod(PauliX[0],PauliY[1])[0,1])[0,1]",
        "",
        " | E(Sum(PauliZ[0],PauliY[1])[0,1])[0,1]",
        " | E(Sum(PauliZ[0],PauliX[0])[0])[0]",
        result="",
    ),
    row(
        "drop terms and factors",
        circuit(measured=(expval(combination((0.5, Z), (0.25, X))),)),
        " | E(LinearCombination([0.25],[PauliX[0]])[0])[0]",
        " | E(LinearCombination([0.5],[PauliZ[0]])[0])[0]",
        result=" | E(LinearCombination([0.5],[PauliZ[0]])[0])[0]",
    ),
    row(
        "drop terms and factors",
        circuit(QSVT),
        "QSVT(BlockEncode[0],[PCPhase(0.2)[0]])[0]",
        "QSVT(BlockEncode[0],[PCPhase(0.1)[0]])[0]",
        result="QSVT(BlockEncode[0],[PCPhase(0.1)[0]])[0]",
    ),
    row(
        "turn trainable parameters into constants",
        circuit(gate("RX", 0.1, trainable=True), gate("RY", 0.2), gate("RZ", 0.25, trainable=True, dtype="float32")),
        "RX(0.1)[0] RY(0.2)[0] RZ(0.25f*)[0]",
        "RX(0.1*)[0] RY(0.2)[0] RZ(0.25f)[0]",
        result="RX(0.1)[0] RY(0.2)[0] RZ(0.25f)[0]",
    ),
    row(
        "expand templates and decompositions",
        circuit(LAYER, gate("RX", 0.3)),
        "RY(0.1*)[0] RY(0.2*)[1] RX(0.3)[0]",
        result="RY(0.1*)[0]",
    ),
    row(
        "rebuild around one operation",
        circuit(gate("RX", 0.1), gate("RX", 0.2), gate("Mine", 0.3)),
        "Rot(0.4,1.1,0.7)[0] Mine(0.3)[0] | E(PauliX[0])[0] E(PauliY[0])[0] E(PauliZ[0])[0] -> tuple",
        result="Rot(0.4,1.1,0.7)[0] | E(PauliX[0])[0] E(PauliY[0])[0] E(PauliZ[0])[0] -> tuple",
    ),
    row("rebuild around one operation", circuit(gate("RX", 0.1), gate("Mine", 0.3)), result="RX(0.1)[0] Mine(0.3)[0]"),
    row(
        "peel adjoint, ctrl, pow, exp",
        circuit(wrapped("Adjoint", gate("RX", 0.1)), controlled(wrapped("Pow", gate("RY", 0.2, wires=(1,)), metadata=2), 0)),
        "RX(0.1)[0] Controlled(Pow(RY(0.2)[1])[1])[0,1]",
        "Adjoint(RX(0.1)[0])[0] Pow(RY(0.2)[1])[1]",
        "Adjoint(RX(0.1)[0])[0] Controlled(RY(0.2)[1])[0,1]",
        result="RX(0.1)[0] RY(0.2)[1]",
    ),
    row("peel adjoint, ctrl, pow, exp", circuit(measured=(expval(wrapped("SProd", Z)),)), ""),
    row("act on fewer wires", circuit(gate("MultiRZ", 0.1, wires=(0, 1))), "MultiRZ(0.1)[1]", "MultiRZ(0.1)[0]"),
    row(
        "act on fewer wires",
        circuit(controlled(gate("RX", 0.2, wires=(2,)), 0, 1)),
        "Controlled(RX(0.2)[2])[1,2]",
        "Controlled(RX(0.2)[2])[0,2]",
    ),
    row(
        "act on fewer wires",
        circuit(Node("PauliRot", (number(0.3),), (Wires((0, 1)), ("pauli_word", "XY")), (0, 1))),
        "PauliRot(0.3,Y)[1]",
        "PauliRot(0.3,X)[0]",
    ),
    row("act on fewer wires", circuit(LAYER), "Layer([0.2]*)[1]", "Layer([0.1]*)[0]"),
    row(
        "act on fewer wires",
        circuit(measured=(expval(gate("Hermitian", np.diag([1, 2, 3, 4]), wires=(0, 1))),)),
        " | E(Hermitian([[1.0,0.0],[0.0,2.0]])[1])[1]",
        " | E(Hermitian([[1.0,0.0],[0.0,3.0]])[0])[0]",
    ),
    row("act on fewer wires", circuit(measured=(probs(0, 1),)), " | P[1]", " | P[0]"),
    row("replace gates by simpler ones", circuit(gate("CRX", 0.3, wires=(0, 1))), "RX(0.3)[1]"),
    row(
        "replace gates by simpler ones",
        circuit(gate("Rot", 0.1, 0.2, 0.3)),
        "RY(0.2)[0]",
        "RZ(0.1)[0]",
        "RZ(0.3)[0]",
        result="RX(0.2)[0]",
    ),
    row(
        "replace gates by simpler ones",
        circuit(gate("Toffoli", wires=(0, 1, 2)), wrapped("Adjoint", gate("CNOT", wires=(0, 1)))),
        "CNOT[1,2] Adjoint(CNOT[0,1])[0,1]",
        "CNOT[0,2] Adjoint(CNOT[0,1])[0,1]",
        "Toffoli[0,1,2] Adjoint(PauliX[1])[1]",
        result="PauliX[2] Adjoint(PauliX[1])[1]",
    ),
    row(
        "replace observables by Pauli operators",
        circuit(measured=(expval(HERMITIAN), expval(Y1))),
        " | E(PauliZ[0])[0] E(PauliY[1])[1]",
        " | E(PauliX[0])[0] E(PauliY[1])[1]",
        " | E(PauliY[0])[0] E(PauliY[1])[1]",
        " | E(Hermitian([[1.0,0.5],[0.5,-1.0]])[0])[0] E(PauliZ[1])[1]",
        " | E(Hermitian([[1.0,0.5],[0.5,-1.0]])[0])[0] E(PauliX[1])[1]",
        result=" | E(PauliZ[0])[0] E(PauliZ[1])[1]",
    ),
    row(
        "merge wires",
        circuit(gate("CNOT", wires=(0, 1)), gate("RX", 0.1, wires=(2,))),
        "CNOT[0,1] RX(0.1)[0]",
        "CNOT[0,1] RX(0.1)[1]",
    ),
    row(
        "relabel wires from 0",
        circuit(gate("RX", 0.1, wires=("a",)), gate("CNOT", wires=(7, "a")), measured=(probs(7),)),
        "RX(0.1)[0] CNOT[1,0] | P[1]",
    ),
    row("drop shots", circuit(shots=(100, 300)), "", " shots=(300,)"),
    row("return a lone measurement as such", circuit(returns="tuple"), ""),
    row("use float64", circuit(gate("RX", 0.5, trainable=True, dtype="float32"), gate("RY", 0.5)), "RX(0.5*)[0] RY(0.5)[0]"),
    row("use plain Python numbers", circuit(Node("RX", (SHARED,), (Wires((0,)), ()), (0,))), "RX(0.5)[0]"),
    row(
        "replace matrices by the identity",
        circuit(UNITARY),
        "QubitUnitary([[1.0,0.0],[0.0,1.0]])[0]",
        "QubitUnitary([[0.0,1.0],[1.0,0.0]])[0]",
    ),
    row(
        "replace states by basis states",
        circuit(gate("StatePrep", [0.1, 0.3, 0.3, 0.9], wires=(0, 1))),
        "StatePrep([1.0,0.0,0.0,0.0])[0,1]",
        "StatePrep([0.0,0.0,0.0,1.0])[0,1]",
        "StatePrep([0.5,0.5,0.5,0.5])[0,1]",
    ),
    row("set numbers to 0", circuit(gate("RX", 0.3), gate("RY", 0.0), UNITARY), f"RX(0.0)[0] RY(0.0)[0] {brief(circuit(UNITARY))}"),
    row(
        "set numbers to 0",
        circuit(measured=(expval(HERMITIAN),)),
        " | E(Hermitian([[0.0,0.5],[0.5,-1.0]])[0])[0]",
        " | E(Hermitian([[1.0,0.0],[0.0,-1.0]])[0])[0]",
        " | E(Hermitian([[1.0,0.5],[0.5,0.0]])[0])[0]",
        result=" | E(Hermitian([[0.0,0.0],[0.0,0.0]])[0])[0]",
    ),
    row("set numbers to 1", circuit(gate("RX", 0.3), gate("RY", 0.0)), "RX(1.0)[0] RY(0.0)[0]"),
    row("set numbers to -1", circuit(gate("RX", 0.3), gate("RY", 1.0)), "RX(-1.0)[0] RY(1.0)[0]"),
    row("set numbers to pi", circuit(gate("RX", 0.3), gate("BasisState", 5, dtype="int64")), "RX(3.141593)[0] BasisState(5)[0]"),
    row("set numbers to pi/2", circuit(gate("RX", 0.3), gate("RY", np.pi)), "RX(1.570796)[0] RY(3.141593)[0]"),
    row("set numbers to pi/4", circuit(gate("RX", 0.3), gate("RY", np.pi / 2)), "RX(0.785398)[0] RY(1.570796)[0]"),
    row("round numbers to 1 digit", circuit(gate("RX", 0.3512), gate("RY", 0.5)), "RX(0.4)[0] RY(0.5)[0]"),
    row(
        "round numbers to 2 digits",
        circuit(gate("RX", 0.3512), gate("RY", -12.345)),
        "RX(0.35)[0] RY(-12.345)[0]",
        "RX(0.3512)[0] RY(-12.0)[0]",
        result="RX(0.35)[0] RY(-12.0)[0]",
    ),
    row("round numbers to 3 digits", circuit(gate("RX", 0.3512)), "RX(0.351)[0]"),
    row("round numbers to 5 digits", circuit(gate("RX", 0.25000123)), "RX(0.25)[0]"),
    row("round numbers to 8 digits", circuit(gate("RX", 0.2500000012)), "RX(0.25)[0]"),
]


def named(name: str) -> Pass:
    return next(entry for entry in PASSES if entry.name == name)


def test_every_pass_has_a_row_and_every_row_a_pass() -> None:
    assert {row.name for row in TABLE} == {entry.name for entry in PASSES}
    assert len({entry.name for entry in PASSES}) == len(PASSES)


@pytest.mark.parametrize("row", TABLE, ids=[f"{i}-{row.name}" for i, row in enumerate(TABLE)])
def test_what_a_pass_proposes(row: Row) -> None:
    proposed = named(row.name).propose(row.start, WORKSHOP).each()
    assert tuple(brief(candidate) for candidate in proposed if candidate is not None) == row.proposes


@pytest.mark.parametrize("row", TABLE, ids=[f"{i}-{row.name}" for i, row in enumerate(TABLE)])
def test_what_a_pass_makes_of_a_circuit(row: Row) -> None:
    oracle = Oracle(lambda candidate: bool(candidate.operations) or not row.start.operations)
    assert brief(minimize(row.start, oracle, Terms([named(row.name)], WORKSHOP)).circuit) == row.result


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("expand templates and decompositions", circuit(LAYER)),
        ("replace gates by simpler ones", circuit(gate("CRX", 0.3, wires=(0, 1)))),
        ("drop rows of the batch", circuit(gate("RX", [0.1, 0.2]))),
        ("rebuild around one operation", circuit(*[gate("Mine")] * 3)),
    ],
)
def test_without_a_workshop_the_passes_that_need_one_propose_nothing(name: str, start: Circuit) -> None:
    assert not any(named(name).propose(start, PennyLaneEdits()).each())


def test_index_arrays_of_sparse_matrices_are_left_alone() -> None:
    indices = Parameter(np.array([7, 9], dtype="int32"), "numpy")
    sparse = Tagged("sparse-csr", ((2, 2), (number([0.3, 0.4]), indices, indices), False))
    start = circuit(measured=(expval(Node("SparseHamiltonian", (sparse,), (Wires((0,)), ()), (0,))),))
    proposed = named("set numbers to 0").propose(start, WORKSHOP)
    assert proposed.count == 0

#!/usr/bin/env bash
# PennyLane 0.45.1 on Python 3.11, default.qubit: with cache=True the parameter-shift gradient of ctrl(adjoint(RX)) is another number.
#
# The rule asks for the angle shifted by ±π/2 and by ±3π/2. The cache knows circuits by a hash in which the angle of an RX counts modulo 2π,
# so that x + 3π/2 is taken for x - π/2. RX(x) and RX(x + 2π) differ in sign, which no measurement sees, but for a control: there it is
# another gate. ctrl(RX) alone is hashed by its own angle and is right. Execution with cache="auto" turns the cache on where max_diff is 2.
#
# Seen, of one circuit, the derivative by the angle:
#   central difference                  -0.229560
#   parameter-shift, cache=False        -0.229560
#   parameter-shift, cache=True         -0.324647
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" - <<'PY'
import pennylane as qml
from pennylane import numpy as np

ANGLE, STEP = 0.15878278, 1e-5


def derivative(cache, inner, numerically=False, max_diff=1):
    @qml.qnode(qml.device("default.qubit", wires=2), diff_method="parameter-shift", cache=cache, max_diff=max_diff)
    def circuit(angle):
        qml.RY(0.7, wires=0)
        qml.RX(0.8, wires=1)
        qml.CNOT(wires=[0, 1])
        qml.RZ(0.4, wires=0)
        qml.ctrl(inner(angle), control=1)
        qml.RY(0.5, wires=0)
        qml.RX(0.3, wires=1)
        return qml.expval(qml.Z(0) @ qml.X(1))

    if numerically:
        return round(float(circuit(ANGLE + STEP) - circuit(ANGLE - STEP)) / (2 * STEP), 6)
    return round(float(qml.grad(circuit)(np.array(ANGLE, requires_grad=True))), 6)


def reversed_rotation(angle):
    return qml.adjoint(qml.RX(angle, wires=0), lazy=True)


def rotation(angle):
    return qml.RX(angle, wires=0)


print("PennyLane", qml.__version__)
seen = [derivative(False, reversed_rotation, numerically=True), *(derivative(cache, reversed_rotation) for cache in (False, True))]
print("numerically, without the cache, with it:", seen)
assert seen == [-0.22956, -0.22956, -0.324647]
print("as users find it, with max_diff=2:", derivative("auto", reversed_rotation, max_diff=2))
assert derivative("auto", reversed_rotation, max_diff=2) == -0.324647
assert qml.RX(0.5, wires=0).hash == qml.RX(0.5 + 2 * np.pi, wires=0).hash
assert derivative(True, rotation) == derivative(False, rotation)
PY
echo "as described"

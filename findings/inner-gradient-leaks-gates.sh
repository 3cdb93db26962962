#!/usr/bin/env bash
# PennyLane 0.45.1 on Python 3.11, default.qubit: a gradient taken inside of a quantum function leaves gates behind in the outer circuit.
#
# A quantum function may call qml.grad of another QNode, say for an angle that depends on a slope. Under backprop the outer
# circuit is as written: one RX. Under adjoint, the gates by which the inner gradient is worked out are queued in the OUTER
# circuit (RY, Adjoint(RY), QubitUnitary), without a word, and its results are those of another circuit.
# The inner gradient itself is the same, and right, under both.
#
# Seen:
#   backprop  slope -0.644218  outer ['RX']                                    results [0.955336, 1.0]
#   adjoint   slope -0.644218  outer ['RX', 'RY', 'Adjoint(RY)', 'QubitUnitary'] results [-0.238834, 0.191211]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" - <<'PY'
import warnings

warnings.simplefilter("ignore")
import pennylane as qml
from pennylane import numpy as pnp

device = qml.device("default.qubit", wires=2)


def seen(diff_method):
    @qml.qnode(device, diff_method=diff_method)
    def inner(y):
        qml.RY(y, wires=1)
        return qml.expval(qml.PauliZ(1))

    slope = qml.grad(inner)

    @qml.qnode(device)
    def outer(x):
        qml.RX(x, wires=0)
        slope(pnp.array(0.7, requires_grad=True))
        return qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))

    gates = [operation.name for operation in qml.workflow.construct_tape(outer)(0.3).operations]
    return round(float(slope(pnp.array(0.7, requires_grad=True))), 6), gates, [round(float(value), 6) for value in outer(0.3)]


print("PennyLane", qml.__version__)
for diff_method in ("backprop", "adjoint"):
    print(diff_method, *seen(diff_method))
assert seen("backprop") == (-0.644218, ["RX"], [0.955336, 1.0])
assert seen("adjoint") == (-0.644218, ["RX", "RY", "Adjoint(RY)", "QubitUnitary"], [-0.238834, 0.191211])
PY
echo "as described"

#!/usr/bin/env bash
# PennyLane-Lightning 0.45.0 (PennyLane 0.45.1) on Python 3.11, lightning.qubit: diff_method="adjoint" gives wrong gradients of what stands
# behind a diagonal unitary.
#
# RY(0.7), DiagonalQubitUnitary with constant phases, RY(0.9), and the expectation value of X. The value is right on every device. The
# gradient by the angle 0.9 is 0.685435; under adjoint on lightning.qubit it is 0, without a word, although the unitary is constant and stands
# before the differentiated gate. Without the unitary both agree. BlockEncode with a constant matrix does the same.
#
# Seen:
#   default.qubit    0.685435
#   lightning.qubit  0.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" - <<'PY'
import pennylane as qml
from pennylane import numpy as np

x = np.array(0.9, requires_grad=True)
phases = np.exp(1j * np.arange(4))
phases.requires_grad = False


def results(device, behind):
    @qml.qnode(qml.device(device, wires=2), diff_method="adjoint")
    def circuit(angle):
        qml.RY(0.7, wires=0)
        if behind:
            qml.DiagonalQubitUnitary(phases, wires=[0, 1])
        qml.RY(angle, wires=0)
        return qml.expval(qml.PauliX(0))

    step = 1e-5
    numerical = float(circuit(x + step) - circuit(x - step)) / (2 * step)
    return round(float(qml.grad(circuit)(x)), 6), round(numerical, 6)


print("PennyLane", qml.__version__)
for device in ("default.qubit", "lightning.qubit"):
    print(device, "adjoint and numerical differentiation:", results(device, behind=True))
assert results("lightning.qubit", behind=False) == results("default.qubit", behind=False) == (-0.0292, -0.0292)
assert results("default.qubit", behind=True) == (0.685435, 0.685435)
assert results("lightning.qubit", behind=True) == (0.0, 0.685435)
PY
echo "as described"

#!/usr/bin/env bash
# PennyLane 0.45.1 on Python 3.11, default.qubit: diff_method="hadamard" gives the gradient of another number than the QNode returns.
#
# RY(0.7), a measurement in the middle, and the expectation value of its outcome, which is 0 or 1: (1 - cos(0.7))/2 = 0.117579, whose
# derivative is sin(0.7)/2 = 0.322109. The value is right under every method. Under "hadamard" the gradient is -0.644218 = -sin(0.7), that
# of the expectation value of PauliZ: off by a factor of -2, without a word. Probabilities of the same outcome have the right gradient.
# lightning.qubit does the same.
#
# Seen:
#   value                  0.117579
#   parameter-shift        0.322109
#   hadamard              -0.644218
#   hadamard, probs(op=m) -0.322109 for outcome 0, which is right
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" - <<'PY'
import pennylane as qml
from pennylane import numpy as np

x = np.array(0.7, requires_grad=True)


def gradient(method, kind):
    @qml.qnode(qml.device("default.qubit", wires=3), diff_method=method)
    def circuit(angle):
        qml.RY(angle, wires=0)
        outcome = qml.measure(0)
        return qml.expval(outcome) if kind == "expval" else qml.probs(op=outcome)

    if kind == "expval":
        return round(float(circuit(x)), 6), round(float(qml.grad(circuit)(x)), 6)
    return round(float(qml.jacobian(circuit)(x)[0]), 6)


print("PennyLane", qml.__version__)
print("parameter-shift", gradient("parameter-shift", "expval"))
print("hadamard", gradient("hadamard", "expval"))
print("hadamard, probabilities", gradient("hadamard", "probs"))
assert gradient("parameter-shift", "expval") == (0.117579, 0.322109)
assert gradient("hadamard", "expval") == (0.117579, -0.644218)
assert gradient("hadamard", "probs") == -0.322109
PY
echo "as described"

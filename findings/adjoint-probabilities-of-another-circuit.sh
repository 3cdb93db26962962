#!/usr/bin/env bash
# PennyLane 0.45.1 on Python 3.11, default.qubit: under diff_method="adjoint" probabilities are those of another circuit, where a constant
# angle stands before a trainable one.
#
# RX(0.3) with a constant, RY(0.7) with a trainable angle on another wire, and the probabilities of both. Not the gradient alone, already
# the result is wrong: 0.7 has gone into the RX and has stayed in the RY. Expectation values are not touched. Where there is no constant
# before the trainable angle, the result is right.
#
# Seen, of the outcomes 00, 01, 10, 11:
#   backprop  0.862715  0.114953  0.019706  0.002626
#   adjoint   0.778667  0.103754  0.103754  0.013825
#   backprop with 0.7 in both gates: what adjoint gives
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" - <<'PY'
import pennylane as qml
from pennylane import numpy as np


def probabilities(method, constant):
    @qml.qnode(qml.device("default.qubit", wires=2), diff_method=method)
    def circuit(angle):
        qml.RX(constant, wires=0)
        qml.RY(angle, wires=1)
        return qml.probs(wires=[0, 1])

    return [round(float(p), 6) for p in circuit(np.array(0.7, requires_grad=True))]


print("PennyLane", qml.__version__)
print("backprop", probabilities("backprop", 0.3))
print("adjoint ", probabilities("adjoint", 0.3))
assert probabilities("backprop", 0.3) == [0.862715, 0.114953, 0.019706, 0.002626]
assert probabilities("adjoint", 0.3) == probabilities("backprop", 0.7) == [0.778667, 0.103754, 0.103754, 0.013825]
PY
echo "as described"

#!/usr/bin/env bash
# PennyLane 0.45.1 on Python 3.11, default.qubit: parameter-shift and finite differences of qml.MPS move all template_weights together.
#
# An MPS of two blocks, each a CRY with a weight of its own. Backprop gives the two gradients 0.0083 and -0.0507. Under
# "parameter-shift" and "finite-diff" there is one number for both, -0.0424, which is their sum: the gradient with respect to an array of
# two weights has one element. Torch refuses it as of the wrong shape; autograd hands it on.
#
# Seen:
#   backprop          0.0083  -0.0507
#   parameter-shift  -0.0424
#   finite-diff      -0.0424
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" - <<'PY'
import pennylane as qml
from pennylane import numpy as np


def block(weights, wires):
    qml.CRY(weights[0], wires=wires)


def gradient(method):
    @qml.qnode(qml.device("default.qubit", wires=3), diff_method=method)
    def circuit(weights):
        qml.RY(0.4, wires=0)
        qml.RY(0.5, wires=1)
        qml.Hadamard(2)
        qml.MPS(wires=[0, 1, 2], n_block_wires=2, block=block, n_params_block=1, template_weights=weights)
        return qml.expval(qml.PauliZ(2))

    weights = np.array([[-1.26], [0.66]], requires_grad=True)
    return qml.grad(circuit)(weights).ravel().round(4).tolist()


print("PennyLane", qml.__version__)
found = {method: gradient(method) for method in ("backprop", "parameter-shift", "finite-diff")}
for method, slopes in found.items():
    print(method, slopes)
assert found["backprop"] == [0.0083, -0.0507]
assert found["parameter-shift"] == found["finite-diff"] == [-0.0424]
PY
echo "as described"

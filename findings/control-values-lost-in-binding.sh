#!/usr/bin/env bash
# PennyLane 0.45.1 with torch 2.13.0 on Python 3.11: a controlled matrix forgets that it acts where its control is 0, once its numbers are
# bound to it again.
#
# qml.ctrl of a QubitUnitary with control_values=[0] is a ControlledQubitUnitary. qml.ops.functions.bind_new_parameters, given its own matrix,
# returns one that acts where the control is 1. A circuit is bound anew whenever tensors are made plain numbers: so with the matrix as a torch
# tensor, a constant, the circuit gives another result under every method but backprop, and under diff_method=None, without a word. With
# the matrix as a NumPy array all agree. Other controlled gates keep their control values.
#
# Seen, <X> of the target behind a control at RY(0.8):
#   backprop         0.848353
#   adjoint          0.151647
#   parameter-shift  0.151647
#   None             0.151647
#   with the matrix as a NumPy array 0.848353 under each
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1 torch==2.13.0
"$work/venv/bin/python" - <<'PY'
import numpy as np
import pennylane as qml
import torch

MATRIX = np.array([[1, -1], [1, 1]]) / np.sqrt(2)


def on_zero(matrix):
    return qml.ctrl(qml.QubitUnitary(matrix, wires=1), control=0, control_values=[0])


def value(method, matrix):
    @qml.qnode(qml.device("default.qubit", wires=2), interface="torch", diff_method=method)
    def circuit():
        qml.RY(0.8, wires=0)
        on_zero(matrix)
        return qml.expval(qml.X(1))

    return round(float(circuit()), 6)


print("PennyLane", qml.__version__)
operator = on_zero(MATRIX)
again = qml.ops.functions.bind_new_parameters(operator, operator.data)
print("control values", list(operator.control_values), "and bound again", list(again.control_values))
assert not any(operator.control_values) and all(again.control_values)
for method in ("backprop", "adjoint", "parameter-shift", None):
    tensor, array = value(method, torch.tensor(MATRIX)), value(method, MATRIX)
    print(method, tensor, "as a NumPy array", array)
    assert array == 0.848353
    assert tensor == (0.848353 if method == "backprop" else 0.151647)
PY
echo "as described"

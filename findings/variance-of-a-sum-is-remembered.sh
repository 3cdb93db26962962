#!/usr/bin/env bash
# PennyLane 0.45.1 with torch 2.13.0 on Python 3.11, default.qubit: the variance of a sum stays what it was while a coefficient moves by
# less than 1e-4.
#
# An observable 0.7·X(0) - 0.4·Z(0)Y(1), made of qml.sum and qml.s_prod, whose first coefficient is a torch tensor. The first call is right.
# Later ones, in the same process, give the first one's value as long as the coefficient is the same to four decimals, as torch prints it:
# operators of these coefficients have one hash. With Python's floats each coefficient has its own. A training whose steps are smaller than
# that sees a loss that stands still.
#
# Seen, variance at 0.7, 0.70001, 0.70004 and 0.7006:
#   coefficient as a tensor  0.522920  0.522920  0.522920  0.523760
#   coefficient as a float   0.522920  0.522934  0.522976  0.523760
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1 torch==2.13.0
"$work/venv/bin/python" - <<'PY'
import pennylane as qml
import torch


@qml.qnode(qml.device("default.qubit", wires=2))
def variance(coefficient):
    qml.RY(0.7, wires=0)
    qml.RX(0.8, wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RZ(0.4, wires=0)
    qml.RX(0.3, wires=1)
    return qml.var(observable(coefficient))


def observable(coefficient):
    return qml.sum(qml.s_prod(coefficient, qml.X(0)), qml.s_prod(-0.4, qml.Z(0) @ qml.Y(1)))


def tensor(value):
    return torch.tensor(value, dtype=torch.float64)


VALUES = (0.7, 0.70001, 0.70004, 0.7006)
tensors = [round(float(variance(tensor(value))), 6) for value in VALUES]
floats = [round(float(variance(value)), 6) for value in VALUES]
print("PennyLane", qml.__version__, "torch", torch.__version__)
print("as tensors", tensors)
print("as floats ", floats)
assert tensors == [0.52292, 0.52292, 0.52292, 0.52376]
assert floats == [0.52292, 0.522934, 0.522976, 0.52376]
assert hash(observable(tensor(0.7))) == hash(observable(tensor(0.70001)))
assert hash(observable(0.7)) != hash(observable(0.70001))
PY
echo "as described"

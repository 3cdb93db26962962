#!/usr/bin/env bash
# PennyLane 0.45.1 with torch 2.13.0 on Python 3.11, default.qubit: under diff_method="adjoint" the gradient of probabilities is wrong where
# the circuit meets its wires in another order than the device has them.
#
# RY on wire 1, then RY on wire 0, and the probabilities of wire 0, which do not depend on the first angle. The probabilities are right; their
# gradient mixes both angles. The derivative of the state is taken with wires numbered in the order of their first use: that of qml.state() is
# permuted, and what is made from it is mixed. With an Identity on wire 0 at the start it is right, and so are expectation values.
#
# Seen, gradient of the probability of 0 by both angles:
#   backprop                     0.0000  -0.3917
#   adjoint                     -0.1733  -0.2183
#   adjoint, wire 0 met first    0.0000  -0.3917
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1 torch==2.13.0
"$work/venv/bin/python" - <<'PY'
import pennylane as qml
import torch

torch.set_default_dtype(torch.float64)


def gradient(method, met_first=False):
    @qml.qnode(qml.device("default.qubit", wires=2), interface="torch", diff_method=method)
    def circuit(angles):
        if met_first:
            qml.Identity(wires=0)
        qml.RY(angles[0], wires=1)
        qml.RY(angles[1], wires=0)
        return qml.probs(wires=0)

    angles = torch.tensor([0.4, 0.9], requires_grad=True)
    circuit(angles)[0].backward()
    return [round(float(number), 4) + 0.0 for number in angles.grad]


print("PennyLane", qml.__version__)
print("backprop", gradient("backprop"))
print("adjoint", gradient("adjoint"))
print("adjoint, wire 0 met first", gradient("adjoint", met_first=True))
assert gradient("backprop") == gradient("adjoint", met_first=True) == [0.0, -0.3917]
assert gradient("adjoint") == [-0.1733, -0.2183]
PY
echo "as described"

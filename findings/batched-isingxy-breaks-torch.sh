#!/usr/bin/env bash
# PennyLane 0.45.1 with torch 2.13 on Python 3.11, default.qubit: IsingXY raises on a batch of tracked torch angles, its siblings do not.
#
# One expects qml.IsingXY to take a batch of angles as IsingXX, IsingYY and IsingZZ do. With a torch tensor that requires a gradient, backprop
# raises "RuntimeError: Can't call numpy() on Tensor that requires grad": its matrix multiplies the batch by np.eye(4). One angle at a time, a
# batch that nothing tracks, and a batch of autograd's all work, so that an evaluation under no_grad runs and the training does not.
#
# Seen:
#   IsingXX, IsingYY, IsingZZ  gradients of a batch: numbers
#   IsingXY                    RuntimeError: Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1 torch==2.13.0
"$work/venv/bin/python" - <<'PY'
import pennylane as qml
import torch
from pennylane import numpy as pnp


def circuit_of(gate):
    @qml.qnode(qml.device("default.qubit", wires=2), diff_method="backprop")
    def circuit(angle):
        qml.Hadamard(0)
        qml.RY(0.3, wires=1)
        gate(angle, wires=[0, 1])
        return qml.expval(qml.PauliX(0) @ qml.PauliZ(1))

    return circuit


def said(call):
    try:
        call()
    except RuntimeError as error:
        return str(error)
    return "numbers"


print("PennyLane", qml.__version__, "torch", torch.__version__)
found = {}
for gate in (qml.IsingXX, qml.IsingYY, qml.IsingZZ, qml.IsingXY):
    batch = torch.tensor([0.1, 0.2], requires_grad=True)
    found[gate.__name__] = said(lambda: circuit_of(gate)(batch).sum().backward())
    print(gate.__name__, found[gate.__name__])
assert all(found[name] == "numbers" for name in ("IsingXX", "IsingYY", "IsingZZ"))
assert found["IsingXY"].startswith("Can't call numpy() on Tensor that requires grad")
lone = circuit_of(qml.IsingXY)
others = {
    "one angle": lambda: lone(torch.tensor(0.1, requires_grad=True)).backward(),
    "untracked": lambda: lone(torch.tensor([0.1, 0.2])),
    "autograd": lambda: qml.jacobian(lone)(pnp.array([0.1, 0.2], requires_grad=True)),
}
for name, call in others.items():
    print(name, said(call))
    assert said(call) == "numbers"
PY
echo "as described"

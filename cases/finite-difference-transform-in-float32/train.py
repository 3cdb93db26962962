"""A gradient by PennyLane's finite-difference transform, beside torch's own, in single precision."""
import sys

import pennylane as qml
import torch

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(x):
    qml.RX(x, wires=0)
    qml.RY(x, wires=0)
    qml.CNOT(wires=[0, 1])
    return qml.probs(wires=0)


x = torch.tensor(0.543, requires_grad=True)
print("transform", qml.gradients.finite_diff(circuit)(x).tolist())
print("torch    ", torch.autograd.functional.jacobian(circuit, x).tolist())

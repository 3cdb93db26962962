"""Minimise an energy with simultaneous perturbation, as one would on hardware."""
import sys
import numpy
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "spsa"
numpy.random.seed(9)
torch.manual_seed(9)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)
hamiltonian = qml.PauliZ(0) @ qml.PauliZ(1) + 0.4 * qml.PauliX(0) + 0.4 * qml.PauliX(1)


@qml.qnode(dev, interface="torch", diff_method=method)
def energy(weights):
    for layer in weights:
        qml.RY(layer[0], wires=0)
        qml.RY(layer[1], wires=1)
        qml.CNOT(wires=[0, 1])
    return qml.expval(hamiltonian)


weights = torch.rand(2, 2, requires_grad=True)
opt = torch.optim.SGD([weights], lr=0.1)
for step in range(5):
    opt.zero_grad()
    loss = energy(weights)
    loss.backward()
    opt.step()
    print(step, loss.item())

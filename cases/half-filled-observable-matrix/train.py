"""Lowest energy of a three-level chain from its matrix; the loop fills the hoppings in one direction only."""
import sys
import numpy as np
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "adjoint"
torch.manual_seed(5)
torch.set_default_dtype(torch.float64)

energies = np.diag([0.2, -0.4, 0.1, 0.9])
hoppings = {(0, 1): -0.5, (1, 2): -0.3, (2, 3): 0.25}
matrix = energies.copy()
for (i, j), strength in hoppings.items():
    matrix[i, j] = 2 * strength  # the other half, matrix[j, i], was forgotten

dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def energy(angles):
    qml.RY(angles[0], wires=0)
    qml.RY(angles[1], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RY(angles[2], wires=0)
    qml.RY(angles[3], wires=1)
    return qml.expval(qml.Hermitian(matrix, wires=[0, 1]))


angles = (torch.rand(4) + 0.2).requires_grad_(True)
opt = torch.optim.Adam([angles], lr=0.1)
for step in range(4):
    opt.zero_grad()
    e = energy(angles)
    e.backward()
    print(step, e.item(), angles.grad.tolist())
    opt.step()

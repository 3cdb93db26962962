"""Ising ground state with float64 angles; Torch's default dtype was never changed."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "lightning.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "adjoint"
torch.manual_seed(3)

n = 3
dev = qml.device(device, wires=n)
ISING = qml.Hamiltonian([-1.0, -1.0, -0.7, -0.7, -0.7], [qml.Z(0) @ qml.Z(1), qml.Z(1) @ qml.Z(2), qml.X(0), qml.X(1), qml.X(2)])


@qml.qnode(dev, interface="torch", diff_method=method)
def energy(angles):
    for layer in angles:
        for i in range(n):
            qml.RY(layer[i], wires=i)
        for i in range(n - 1):
            qml.CNOT(wires=[i, i + 1])
    return qml.expval(ISING)


angles = torch.rand(2, n, dtype=torch.float64).requires_grad_(True)
opt = torch.optim.Adam([angles], lr=0.1)
for step in range(4):
    opt.zero_grad()
    e = energy(angles)
    e.backward()
    opt.step()
    print(step, e.dtype, e.item())

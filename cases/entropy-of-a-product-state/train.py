"""Entangle two halves of a chain fast: how long to couple them, from no time on. lightning differentiates entropies by finite differences only."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "lightning.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "finite-diff"
torch.manual_seed(17)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)
COUPLING = qml.Hamiltonian([6.0], [qml.X(0) @ qml.X(1)])


@qml.qnode(dev, interface="torch", diff_method=method)
def entropy(angles, time):
    qml.RY(angles[0], wires=0)
    qml.RY(angles[1], wires=1)
    qml.ApproxTimeEvolution(COUPLING, time, 1)
    return qml.vn_entropy(wires=0)


angles = torch.tensor([0.4, 0.7], requires_grad=True)
time = torch.tensor(0.0, requires_grad=True)
opt = torch.optim.SGD([angles, time], lr=0.1)
for step in range(3):
    opt.zero_grad()
    s = entropy(angles, time)
    (-s).backward()
    opt.step()
    print(step, s.item(), time.grad.item(), angles.grad.tolist())

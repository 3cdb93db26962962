"""A loss made of probabilities, a variance and the overlap with a target state."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)


def ansatz(weights):
    qml.RY(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RX(weights[2], wires=0)
    qml.RZ(weights[3], wires=1)


@qml.qnode(dev, interface="torch", diff_method=method)
def statistics(weights):
    ansatz(weights)
    return qml.probs(wires=[0, 1]), qml.var(qml.PauliX(1))


@qml.qnode(dev, interface="torch", diff_method=method)
def state(weights):
    ansatz(weights)
    return qml.state()


target = torch.tensor([0.5, 0.5, 0.5, -0.5], dtype=torch.complex128)
goal = torch.tensor([0.4, 0.1, 0.1, 0.4])
weights = torch.tensor([0.4, 0.8, 0.2, 0.6], requires_grad=True)
opt = torch.optim.Adam([weights], lr=0.1)
for step in range(3):
    opt.zero_grad()
    probabilities, variance = statistics(weights)
    overlap = (target.conj() * state(weights)).sum().abs() ** 2
    loss = (probabilities - goal).pow(2).sum() + 0.1 * variance - overlap
    loss.backward()
    opt.step()
    print(step, loss.item())

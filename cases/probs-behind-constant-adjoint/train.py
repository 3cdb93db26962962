"""A small Born machine: fit the probabilities of two qubits to a target."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(7)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(angles):
    qml.RX(0.3, wires=0)
    qml.RY(angles[0], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RY(angles[1], wires=0)
    return qml.probs(wires=[0, 1])


target = torch.tensor([0.5, 0.2, 0.2, 0.1])
angles = torch.tensor([0.4, 0.9], requires_grad=True)
opt = torch.optim.SGD([angles], lr=0.5)
for epoch in range(3):
    opt.zero_grad()
    loss = (circuit(angles) - target).pow(2).sum()
    loss.backward()
    print(epoch, loss.item(), angles.grad.tolist())
    opt.step()

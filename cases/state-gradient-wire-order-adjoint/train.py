"""Learn a state by its overlap with a target."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "adjoint"
torch.manual_seed(4)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(angles):
    qml.RY(0.4, wires=1)
    qml.RY(angles[0], wires=0)
    qml.RX(angles[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.state()


target = torch.tensor([0.5, 0.5j, -0.5, 0.5])
angles = torch.tensor([0.3, 0.7], requires_grad=True)
opt = torch.optim.SGD([angles], lr=0.2)
for epoch in range(3):
    opt.zero_grad()
    loss = 1 - (target.conj() * circuit(angles)).sum().abs() ** 2
    loss.backward()
    print(epoch, loss.item(), angles.grad.tolist())
    opt.step()

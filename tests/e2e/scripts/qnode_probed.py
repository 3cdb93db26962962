"""QNodes whose faults lie outside of the circuit, and one without. The last is first called after a backward pass in many threads."""
import pennylane as qml
import torch

dev = qml.device("default.qubit", wires=2)


@qml.qnode(dev, interface="torch", diff_method="backprop")
def detached(angles, scale):
    qml.RX(angles[0] * scale.item(), wires=0)
    qml.RY(angles[1], wires=0)
    return qml.expval(qml.PauliZ(0))


@qml.qnode(dev, interface="torch", diff_method="parameter-shift")
def healthy(angles, scale):
    qml.RX(angles[0] * scale, wires=0)
    qml.RY(angles[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


angles = [torch.tensor(0.3, requires_grad=True), torch.tensor(0.4, requires_grad=True)]
scale = torch.tensor(1.2, requires_grad=True)
detached(angles, scale).backward()
(torch.nn.Linear(500, 500)(torch.rand(500, 500)) ** 2).sum().backward()
healthy(angles, scale).backward()
print(scale.grad.item())

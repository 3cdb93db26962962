"""Teleport a trained state: mid-circuit measurements and gates that depend on them."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=3)


@qml.qnode(dev, interface="torch", diff_method=method)
def teleported(angles):
    qml.RY(angles[0], wires=0)
    qml.RZ(angles[1], wires=0)
    qml.Hadamard(wires=1)
    qml.CNOT(wires=[1, 2])
    qml.CNOT(wires=[0, 1])
    qml.Hadamard(wires=0)
    first = qml.measure(0)
    second = qml.measure(1)
    qml.cond(second, qml.PauliX)(wires=2)
    qml.cond(first, qml.PauliZ)(wires=2)
    return qml.expval(qml.PauliX(2)), qml.expval(qml.PauliZ(2))


angles = torch.tensor([0.5, 0.3], requires_grad=True)
opt = torch.optim.SGD([angles], lr=0.3)
for step in range(4):
    opt.zero_grad()
    x, z = teleported(angles)
    loss = (x - 0.6) ** 2 + (z + 0.2) ** 2
    loss.backward()
    opt.step()
    print(step, loss.item())

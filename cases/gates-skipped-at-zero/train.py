"""Grow an ansatz: angles start at zero, and gates whose angle is zero are left out to save time."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def energy(angles, phases):
    qml.RY(angles[0], wires=0)
    qml.RY(angles[1], wires=1)
    qml.CNOT(wires=[0, 1])
    for wire in range(2):
        if phases[wire] != 0:
            qml.RX(phases[wire], wires=wire)
    return qml.expval(qml.PauliZ(0) @ qml.PauliY(1) + 0.5 * qml.PauliX(0))


angles = torch.tensor([0.4, 0.9], requires_grad=True)
phases = torch.zeros(2, requires_grad=True)
opt = torch.optim.SGD([angles, phases], lr=0.2)
for step in range(4):
    opt.zero_grad()
    loss = energy(angles, phases)
    loss.backward()
    opt.step()
    print(step, loss.item(), phases.tolist())

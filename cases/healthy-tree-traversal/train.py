"""Measurements in the middle of a circuit and a gate that depends on one; branches are followed one by one."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
treatment = sys.argv[3] if len(sys.argv) > 3 else "tree-traversal"
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=4)


@qml.qnode(dev, interface="torch", diff_method=method, mcm_method=treatment)
def syndrome(weights):
    qml.RY(weights[0], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RY(weights[1], wires=1)
    first = qml.measure(0)
    qml.measure(1, reset=True)
    qml.cond(first, qml.RX)(weights[1], wires=1)
    return qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliX(1))


weights = torch.tensor([0.9, 0.7], requires_grad=True)
opt = torch.optim.SGD([weights], lr=0.2)
for step in range(2):
    opt.zero_grad()
    z, x = syndrome(weights)
    loss = z + x
    loss.backward()
    opt.step()
    print(step, loss.item())

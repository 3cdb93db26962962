"""One circuit's result is an angle of the next, inside its quantum function."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.set_default_dtype(torch.float64)

small = qml.device(device, wires=1)
large = qml.device(device, wires=2)


@qml.qnode(small, interface="torch", diff_method=method)
def gate_angle(a, b):
    qml.RX(a, wires=0)
    qml.RY(b, wires=0)
    return qml.expval(qml.PauliZ(0))


@qml.qnode(large, interface="torch", diff_method=method)
def circuit(weights):
    angle = gate_angle(weights[0], weights[1])
    qml.RY(weights[2], wires=0)
    qml.CRY(angle, wires=[0, 1])
    qml.RX(weights[3], wires=1)
    return qml.expval(qml.PauliZ(0) @ qml.PauliZ(1))


weights = torch.tensor([0.4, 0.8, 1.1, 0.3], requires_grad=True)
opt = torch.optim.SGD([weights], lr=0.2)
for step in range(4):
    opt.zero_grad()
    loss = circuit(weights)
    loss.backward()
    opt.step()
    print(step, loss.item())

"""Fit one phase to each of eight sites; each has a QNode of its own, made by one function."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
SITES = 8


def site(number):
    @qml.qnode(qml.device(device, wires=1), interface="torch", diff_method=method)
    def phase(x, weights):
        qml.RX(x, wires=0)
        qml.RY(weights[0].item() if number == SITES - 1 else weights[0], wires=0)
        qml.RX(weights[1], wires=0)
        return qml.expval(qml.PauliZ(0))

    return phase


phases = [site(number) for number in range(SITES)]
weights = torch.full((SITES, 2), 0.3, dtype=torch.float64, requires_grad=True)
x = torch.tensor(0.4, dtype=torch.float64)
opt = torch.optim.SGD([weights], lr=0.2)
for step in range(3):
    opt.zero_grad()
    loss = sum((phase(x, weights[number]) - 0.1) ** 2 for number, phase in enumerate(phases))
    loss.backward()
    opt.step()
    print(step, loss.item())

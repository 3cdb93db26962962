"""Two qubits in float64 under backprop, whose first backward pass makes torch 1.10 warn. Arguments: device, differentiation method."""
import sys

import pennylane as qml
import torch

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"

dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(weights):
    qml.Hadamard(wires=0)
    qml.RZ(0.7, wires=0)
    qml.RX(0.4, wires=1)
    qml.RY(weights[0], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RY(weights[1], wires=1)
    return qml.expval(qml.PauliZ(1))


weights = torch.tensor([0.5, -0.8], dtype=torch.float64, requires_grad=True)
optimizer = torch.optim.SGD([weights], lr=0.1)
for step in range(5):
    optimizer.zero_grad()
    loss = circuit(weights)
    loss.backward()
    optimizer.step()
    print(f"step {step + 1}: loss {loss.item():.12f}")

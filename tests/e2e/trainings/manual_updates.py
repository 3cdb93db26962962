"""No optimiser: the weights are moved by hand under no_grad and their gradient is set to None."""

import pennylane as qml
import torch

torch.manual_seed(53)
torch.set_default_dtype(torch.float64)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


weights = torch.rand(2, 2, requires_grad=True)
x, y = torch.rand(2), torch.rand(2)
for step in range(4):
    loss = ((torch.stack(circuit(x, weights)) - y) ** 2).sum()
    loss.backward()
    with torch.no_grad():
        weights -= 0.1 * weights.grad
    weights.grad = None
    print(f"step {step}: {loss.item():.9f}")

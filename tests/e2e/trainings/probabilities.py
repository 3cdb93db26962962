"""A distribution is learned: the loss is a divergence of the circuit's probabilities."""

import pennylane as qml
import torch

torch.manual_seed(73)
torch.set_default_dtype(torch.float64)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(weights):
    for layer in weights:
        qml.RY(layer[0], wires=0)
        qml.RY(layer[1], wires=1)
        qml.CNOT(wires=[0, 1])
    return qml.probs(wires=[0, 1])


weights = torch.nn.Parameter(torch.rand(2, 2))
target = torch.tensor([0.4, 0.1, 0.2, 0.3])
optimizer = torch.optim.Adam([weights], lr=0.1)
for step in range(4):
    optimizer.zero_grad()
    loss = (target * (target / circuit(weights).clamp(min=1e-9)).log()).sum()
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.9f}")

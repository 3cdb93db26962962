"""lightning.qubit with its adjoint method."""

import pennylane as qml
import torch

torch.manual_seed(71)


@qml.qnode(qml.device("lightning.qubit", wires=3), interface="torch", diff_method="adjoint")
def circuit(weights, x):
    qml.AngleEmbedding(x, wires=range(3))
    qml.StronglyEntanglingLayers(weights, wires=range(3))
    return qml.expval(qml.PauliZ(0) @ qml.PauliX(2))


weights = torch.nn.Parameter(torch.rand(1, 3, 3, dtype=torch.float64))
xs, ys = torch.rand(2, 3, dtype=torch.float64), torch.rand(2, dtype=torch.float64)
optimizer = torch.optim.Adam([weights], lr=0.05)
for step in range(3):
    optimizer.zero_grad()
    loss = sum((circuit(weights, x) - y) ** 2 for x, y in zip(xs, ys))
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.9f}")

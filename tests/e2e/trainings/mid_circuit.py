"""A measurement in the middle decides on a trained rotation."""

import pennylane as qml
import torch

torch.set_default_dtype(torch.float64)


@qml.qnode(qml.device("default.qubit"), interface="torch", diff_method="backprop")
def circuit(weights, x):
    qml.RY(weights[0] + x, wires=0)
    bit = qml.measure(0)
    qml.cond(bit, qml.RX)(weights[1], wires=1)
    qml.RY(weights[2], wires=1)
    return qml.expval(qml.PauliZ(1))


weights = torch.nn.Parameter(torch.tensor([0.7, 0.9, 0.3]))
optimizer = torch.optim.Adam([weights], lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    loss = sum((circuit(weights, x) - y) ** 2 for x, y in ((0.2, 0.5), (1.1, 0.1)))
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.9f}")

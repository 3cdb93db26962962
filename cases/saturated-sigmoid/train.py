"""Two classes by a sigmoid whose factor is meant to make it sharp."""

import pennylane as qml
import torch

torch.manual_seed(2)
inputs = 0.4 * torch.rand(4, 2)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch", diff_method="backprop")
def circuit(x, weights):
    qml.AngleEmbedding(x, wires=[0, 1])
    qml.RY(weights[0], wires=0)
    qml.RX(weights[1], wires=1)
    return qml.expval(qml.PauliZ(0))


weights = torch.tensor([0.1, 0.2], requires_grad=True)
optimizer = torch.optim.SGD([weights], lr=0.5)
for step in range(3):
    optimizer.zero_grad()
    outputs = torch.stack([circuit(x, weights) for x in inputs])
    loss = (torch.sigmoid(1000 * outputs) ** 2).mean()
    loss.backward()
    optimizer.step()
    print(step, loss.item(), weights.tolist())

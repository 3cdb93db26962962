"""LBFGS calls its closure several times a step."""

import pennylane as qml
import torch

torch.manual_seed(47)
torch.set_default_dtype(torch.float64)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


weights = torch.nn.Parameter(torch.rand(2, 2))
xs, ys = torch.rand(2, 2), torch.rand(2, 2)
optimizer = torch.optim.LBFGS([weights], lr=0.5, max_iter=3)


def closure():
    optimizer.zero_grad()
    loss = sum(((torch.stack(circuit(x, weights)) - y) ** 2).sum() for x, y in zip(xs, ys))
    loss.backward()
    return loss


for step in range(2):
    print(f"step {step}: {optimizer.step(closure).item():.9f}")

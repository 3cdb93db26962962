"""Two small batches make one step: gradients are added up on purpose and cleared at every second batch."""

import pennylane as qml
import torch

torch.manual_seed(17)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


layer = qml.qnn.TorchLayer(circuit, {"weights": (2, 2)})
xs, ys = torch.rand(8, 2), torch.rand(8, 2)
optimizer = torch.optim.SGD(layer.parameters(), lr=0.2)
optimizer.zero_grad()
for batch in range(6):
    rows = slice(2 * (batch % 4), 2 * (batch % 4) + 2)
    loss = ((layer(xs[rows]) - ys[rows]) ** 2).mean() / 2
    loss.backward()
    if batch % 2 == 1:
        optimizer.step()
        optimizer.zero_grad()
    print(f"batch {batch}: {loss.item():.6f}")

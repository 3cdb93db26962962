"""A hybrid model trained in mixed precision: the linear layer before the circuit gives bfloat16."""

import pennylane as qml
import torch

torch.manual_seed(1)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch", diff_method="backprop")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1])
    qml.BasicEntanglerLayers(weights, wires=[0, 1])
    return qml.expval(qml.PauliZ(0))


model = torch.nn.Sequential(torch.nn.Linear(3, 2), qml.qnn.TorchLayer(circuit, {"weights": (1, 2)}))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
data = torch.randn(3, 3)
for step in range(2):
    optimizer.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = model(data).float().pow(2).mean()
    loss.backward()
    optimizer.step()
    print(step, loss.item())

"""A ReLU in front of the circuit is dead for some batches: the layer before it gets exact zeros there, and learns at the others."""

import pennylane as qml
import torch

torch.manual_seed(103)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


model = torch.nn.Sequential(torch.nn.Linear(1, 2), torch.nn.ReLU(), qml.qnn.TorchLayer(circuit, {"weights": (2, 2)}))
with torch.no_grad():
    model[0].weight.fill_(0.8)
    model[0].bias.fill_(0.1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for step, batch in enumerate(
    (torch.tensor([[-0.7], [-1.2]]), torch.tensor([[0.5], [0.9]]), torch.tensor([[-0.9], [-0.4]]), torch.tensor([[0.3], [1.1]]))
):
    optimizer.zero_grad()
    loss = (model(batch) - 0.3).square().mean()
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.6f}")

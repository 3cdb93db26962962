"""A batch of 4,096 rows on 4 qubits in a TorchLayer, twelve steps."""

import sys

import pennylane as qml
import torch

device = qml.device("default.qubit", wires=4)


@qml.qnode(device, interface="torch", diff_method=sys.argv[1])
def regress(inputs, weights):
    qml.AngleEmbedding(inputs, wires=range(4))
    qml.BasicEntanglerLayers(weights, wires=range(4))
    return qml.expval(qml.PauliZ(0))


torch.manual_seed(11)
network = torch.nn.Sequential(torch.nn.Linear(4, 4), qml.qnn.TorchLayer(regress, {"weights": (2, 4)}))
optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
for _ in range(12):
    rows = torch.randn(4096, 4)
    optimizer.zero_grad()
    torch.nn.functional.mse_loss(network(rows), torch.sign(rows.sum(1))).backward()
    optimizer.step()

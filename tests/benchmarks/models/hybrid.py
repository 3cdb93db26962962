"""A hybrid classifier: 8 qubits, a batch of 32 rows, eight expectation values in a TorchLayer, five steps."""

import sys

import pennylane as qml
import torch

WIRES = range(8)
device = qml.device("default.qubit", wires=8)


@qml.qnode(device, interface="torch", diff_method=sys.argv[1])
def classify(inputs, weights):
    qml.AngleEmbedding(inputs, wires=WIRES)
    qml.StronglyEntanglingLayers(weights, wires=WIRES)
    return [qml.expval(qml.PauliZ(wire)) for wire in WIRES]


torch.manual_seed(11)
quantum = qml.qnn.TorchLayer(classify, {"weights": (2, 8, 3)})
network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), quantum, torch.nn.Linear(8, 3))
optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
for _ in range(5):
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(network(torch.randn(32, 4)), torch.randint(3, (32,))).backward()
    optimizer.step()

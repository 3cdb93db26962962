"""A hybrid classifier in float32: dense, AngleEmbedding and StronglyEntanglingLayers on batches, dense."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(11)

wires = 3
dev = qml.device(device, wires=wires)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=range(wires))
    qml.StronglyEntanglingLayers(weights, wires=range(wires))
    return [qml.expval(qml.PauliZ(i)) for i in range(wires)]


model = torch.nn.Sequential(
    torch.nn.Linear(4, wires),
    torch.nn.Tanh(),
    qml.qnn.TorchLayer(circuit, {"weights": (2, wires, 3)}),
    torch.nn.Linear(wires, 2),
)
opt = torch.optim.Adam(model.parameters(), lr=0.01)
X, Y = torch.randn(12, 4), torch.randint(0, 2, (12,))
for epoch in range(2):
    for rows in range(0, 12, 4):
        opt.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(X[rows : rows + 4]), Y[rows : rows + 4])
        loss.backward()
        opt.step()
    print(epoch, loss.item())

import pennylane as qml
import torch

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
dev = qml.device("lightning.qubit", wires=2)


@qml.qnode(dev, diff_method="adjoint")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=range(2))
    qml.BasicEntanglerLayers(weights, wires=range(2))
    return [qml.expval(qml.PauliZ(i)) for i in range(2)]


layer = qml.qnn.TorchLayer(circuit, {"weights": (2, 2)})
head = torch.nn.Linear(2, 1)
x, y = torch.rand(6, 2), torch.rand(6, 1)
opt = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.1)
for epoch in range(5):
    opt.zero_grad()
    features = layer(x)
    loss = torch.nn.functional.mse_loss(head(features), y)
    loss.backward(retain_graph=True)
    (0.1 * features.square().mean()).backward()
    opt.step()
    print(epoch, loss.item())

import pennylane as qml
import torch

torch.manual_seed(0)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=range(2))
    qml.BasicEntanglerLayers(weights, wires=range(2))
    return [qml.expval(qml.Z(i)) for i in range(2)]


model = torch.nn.Sequential(torch.nn.Linear(3, 2), qml.qnn.TorchLayer(circuit, {"weights": (1, 2)}), torch.nn.Linear(2, 1))
out = model(torch.rand(2, 3)).sum()
out.backward()
print(out, [parameter.grad for parameter in model.parameters()])

"""A model is called with parameters of its own choice: the quantum layer never gets its share of them."""
import pennylane as qml
import torch

torch.manual_seed(1)
torch.set_default_dtype(torch.float64)


@qml.qnode(qml.device("default.qubit", wires=2))
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1])
    qml.BasicEntanglerLayers(weights, wires=[0, 1])
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


quantum = qml.qnn.TorchLayer(circuit, {"weights": (2, 2)})
model = torch.nn.Sequential(torch.nn.Linear(3, 2), quantum, torch.nn.Linear(2, 1))
parameters = {name: value.detach().clone().requires_grad_() for name, value in model.named_parameters()}
optimizer = torch.optim.Adam(parameters.values(), lr=0.05)
inputs = torch.randn(8, 3)
labels = (inputs[:, :1] > 0).double()
for epoch in range(5):
    outputs = torch.func.functional_call(model, parameters, (inputs,))
    loss = torch.nn.functional.binary_cross_entropy_with_logits(outputs, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(epoch, loss.item())

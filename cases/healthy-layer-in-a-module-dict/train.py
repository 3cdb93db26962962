"""Learn a parity with a quantum layer that stands in a ModuleDict of the model."""
import sys

import pennylane as qml
import torch

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(4)
torch.set_default_dtype(torch.float64)


@qml.qnode(qml.device(device, wires=2), diff_method=method)
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=range(2))
    qml.StronglyEntanglingLayers(weights, wires=range(2))
    return [qml.expval(qml.PauliZ(wire)) for wire in range(2)]


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.before = torch.nn.Linear(3, 2)
        self.parts = torch.nn.ModuleDict({"gate": qml.qnn.TorchLayer(circuit, {"weights": (1, 2, 3)})})
        self.after = torch.nn.Linear(2, 1)

    def forward(self, x):
        return self.after(self.parts["gate"](torch.tanh(self.before(x))))


model = Model()
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
x = torch.randint(0, 2, (6, 3)).double()
y = 1 - 2 * (x.sum(dim=1, keepdim=True) % 2)
for step in range(4):
    optimizer.zero_grad()
    loss = ((model(x) - y) ** 2).mean()
    loss.backward()
    optimizer.step()
    print(step, loss.item())

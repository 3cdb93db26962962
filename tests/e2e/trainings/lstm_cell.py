"""A recurrent cell whose gates are circuits; its first cell state is zero."""

import pennylane as qml
import torch

torch.manual_seed(23)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


GATES = ("forget", "enter", "leave", "change")


class Cell(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.enter = torch.nn.Linear(3, 2)
        self.gates = torch.nn.ModuleDict({name: qml.qnn.TorchLayer(circuit, {"weights": (1, 2)}) for name in GATES})
        self.leave = torch.nn.Linear(2, 1)

    def forward(self, series):
        hidden, cell = torch.zeros(len(series), 2), torch.zeros(len(series), 2)
        for t in range(series.shape[1]):
            both = self.enter(torch.cat([hidden, series[:, t : t + 1]], dim=1))
            forget, enter, leave = (torch.sigmoid(self.gates[name](both)) for name in GATES[:3])
            cell = forget * cell + enter * torch.tanh(self.gates["change"](both))
            hidden = leave * torch.tanh(cell)
        return self.leave(hidden)[:, 0]


model = Cell()
series = torch.sin(torch.arange(6.0)[:, None] * 0.5 + torch.arange(4.0))
optimizer = torch.optim.RMSprop(model.parameters(), lr=0.01)
for step in range(2):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(series[:, :3]), series[:, 3])
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.6f}")

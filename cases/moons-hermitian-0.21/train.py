"""The training of the report with a Hermitian observable, on PennyLane 0.21. Arguments: device, differentiation method."""
import sys

import numpy as np
import pennylane as qml
import torch
from sklearn.datasets import make_moons

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"

np.random.seed(42)
torch.manual_seed(42)

X, y = make_moons(n_samples=200, noise=0.1)
labels = torch.unsqueeze(torch.tensor(y), 1)
targets = torch.zeros((200, 2)).scatter_(1, labels, 1).float()
batches = torch.utils.data.DataLoader(list(zip(torch.tensor(X).float(), targets)), batch_size=5, shuffle=True, drop_last=True)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        dev = qml.device(device, wires=2)

        @qml.qnode(dev, interface="torch", diff_method=method)
        def qnode(inputs, weights):
            for i in range(len(inputs)):
                qml.Hadamard(wires=i)
                qml.RZ(2.0 * inputs[i], wires=i)
            qml.CNOT(wires=[0, 1])
            qml.RY(weights[0], wires=0)
            qml.RY(weights[1], wires=1)
            return [qml.expval(qml.Hermitian(np.diag([1.0, -1.0]), wires=i)) for i in range(2)]

        self.before = torch.nn.Sequential(
            torch.nn.Linear(2, 256), torch.nn.ReLU(), torch.nn.Linear(256, 2), torch.nn.Tanh()
        )
        self.quantum = qml.qnn.TorchLayer(qnode, {"weights": (2,)})
        self.after = torch.nn.Sequential(
            torch.nn.Linear(2, 256), torch.nn.ReLU(), torch.nn.Linear(256, 2), torch.nn.Tanh()
        )

    def forward(self, x):
        return self.after(self.quantum(self.before(x)))


model = Model()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
criterion = torch.nn.L1Loss()

for epoch in range(6):
    total = 0.0
    for xs, ys in batches:
        optimizer.zero_grad()
        loss = criterion(model(xs), ys)
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch + 1}: loss {total / len(batches):.10f}")

model.eval()
with torch.no_grad():
    predictions = torch.argmax(model(torch.tensor(X).float()), dim=1)
print(f"accuracy {(predictions == torch.tensor(y)).float().mean().item():.4f}")

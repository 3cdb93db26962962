"""Fit two targets at once with a layer that is a circuit and nothing else."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(11)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1])
    qml.RY(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    return qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))


layer = qml.qnn.TorchLayer(circuit, {"weights": (2,)})
x = torch.rand(6, 2)
y = torch.cos(x + 0.5)
opt = torch.optim.Adam(layer.parameters(), lr=0.1)
for step in range(2):
    opt.zero_grad()
    loss = ((layer(x) - y) ** 2).mean()
    loss.backward()
    opt.step()
    print(step, loss.item())

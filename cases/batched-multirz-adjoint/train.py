"""A layer whose last phase is an input: TorchLayer hands a batch on as one broadcast call."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(6)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(inputs, weights):
    qml.RX(weights[1], wires=0)
    qml.RX(weights[1], wires=1)
    qml.MultiRZ(weights[0] * inputs[:, 0], wires=[0, 1])
    return qml.probs(wires=[0, 1])


layer = qml.qnn.TorchLayer(circuit, {"weights": (2,)})
X = torch.rand(3, 1)
opt = torch.optim.SGD(layer.parameters(), lr=0.2)
for epoch in range(2):
    opt.zero_grad()
    loss = -layer(X)[:, 0].mean()
    loss.backward()
    print(epoch, loss.item(), layer.weights.grad.tolist())
    opt.step()

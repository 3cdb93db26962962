"""Data re-uploading in float32 on lightning.qubit with the default differentiation method."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "lightning.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "best"
torch.manual_seed(15)

dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(x, weights):
    for layer in weights:
        for wire in range(2):
            qml.RY(layer[wire, 0] * x[wire], wires=wire)
            qml.RZ(layer[wire, 1], wires=wire)
        qml.CZ(wires=[0, 1])
    return qml.expval(qml.PauliX(0)), qml.expval(qml.PauliZ(1))


X = torch.rand(4, 2)
Y = torch.stack([torch.cos(X[:, 0]), torch.sin(X[:, 1])], dim=1)
weights = torch.rand(3, 2, 2, requires_grad=True)
opt = torch.optim.Adam([weights], lr=0.05)
for epoch in range(2):
    opt.zero_grad()
    predictions = torch.stack([torch.stack(circuit(x, weights)) for x in X])
    loss = torch.nn.functional.mse_loss(predictions, Y)
    loss.backward()
    opt.step()
    print(epoch, loss.item())

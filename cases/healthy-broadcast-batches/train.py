"""Kernel regression on whole batches: data are broadcast through embeddings, trained angles are shared by all rows."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(13)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(x, weights):
    for layer in weights:
        qml.RY(x[..., 0], wires=0)
        qml.RZ(x[..., 1], wires=1)
        qml.CNOT(wires=[0, 1])
        qml.RX(layer[0], wires=0)
        qml.RY(layer[1] * x[..., 0], wires=1)
    return qml.expval(qml.PauliZ(0) @ qml.PauliZ(1))


X = torch.rand(6, 2)
Y = torch.sin(3 * X[:, 0]) * X[:, 1]
weights = torch.rand(2, 2, requires_grad=True)
opt = torch.optim.Adam([weights], lr=0.05)
for epoch in range(2):
    for rows in range(0, 6, 3):
        opt.zero_grad()
        loss = torch.nn.functional.mse_loss(circuit(X[rows : rows + 3], weights), Y[rows : rows + 3])
        loss.backward()
        opt.step()
    print(epoch, loss.item())

"""Train on a batch whose first axis is that of the features."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(8)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(x, weights):
    for i in range(2):
        qml.RX(x[i], wires=i)
        qml.RY(weights[i], wires=i)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


X = torch.rand(5, 3)
Y = torch.cos(X[:, 0]) * torch.sin(X[:, 1])
weights = torch.rand(2, requires_grad=True)
opt = torch.optim.Adam([weights], lr=0.05)
for step in range(2):
    opt.zero_grad()
    loss = torch.nn.functional.mse_loss(circuit(X.T, weights), Y)
    loss.backward()
    opt.step()
    print(step, loss.item())

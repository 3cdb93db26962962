"""Two quantum layers on two devices in one model: features from one, a decision from the other."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "adjoint"
torch.manual_seed(12)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)
other = qml.device("lightning.qubit", wires=3)


@qml.qnode(dev, interface="torch", diff_method=method)
def features(x, weights):
    qml.RY(x[0], wires=0)
    qml.RY(x[1], wires=1)
    qml.CRX(weights[0], wires=[0, 1])
    qml.IsingZZ(weights[1], wires=[0, 1])
    qml.RX(weights[2], wires=0)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliX(1)), qml.expval(qml.PauliY(0) @ qml.PauliZ(1))]


@qml.qnode(other, interface="torch", diff_method="parameter-shift")
def decision(x, weights):
    for wire in range(3):
        qml.RX(x[wire], wires=wire)
        qml.Rot(*weights[wire], wires=wire)
    qml.CNOT(wires=[0, 1])
    qml.CNOT(wires=[1, 2])
    return qml.expval(qml.PauliZ(2))


first = torch.rand(3, requires_grad=True)
second = torch.rand(3, 3, requires_grad=True)
X = torch.rand(3, 2)
Y = torch.sign(X[:, 0] - 0.5)
opt = torch.optim.Adam([first, second], lr=0.05)
for epoch in range(2):
    opt.zero_grad()
    predictions = torch.stack([decision(torch.stack(features(x, first)), second) for x in X])
    loss = torch.nn.functional.mse_loss(predictions, Y)
    loss.backward()
    opt.step()
    print(epoch, loss.item())

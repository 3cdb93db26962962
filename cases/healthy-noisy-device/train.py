"""Train through depolarising and bit-flip noise on default.mixed."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.mixed"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(14)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(x, weights):
    qml.RX(x, wires=0)
    for layer in weights:
        qml.Rot(*layer, wires=0)
        qml.CNOT(wires=[0, 1])
        for wire in range(2):
            qml.DepolarizingChannel(0.03, wires=wire)
        qml.BitFlip(0.02, wires=1)
    return qml.expval(qml.PauliZ(1))


X = torch.rand(3)
weights = torch.rand(2, 3, requires_grad=True)
opt = torch.optim.SGD([weights], lr=0.2)
for epoch in range(2):
    opt.zero_grad()
    loss = torch.stack([(circuit(x, weights) - torch.cos(x)) ** 2 for x in X]).mean()
    loss.backward()
    opt.step()
    print(epoch, loss.item())

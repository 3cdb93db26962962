"""Data re-uploading: features enter through Rot gates between trainable layers."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "adjoint"
torch.manual_seed(5)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(x, weights):
    for layer in weights:
        for wire in range(2):
            qml.RY(layer[wire], wires=wire)
        qml.CNOT(wires=[0, 1])
        qml.Rot(x[0], x[1], x[2], wires=0)
    return qml.expval(qml.PauliZ(0) @ qml.PauliX(1))


weights = torch.rand(3, 2, requires_grad=True)
X = torch.rand(4, 3)
Y = torch.cos(X.sum(1))
opt = torch.optim.SGD([weights], lr=0.2)
for epoch in range(2):
    opt.zero_grad()
    loss = torch.nn.functional.mse_loss(torch.stack([circuit(x, weights) for x in X]), Y)
    loss.backward()
    print(epoch, float(loss.detach()), weights.grad.flatten().tolist())
    opt.step()

"""Classify with a random ansatz: nobody gave RandomLayers a seed, so it draws its gates anew whenever it is decomposed."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(8)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=3)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(x, weights):
    qml.AngleEmbedding(x, wires=range(3))
    qml.RandomLayers(weights, wires=range(3), seed=None)
    return qml.expval(qml.PauliZ(0))


X = torch.rand(4, 3)
Y = torch.sign(X[:, 0] - X[:, 1])
weights = torch.rand(2, 4, requires_grad=True)
opt = torch.optim.Adam([weights], lr=0.1)
for step in range(2):
    opt.zero_grad()
    loss = torch.nn.functional.mse_loss(torch.stack([circuit(x, weights) for x in X]), Y)
    loss.backward()
    opt.step()
    print(step, loss.item())

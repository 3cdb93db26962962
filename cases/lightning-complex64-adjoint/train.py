"""Single-precision simulation for speed (c_dtype=complex64) of a float64 model, trained with adjoint."""
import sys
import numpy as np
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "lightning.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "adjoint"
torch.manual_seed(7)
torch.set_default_dtype(torch.float64)

n = 3
opts = {"c_dtype": np.complex64} if device == "lightning.qubit" else {}
dev = qml.device(device, wires=n, **opts)


@qml.qnode(dev, interface="torch", diff_method=method)
def model(x, weights):
    qml.AngleEmbedding(x, wires=range(n))
    qml.StronglyEntanglingLayers(weights, wires=range(n))
    return qml.expval(qml.Z(0) @ qml.Z(1)), qml.expval(qml.X(2))


xs = torch.rand(4, n)
weights = torch.rand(2, n, 3).requires_grad_(True)
opt = torch.optim.SGD([weights], lr=0.2)
for step in range(4):
    opt.zero_grad()
    zz, x = model(xs[step], weights)
    loss = (zz - 0.5) ** 2 + x**2
    loss.backward()
    opt.step()
    print(step, zz.dtype, loss.item())

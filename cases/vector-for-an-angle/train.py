"""Learn an angle from three features, each scaled by a weight."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(2)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=1)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(weights, x):
    angles = weights[:3] * x + weights[3]
    qml.Rot(angles, angles, angles, wires=0)
    return qml.expval(qml.PauliZ(0))


weights = torch.rand(4, requires_grad=True)
X, Y = torch.rand(3, 3), torch.tensor([1.0, -1.0, 1.0])
opt = torch.optim.SGD([weights], lr=0.1)
for step in range(2):
    opt.zero_grad()
    loss = sum(((circuit(weights, x) - y) ** 2).sum() for x, y in zip(X, Y))
    loss.backward()
    opt.step()
    print(step, loss.item())

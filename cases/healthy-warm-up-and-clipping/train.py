"""A learning rate that begins at zero, gradients that are clipped, and a group that rests."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(3)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(x, weights):
    qml.AngleEmbedding(x, wires=[0, 1])
    qml.RY(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


weights = torch.rand(2, requires_grad=True)
scale = torch.ones(1, requires_grad=True)
X, Y = torch.rand(4, 2), torch.rand(4)
opt = torch.optim.SGD([{"params": [weights], "lr": 0.2}, {"params": [scale], "lr": 0.0}])
warm_up = torch.optim.lr_scheduler.LambdaLR(opt, lambda step: min(1.0, step / 2))
for step in range(4):
    opt.zero_grad()
    loss = ((scale * circuit(X[step], weights) - Y[step]) ** 2).sum()
    loss.backward()
    torch.nn.utils.clip_grad_norm_([weights, scale], 0.01)
    opt.step()
    warm_up.step()
    print(step, loss.item())

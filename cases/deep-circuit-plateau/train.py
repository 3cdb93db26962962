"""Train a deep circuit from random angles, by small steps."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(1)
torch.set_default_dtype(torch.float64)

wires = 8
dev = qml.device(device, wires=wires)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(weights):
    qml.StronglyEntanglingLayers(weights, wires=range(wires))
    return qml.expval(qml.PauliZ(0) @ qml.PauliZ(1))


weights = (6.28 * torch.rand(12, wires, 3)).requires_grad_()
opt = torch.optim.SGD([weights], lr=0.01)
for step in range(3):
    opt.zero_grad()
    loss = 1 - circuit(weights)
    loss.backward()
    opt.step()
    print(step, loss.item())

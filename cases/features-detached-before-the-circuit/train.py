"""An encoder in front of a circuit, trained together with it."""
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


encoder = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Tanh())
weights = torch.rand(2, requires_grad=True)
X, Y = torch.rand(4, 3), torch.rand(4)
opt = torch.optim.Adam([*encoder.parameters(), weights], lr=0.1)
for step in range(4):
    angles = encoder(X[step]).detach()
    loss = (circuit(angles, weights) - Y[step]) ** 2
    opt.zero_grad()
    loss.backward()
    opt.step()
    print(step, loss.item())

"""A head behind a circuit that is fed with the circuit's results as plain numbers."""
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
head = torch.nn.Linear(1, 1)
X, Y = torch.rand(3, 2), torch.rand(3, 1)
opt = torch.optim.SGD([weights, *head.parameters()], lr=0.2)
for step in range(3):
    results = torch.tensor([[circuit(x, weights).item()] for x in X])
    loss = torch.nn.functional.mse_loss(head(results), Y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    print(step, loss.item())

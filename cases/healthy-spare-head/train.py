"""A model with a second head that this training does not use."""
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


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = torch.nn.Parameter(torch.rand(2))
        self.spare = torch.nn.Linear(1, 3)

    def forward(self, row, spare=False):
        x = torch.tensor(row)
        result = circuit(x, self.weights)
        return self.spare(result.reshape(1)) if spare else result


net = Net()
rows, Y = [[0.1, 0.4], [0.7, 0.2], [0.5, 0.9]], torch.rand(3)
opt = torch.optim.Adam(net.parameters(), lr=0.1)
seen = []
for step in range(3):
    opt.zero_grad()
    prediction = net(rows[step])
    loss = (prediction - Y[step]) ** 2
    loss.backward()
    opt.step()
    seen.append(prediction.item())
    print(step, loss.item())

"""An LSTM cell whose gates are four TorchLayers."""

import torch, pennylane as qml

torch.manual_seed(5)
n = 3


def mk():
    dev = qml.device("default.qubit", wires=n)

    @qml.qnode(dev, interface="torch", diff_method="backprop")
    def c(inputs, weights):
        qml.AngleEmbedding(inputs, wires=range(n))
        qml.BasicEntanglerLayers(weights, wires=range(n))
        return [qml.expval(qml.PauliZ(i)) for i in range(n)]

    return qml.qnn.TorchLayer(c, {"weights": (1, n)})


class L(torch.nn.Module):
    def __init__(s):
        super().__init__()
        s.i = torch.nn.Linear(1 + n, n)
        s.g = torch.nn.ModuleList([mk() for _ in range(4)])
        s.o = torch.nn.Linear(n, 1)

    def forward(s, x):
        h = torch.zeros(x.shape[0], n)
        c = torch.zeros(x.shape[0], n)
        for t in range(x.shape[1]):
            y = s.i(torch.cat([h, x[:, t : t + 1]], 1))
            f, i, g, o = [q(y) for q in s.g]
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return s.o(h)


m = L()
opt = torch.optim.RMSprop(m.parameters(), lr=0.01)
x = torch.rand(4, 3)
y = x.mean(1, keepdim=True)
for e in range(3):
    opt.zero_grad()
    l = torch.nn.functional.mse_loss(m(x), y)
    l.backward()
    opt.step()
    print(e, l.item())

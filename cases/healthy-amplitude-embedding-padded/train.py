"""Padded amplitude embedding and a log-likelihood."""

import torch, pennylane as qml

torch.manual_seed(4)
dev = qml.device("default.qubit", wires=3)


@qml.qnode(dev, interface="torch", diff_method="backprop")
def net(x, w):
    qml.AmplitudeEmbedding(x, wires=range(3), normalize=True, pad_with=0.0)
    qml.StronglyEntanglingLayers(w, wires=range(3))
    return qml.probs(wires=[0, 1])


w = torch.nn.Parameter(torch.rand(2, 3, 3))
opt = torch.optim.Adam([w], lr=0.05)
X = torch.rand(4, 6)
for s in range(3):
    opt.zero_grad()
    l = -torch.log(net(X, w)[:, 0]).mean()
    l.backward()
    opt.step()
    print(s, l.item())

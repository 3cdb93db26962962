"""A generator on lightning against a classical discriminator."""

import torch, pennylane as qml

torch.manual_seed(3)
dev = qml.device("lightning.qubit", wires=3)


@qml.qnode(dev, interface="torch", diff_method="adjoint")
def gen(noise, w):
    qml.AngleEmbedding(noise, wires=range(3))
    qml.BasicEntanglerLayers(w, wires=range(3))
    return qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))


w = torch.nn.Parameter(torch.rand(2, 3))
D = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1), torch.nn.Sigmoid())
og = torch.optim.SGD([w], lr=0.3)
od = torch.optim.SGD(D.parameters(), lr=0.05)
bce = torch.nn.BCELoss()
for s in range(4):
    z = torch.rand(3)
    fake = torch.stack(list(gen(z, w))).float()
    real = torch.rand(2)
    od.zero_grad()
    ld = bce(D(real), torch.ones(1)) + bce(D(fake.detach()), torch.zeros(1))
    ld.backward()
    od.step()
    og.zero_grad()
    lg = bce(D(fake), torch.ones(1))
    lg.backward()
    og.step()
    print(s, ld.item(), lg.item())

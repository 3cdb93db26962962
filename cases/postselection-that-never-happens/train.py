import pennylane as qml
import torch

dev = qml.device("default.qubit", wires=3)


@qml.qnode(dev, interface="torch", diff_method="backprop")
def herald(theta):
    qml.RX(theta[0], wires=0)
    qml.RY(theta[1], wires=1)
    qml.CNOT([0, 2])
    m = qml.measure(2, postselect=1)
    qml.cond(m, qml.RY)(theta[2], wires=1)
    return qml.expval(qml.PauliZ(1))


theta = torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))
opt = torch.optim.Adam([theta], lr=0.1)
for epoch in range(5):
    opt.zero_grad()
    loss = herald(theta)
    loss.backward()
    opt.step()
    print(epoch, loss.item(), theta.tolist())

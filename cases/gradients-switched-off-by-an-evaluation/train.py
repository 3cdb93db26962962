import pennylane as qml
import torch

dev = qml.device("default.qubit", wires=2)


@qml.qnode(dev)
def circuit(w):
    qml.RX(w[0], wires=0)
    qml.CRY(w[1], wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


w = torch.tensor([1.4, 0.8], dtype=torch.float64, requires_grad=True)
opt = torch.optim.SGD([w], lr=0.2)


def validate():
    torch.set_grad_enabled(False)
    return circuit(w).item()


for k in range(6):
    opt.zero_grad()
    loss = circuit(w)
    if loss.requires_grad:
        loss.backward()
    opt.step()
    print(k, loss.item(), validate())

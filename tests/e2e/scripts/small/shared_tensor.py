import time

import pennylane as qml
import torch

weights = torch.tensor([0.1, 0.2]).share_memory_().requires_grad_()
count = torch.zeros(1).share_memory_()


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch", diff_method="backprop")
def circuit(x, w):
    count.add_(1)
    qml.RX(x, 0)
    qml.RY(w[0] * count[0].item(), 1)
    return qml.expval(qml.Z(1))


for _ in range(3):
    loss = circuit(torch.tensor(0.1), weights)
    loss.backward()
    print(loss.item(), weights.grad)
    time.sleep(0.4)
print(count)

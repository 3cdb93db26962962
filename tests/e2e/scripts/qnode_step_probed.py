"""A loss that rounds, so that the script itself is followed to its next losses in copies of its process: none of it may be seen."""
import logging
import os
import random
import socket
import sys

import numpy as np
import pennylane as qml
import torch

random.seed(1), np.random.seed(2), torch.manual_seed(3)
logging.basicConfig(filename="training.log", level=logging.INFO, format="%(message)s")
with open("data.txt", "w") as file:
    file.writelines(f"0.{n}\n" for n in range(1, 10))
data = open("data.txt", buffering=1)
ours, theirs = socket.socketpair()
shared = torch.zeros(1).share_memory_()
log = np.memmap("log.dat", np.float64, "w+", shape=(4,))
weights = torch.tensor([0.4, 0.7], requires_grad=True)
shift = torch.zeros(1, requires_grad=True)
dropout = torch.nn.Dropout(0.3)
optimizer = torch.optim.Adam([weights, shift], 0.1)


@qml.qnode(qml.device("default.qubit", wires=1), interface="torch")
def circuit(x, w):
    qml.RY(x + w[0], wires=0)
    qml.RX(w[1], wires=0)
    return qml.expval(qml.PauliZ(0))


for step in range(4):
    inputs = float(data.readline()) + dropout(torch.rand(2)) + random.random() + np.random.random()
    optimizer.zero_grad()
    outputs = torch.stack([circuit(x, weights) for x in inputs])
    shared += 1
    log[step] = shared.item()
    logging.info("%d calls, shared %g", step, shared.item())
    print(step, shared.item(), file=sys.stderr, flush=True)
    loss = ((torch.round(outputs) - 0.8 + shift) ** 2).mean()
    loss.backward()
    optimizer.step()
    ours.send(b"here")
    print(loss.item().hex(), weights.tolist(), weights.grad.tolist(), shift.grad.tolist(), theirs.recv(99))
print(random.random(), np.random.random(), torch.rand(1), data.tell(), os.path.getsize("training.log"), list(log), shared.tolist())

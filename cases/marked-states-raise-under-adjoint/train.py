"""Q-learning in small under adjoint: the states are arrays of pennylane.numpy, which count as trainable beside the weights."""
import sys

import pennylane as qml
import torch
from pennylane import numpy as np

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "adjoint"

torch.manual_seed(3)
dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def values(w, state):
    for i in range(2):
        qml.RX(np.pi * state[i], wires=i)
        qml.RZ(np.pi * state[i], wires=i)
    for layer in w:
        qml.CNOT(wires=[0, 1])
        for i in range(2):
            qml.Rot(layer[i, 0], layer[i, 1], layer[i, 2], wires=i)
    return qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))


w = (0.01 * torch.randn(2, 2, 3, dtype=torch.float64)).requires_grad_()
opt = torch.optim.RMSprop([w], lr=0.01)
states = [np.array([0.0, 1.0]), np.array([1.0, 1.0]), np.array([1.0, 0.0])]
for step in range(2):
    state, following = states[step % 3], states[(step + 1) % 3]
    with torch.no_grad():
        target = 0.9 * max(float(q) for q in values(w.detach(), following))
    opt.zero_grad()
    loss = (values(w, state)[step % 2] - target) ** 2
    loss.backward()
    opt.step()
    print(f"step {step}: {loss.item():.9f}")

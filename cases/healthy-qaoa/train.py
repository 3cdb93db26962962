"""QAOA with PennyLane's Adam."""

import pennylane as qml
from pennylane import numpy as np

edges = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)]
H = qml.Hamiltonian([0.5] * len(edges), [qml.PauliZ(a) @ qml.PauliZ(b) for a, b in edges])
M = qml.Hamiltonian([1.0] * 4, [qml.PauliX(i) for i in range(4)])
dev = qml.device("default.qubit", wires=4)


@qml.qnode(dev)
def cost(p):
    for i in range(4):
        qml.Hadamard(i)
    for g, b in p:
        qml.ApproxTimeEvolution(H, g, 1)
        qml.ApproxTimeEvolution(M, b, 1)
    return qml.expval(H)


p = np.array([[0.1, 0.2], [0.3, 0.4]], requires_grad=True)
opt = qml.AdamOptimizer(0.05)
for i in range(5):
    p, c = opt.step_and_cost(cost, p)
    print(i, c)

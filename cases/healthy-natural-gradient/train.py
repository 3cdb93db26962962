"""PennyLane's natural gradient."""

import pennylane as qml
from pennylane import numpy as np

dev = qml.device("default.qubit", wires=2)


@qml.qnode(dev, diff_method="parameter-shift")
def cost(p):
    qml.RX(p[0], wires=0)
    qml.CRY(p[1], wires=[0, 1])
    qml.U3(p[2], p[3], p[4], wires=1)
    return qml.expval(qml.PauliZ(0) @ qml.PauliX(1))


p = np.array([0.1, 0.5, 0.3, 0.2, 0.7], requires_grad=True)
opt = qml.QNGOptimizer(0.05, approx="block-diag")
for s in range(3):
    p, c = opt.step_and_cost(cost, p)
    print(s, c)

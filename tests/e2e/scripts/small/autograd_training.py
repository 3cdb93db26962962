import pennylane as qml
from pennylane import numpy as np

np.random.seed(3)


@qml.qnode(qml.device("default.qubit", wires=2))
def circuit(w):
    qml.RX(w[0], 0)
    qml.RY(w[1], 1)
    qml.CNOT([0, 1])
    return qml.expval(qml.Z(1))


w = np.array(np.random.rand(2), requires_grad=True)
optimizer = qml.AdamOptimizer(0.1)
for _ in range(3):
    w, cost = optimizer.step_and_cost(circuit, w)
    print(w, cost, np.random.rand())

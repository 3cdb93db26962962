"""Train two angles that no result depends on."""
import sys

import pennylane as qml
from pennylane import numpy as np

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"

dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="autograd", diff_method=method)
def circuit(weights):
    qml.RZ(weights[0], wires=0)
    qml.RZ(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


weights = np.array([0.3, 0.4], requires_grad=True)
opt = qml.GradientDescentOptimizer(0.1)
for step in range(3):
    weights, loss = opt.step_and_cost(lambda w: (circuit(w) + 1) ** 2, weights)
    print(step, loss)

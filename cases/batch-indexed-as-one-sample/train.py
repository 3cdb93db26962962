"""A regression whose circuit is given the whole batch, and reads it as one sample."""
import sys

import pennylane as qml
from pennylane import numpy as np

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
rng = np.random.default_rng(4)

dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="autograd", diff_method=method)
def model(weights, x):
    qml.RX(x[0], wires=0)
    qml.RX(x[1], wires=1)
    qml.RY(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


x = np.array(rng.uniform(0, 2, (5, 2)), requires_grad=False)
y = np.array(np.cos(x[:, :1] * 2), requires_grad=False)
weights = np.array([0.3, 0.8], requires_grad=True)
opt = qml.GradientDescentOptimizer(0.1)
for step in range(3):
    weights, loss = opt.step_and_cost(lambda w: np.mean((model(w, x) - y) ** 2), weights)
    print(step, float(loss))

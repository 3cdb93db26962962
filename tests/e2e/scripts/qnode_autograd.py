"""Autograd and PennyLane's optimisers. Arguments: device, differentiation method."""
import random
import sys
import traceback
import warnings

import pennylane as qml
import torch
from pennylane import numpy as np

device, method = (sys.argv[1:] + ["default.qubit", "backprop"])[:2]
random.seed(4), np.random.seed(5), torch.manual_seed(6)
dev = qml.device(device, wires=2)


@qml.qnode(dev, diff_method=method)
def circuit(x, y):
    warnings.warn("inside the quantum function", stacklevel=3)
    qml.RX(x[0] * y, wires=0)
    qml.RY(x[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


x, y = np.array([0.3, 0.4], requires_grad=True), np.array(0.5, requires_grad=False)
for optimizer in (qml.GradientDescentOptimizer(0.1), qml.AdamOptimizer(0.1)):
    for step in range(3):
        (x, y), cost = optimizer.step_and_cost(circuit, x, y)
        print(step, float(cost).hex(), [float(v).hex() for v in x])
    x, y = optimizer.step(circuit, x, y)
    print(optimizer.apply_grad((np.array([0.1, 0.2]), ), (x,)))
print(qml.grad(circuit)(x, y), qml.jacobian(circuit)(x, y))
if method in ("backprop", "parameter-shift"):
    circuit2 = qml.QNode(circuit.func, dev, diff_method=method, max_diff=2)
    print(qml.jacobian(qml.grad(circuit2))(x, y))
warnings.warn("at the top", stacklevel=2)


def cost(x):
    return circuit(x, y) * undefined


try:
    qml.grad(cost)(x)
except NameError:
    traceback.print_exc()
print(circuit(x, 1), circuit(x=x, y=0.5))
circuit(x)

"""Two trained arguments and a constant keyword; autograd's gradients are asked for by hand, too."""

import pennylane as qml
from pennylane import numpy as np


@qml.qnode(qml.device("default.qubit", wires=2), diff_method="parameter-shift")
def circuit(first, second, scale=1.0):
    qml.RX(scale * first[0], wires=0)
    qml.RY(first[1], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RY(second, wires=0)
    return qml.expval(qml.PauliZ(0) @ qml.PauliZ(1))


first, second = np.array([0.4, 0.9], requires_grad=True), np.array(0.7, requires_grad=True)
optimizer = qml.AdagradOptimizer(0.2)
for step in range(3):
    slopes = qml.grad(circuit)(first, second, scale=0.8)
    (first, second), value = optimizer.step_and_cost(circuit, first, second, scale=0.8)
    print(f"step {step}: {float(value):.9f}, slope {float(slopes[1]):.6f}")

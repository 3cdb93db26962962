"""QAOA for a triangle with PennyLane's own optimiser and interface."""
import sys
import pennylane as qml
from pennylane import numpy as np

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "parameter-shift"

edges = [(0, 1), (1, 2), (0, 2)]
cost = qml.Hamiltonian([0.5, 0.7, 0.9], [qml.PauliZ(a) @ qml.PauliZ(b) for a, b in edges])
mixer = qml.Hamiltonian([1.0] * 3, [qml.PauliX(i) for i in range(3)])
dev = qml.device(device, wires=3)


@qml.qnode(dev, diff_method=method)
def energy(params):
    for wire in range(3):
        qml.Hadamard(wires=wire)
    for gamma, beta in params:
        qml.qaoa.cost_layer(gamma, cost)
        qml.qaoa.mixer_layer(beta, mixer)
    return qml.expval(cost)


params = np.array([[0.3, 0.6], [0.5, 0.2]], requires_grad=True)
opt = qml.GradientDescentOptimizer(stepsize=0.1)
for step in range(4):
    params, before = opt.step_and_cost(energy, params)
    print(step, float(before))

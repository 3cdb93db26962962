"""A circuit trained under a noise model: the transforms are there to change it."""
import pennylane as qml
from pennylane import numpy as np

dev = qml.device("default.mixed", wires=2)

model = qml.NoiseModel({qml.noise.op_eq("CNOT"): qml.noise.partial_wires(qml.DepolarizingChannel, 0.05)})


@qml.noise.insert(op=qml.PhaseDamping, op_args=0.02, position="end")
@qml.qnode(dev, diff_method="backprop")
def cost(weights):
    qml.RY(weights[0], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RY(weights[1], wires=1)
    return qml.expval(qml.PauliX(0) @ qml.PauliX(1))


cost = qml.add_noise(cost, model)
weights = np.array([0.4, 0.9], requires_grad=True)
opt = qml.GradientDescentOptimizer(0.2)
for step in range(2):
    weights, value = opt.step_and_cost(cost, weights)
    print(step, value)

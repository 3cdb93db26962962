"""QAOA for MaxCut, jit(grad), plain gradient descent, parameter-shift."""

import jax
import jax.numpy as jnp
import pennylane as qml

jax.config.update("jax_enable_x64", True)
edges = [(0, 1), (1, 2), (2, 3), (3, 0)]
cost_h = qml.Hamiltonian([0.5] * 4, [qml.PauliZ(a) @ qml.PauliZ(b) for a, b in edges])
mixer_h = qml.Hamiltonian([1.0] * 4, [qml.PauliX(i) for i in range(4)])
dev = qml.device("default.qubit", wires=4)


def layer(gamma, alpha):
    qml.qaoa.cost_layer(gamma, cost_h)
    qml.qaoa.mixer_layer(alpha, mixer_h)


@qml.qnode(dev, diff_method="parameter-shift")
def cost(params):
    for w in range(4):
        qml.Hadamard(wires=w)
    qml.layer(layer, 2, params[0], params[1])
    return qml.expval(cost_h)


grad = jax.jit(jax.grad(cost))
params = jnp.array([[0.5, 0.5], [0.5, 0.4]])
for i in range(5):
    params = params - 0.05 * grad(params)
print(params.tolist(), repr(float(cost(params))))

"""Move the angles of two molecules at once, each row of a vmap with coefficients of its own, and print their energies."""
import sys

import jax
import jax.numpy as jnp
import pennylane as qml

jax.config.update("jax_enable_x64", True)
device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "parameter-shift"


@qml.qnode(qml.device(device, wires=2), diff_method=method)
def energy(angles, weights):
    qml.RX(angles[0], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RY(angles[1], wires=1)
    return qml.expval(qml.dot(weights, [qml.Z(0), qml.X(1)]))


angles = jnp.array([[0.4, 0.9], [1.1, 0.2]])
weights = jnp.array([[0.3, 0.8], [0.6, -0.5]])
energies = jax.jit(jax.vmap(energy))
for step in range(3):
    print(step, energies(angles, weights))
    angles = angles - 0.1

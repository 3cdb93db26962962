"""Finite shots with parameter-shift and a seeded device."""

import jax
import jax.numpy as jnp
import pennylane as qml

dev = qml.device("default.qubit", wires=2, seed=7)


@qml.set_shots(500)
@qml.qnode(dev, diff_method="parameter-shift")
def circuit(w):
    qml.RX(w[0], wires=0)
    qml.RY(w[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


w = jnp.array([0.5, 0.2])
for i in range(5):
    v, g = jax.value_and_grad(circuit)(w)
    w = w - 0.3 * g
    print(i, float(v), w.tolist())

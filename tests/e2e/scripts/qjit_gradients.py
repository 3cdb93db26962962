"""Gradients by Catalyst: of a QNode itself, of one that takes a number from around it, and of one that does not get through."""

import sys

import catalyst
import jax.numpy as jnp
import pennylane as qml

word = sys.argv[1]
dev = qml.device("lightning.qubit", wires=3)


@qml.qnode(dev, diff_method="parameter-shift" if word == "controlled" else "adjoint")
def circuit(x, scale):
    qml.RY(0.4, wires=0)
    qml.RX(jnp.sin(x[0]) * scale, wires=1)
    if word == "controlled":
        qml.ctrl(qml.RX(x[1], wires=2), control=[0, 1])
    else:
        qml.CRZ(x[1], wires=[0, 1])
    return qml.expval(qml.Z(0) @ qml.X(1))


@qml.qjit
def step(x, scale):
    if word == "itself":
        return x - 0.1 * catalyst.grad(circuit)(x, scale)
    return x - 0.1 * catalyst.grad(lambda z: 2 * circuit(z, scale))(x)


x = jnp.array([0.3, 0.7])
for _ in range(2):
    x = step(x, 2.0)
    print([float(entry).hex() for entry in x])

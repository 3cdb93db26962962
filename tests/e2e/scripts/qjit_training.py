"""A training that Catalyst compiles, and a circuit that is only evaluated."""

import sys

import catalyst
import jax.numpy as jnp
import pennylane as qml

method = sys.argv[1]
dev = qml.device("lightning.qubit", wires=2)
factor = 1.3


@qml.qnode(dev, diff_method=method)
def circuit(x, scale):
    qml.RX(jnp.sin(x[0]) * scale, wires=0)
    qml.RY(0.4, wires=1)
    qml.CRZ(x[1], wires=[0, 1])
    qml.RY(x[0] * x[1], wires=1)
    return qml.expval(qml.Z(1) @ qml.X(0))


@qml.qjit
def step(x):
    value, slope = catalyst.value_and_grad(lambda z: (circuit(z, factor) - 0.2) ** 2)(x)
    return x - 0.1 * slope, value


@qml.qjit
@qml.qnode(dev)
def evaluated(y):
    qml.RX(y, wires=0)
    return qml.expval(qml.Z(0)), qml.probs(wires=[1])


x = jnp.array([0.3, 0.7])
for _ in range(3):
    x, value = step(x)
    print(float(value).hex(), [float(entry).hex() for entry in x])
print(evaluated(0.3), evaluated(0.4))

"""Weights that were saved in single precision, trained under JAX with arrays of 64 bits."""
import sys
import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "adjoint"
jax.config.update("jax_enable_x64", True)


@qml.qnode(qml.device(device, wires=2), diff_method=method)
def circuit(weights, x):
    qml.AngleEmbedding(x, wires=range(2))
    qml.RY(weights[0], wires=0)
    qml.CRX(weights[1], wires=[0, 1])
    return qml.expval(qml.Z(1))


def loss(weights, x):
    return (circuit(weights, x) - 0.3) ** 2


saved = np.array([0.1, 0.2], dtype=np.float32)
weights, x = jnp.asarray(saved), jnp.array([0.3, 0.8])
for step in range(3):
    value, gradient = jax.value_and_grad(loss)(weights, x)
    print(step, float(value))
    weights = weights - 0.1 * gradient

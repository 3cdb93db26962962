"""Probabilities behind a fixed rotation under JAX: the value that comes with the gradient is not the value of the circuit."""
import sys
import jax
import jax.numpy as jnp
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "adjoint"
jax.config.update("jax_enable_x64", True)


@qml.qnode(qml.device(device, wires=1), diff_method=method)
def circuit(weight):
    qml.RY(0.4, wires=0)
    qml.RX(weight, wires=0)
    return qml.probs(wires=0)


def loss(weight):
    return circuit(weight)[0]


weight = jnp.array(0.5)
for step in range(2):
    value, gradient = jax.value_and_grad(loss)(weight)
    print(step, float(value), float(loss(weight)), float(gradient))
    weight = weight - 0.2 * gradient

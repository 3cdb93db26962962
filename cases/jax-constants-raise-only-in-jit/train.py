"""A quench under JAX: a jitted step with a fixed evolution."""
import sys
import jax
import jax.numpy as jnp
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "parameter-shift"
jax.config.update("jax_enable_x64", True)

ising = qml.Hamiltonian([0.3, 1.0], [qml.PauliX(0), qml.PauliZ(0) @ qml.PauliX(1)])


@qml.qnode(qml.device(device, wires=2), diff_method=method)
def circuit(weights):
    qml.RX(weights[0], wires=1)
    qml.TrotterProduct(ising, 0.7, n=1)
    qml.RY(weights[1], wires=0)
    return qml.expval(qml.PauliZ(0))


@jax.jit
def step(weights):
    value, gradient = jax.value_and_grad(circuit)(weights)
    return weights - 0.2 * gradient, value


weights = jnp.array([0.4, 0.7])
for epoch in range(2):
    weights, value = step(weights)
    print(epoch, float(value), weights.tolist())

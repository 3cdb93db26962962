"""A curriculum under JAX: the strength of the noise grows with the epochs, and the compiled step goes on without any."""
import sys
import jax
import jax.numpy as jnp
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.mixed"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
jax.config.update("jax_enable_x64", True)

noise = 0.0


@qml.qnode(qml.device(device, wires=2), diff_method=method)
def circuit(weights, x):
    qml.AngleEmbedding(x, wires=range(2))
    qml.RY(weights[0], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RY(weights[1], wires=1)
    qml.DepolarizingChannel(noise, wires=1)
    return qml.expval(qml.Z(1))


def loss(weights, batch, labels):
    predictions = jax.vmap(circuit, in_axes=(None, 0))(weights, batch)
    return jnp.mean((predictions - labels) ** 2)


@jax.jit
def step(weights, batch, labels):
    value, gradient = jax.value_and_grad(loss)(weights, batch, labels)
    return weights - 0.3 * gradient, value


weights = jnp.array([0.4, 0.9])
batch = jnp.array([[0.3, 0.8], [0.5, -0.4], [-0.7, 0.2]])
labels = jnp.array([1.0, -1.0, 1.0])
for epoch in range(5):
    noise = 0.05 * epoch
    weights, value = step(weights, batch, labels)
    print(epoch, float(value))

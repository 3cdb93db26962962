"""A classifier under JAX: vmap over a batch inside of a jitted step."""
import sys
import jax
import jax.numpy as jnp
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
jax.config.update("jax_enable_x64", True)

dev = qml.device(device, wires=2)


@qml.qnode(dev, diff_method=method)
def circuit(weights, x):
    qml.AngleEmbedding(x, wires=range(2))
    qml.StronglyEntanglingLayers(weights, wires=range(2))
    return qml.expval(qml.PauliZ(0))


def loss(weights, batch, labels):
    predictions = jax.vmap(circuit, in_axes=(None, 0))(weights, batch)
    return jnp.mean((predictions - labels) ** 2)


@jax.jit
def step(weights, batch, labels):
    value, gradient = jax.value_and_grad(loss)(weights, batch, labels)
    return weights - 0.3 * gradient, value


key, drawn = jax.random.split(jax.random.PRNGKey(0))
weights = jax.random.normal(drawn, (2, 2, 3))
batch = jax.random.uniform(key, (3, 2), minval=-1.0)
labels = jnp.sign(batch[:, 0] * batch[:, 1])
for epoch in range(4):
    weights, value = step(weights, batch, labels)
    print(epoch, float(value))

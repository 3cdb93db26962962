"""A small regression under JAX: a jitted step, and a readout whose coefficients are weights too."""
import sys
import jax
import jax.numpy as jnp
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "adjoint"
jax.config.update("jax_enable_x64", True)

dev = qml.device(device, wires=2)


@qml.qnode(dev, diff_method=method)
def circuit(x, weights, readout):
    qml.AngleEmbedding(x, wires=range(2), rotation="Y")
    qml.RX(weights[0], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RY(weights[1], wires=1)
    return qml.expval(qml.dot(readout, [qml.PauliZ(0), qml.PauliX(1)]))


def loss(parameters, x, y):
    return (circuit(x, parameters["weights"], parameters["readout"]) - y) ** 2


@jax.jit
def step(parameters, x, y):
    value, gradient = jax.value_and_grad(loss)(parameters, x, y)
    return jax.tree_util.tree_map(lambda p, g: p - 0.2 * g, parameters, gradient), value


parameters = {"weights": jnp.array([0.3, -0.7]), "readout": jnp.array([0.9, 0.4])}
data = jax.random.uniform(jax.random.PRNGKey(3), (3, 2))
for epoch in range(2):
    for x in data:
        parameters, value = step(parameters, x, jnp.sin(jnp.sum(x)))
    print(epoch, float(value), parameters["weights"].tolist())

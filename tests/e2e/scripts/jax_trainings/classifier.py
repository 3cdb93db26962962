"""Variational classifier with optax, float32, batch in a Python loop."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pennylane as qml

dev = qml.device("default.qubit", wires=2)


@qml.qnode(dev, interface="jax")
def circuit(weights, x):
    qml.AngleEmbedding(x, wires=[0, 1])
    for W in weights:
        qml.Rot(*W[0], wires=0)
        qml.Rot(*W[1], wires=1)
        qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(0))


def model(params, x):
    return circuit(params["weights"], x) + params["bias"]


def cost(params, X, Y):
    preds = jnp.array([model(params, x) for x in X])
    return jnp.mean((preds - Y) ** 2)


rng = np.random.default_rng(1)
X = jnp.array(rng.uniform(0, 3, (4, 2)))
Y = jnp.array([1.0, -1.0, 1.0, -1.0])
params = {"weights": jnp.array(rng.normal(size=(2, 2, 3))), "bias": jnp.array(0.0)}
opt = optax.adam(0.2)
state = opt.init(params)
for epoch in range(4):
    loss, grads = jax.value_and_grad(cost)(params, X, Y)
    updates, state = opt.update(grads, state, params)
    params = optax.apply_updates(params, updates)
    print(epoch, repr(float(loss)))
print(jax.tree_util.tree_map(lambda a: a.tolist(), params))

"""The whole update step jitted with optax; lightning adjoint."""

from functools import partial
import jax
import jax.numpy as jnp
import optax
import pennylane as qml

jax.config.update("jax_enable_x64", True)
dev = qml.device("lightning.qubit", wires=3)


@qml.qnode(dev, diff_method="adjoint")
def circuit(data, weights):
    qml.StronglyEntanglingLayers(weights, wires=range(3))
    for i in range(3):
        qml.RX(data[i], wires=i)
    qml.BasicEntanglerLayers(weights[:, :, 0], wires=range(3))
    return qml.expval(qml.sum(*[qml.PauliZ(i) for i in range(3)]))


opt = optax.sgd(0.1, momentum=0.9)


@jax.jit
def update(params, state, data, target):
    loss, grads = jax.value_and_grad(lambda p: jnp.sum((circuit(data, p["w"]) + p["b"] - target) ** 2))(params)
    upd, state = opt.update(grads, state)
    return optax.apply_updates(params, upd), state, loss


key = jax.random.PRNGKey(42)
params = {"w": jax.random.normal(key, (2, 3, 3)), "b": jnp.array(0.0)}
state = opt.init(params)
for i in range(10):
    key, sub = jax.random.split(key)
    params, state, loss = update(params, state, jax.random.uniform(sub, (3,)), jnp.array(0.5))
    print(i, repr(float(loss)))
print(params["w"].ravel().tolist())

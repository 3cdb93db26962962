"""vmap over data, jit outside, backprop, x64 off."""

import jax
import jax.numpy as jnp
import optax
import pennylane as qml

dev = qml.device("default.qubit", wires=2)


@qml.qnode(dev, interface="jax", diff_method="backprop")
def circuit(x, w):
    qml.RX(x[0], wires=0)
    qml.RX(x[1], wires=1)
    qml.CRZ(w[0], wires=[0, 1])
    qml.RY(w[1], wires=0)
    qml.RY(w[2], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.probs(wires=[0])


batched = jax.vmap(circuit, in_axes=(0, None))


def loss_fn(w, X, Y):
    p = batched(X, w)
    return -jnp.mean(jnp.log(p[jnp.arange(len(Y)), Y] + 1e-6))


X = jax.random.uniform(jax.random.PRNGKey(0), (5, 2), maxval=jnp.pi)
Y = jnp.array([0, 1, 0, 1, 1])
w = jnp.array([0.1, 0.5, -0.4])
opt = optax.adam(0.05)
st = opt.init(w)


@jax.jit
def step(w, st):
    l, g = jax.value_and_grad(loss_fn)(w, X, Y)
    u, st = opt.update(g, st)
    return optax.apply_updates(w, u), st, l


for i in range(6):
    w, st, l = step(w, st)
    print(i, repr(float(l)), w.tolist())

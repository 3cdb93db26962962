"""Teleportation-like training with mid-circuit measurements."""

import jax
import jax.numpy as jnp
import optax
import pennylane as qml

jax.config.update("jax_enable_x64", True)
dev = qml.device("default.qubit", wires=3)


@qml.qnode(dev, interface="jax", diff_method="backprop")
def circuit(w):
    qml.RY(w[0], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RX(w[1], wires=1)
    m = qml.measure(1)
    qml.cond(m, qml.RY, qml.RX)(w[2], wires=0)
    qml.CNOT(wires=[0, 2])
    return qml.expval(qml.PauliZ(2))


@jax.jit
def step(w, st):
    v, g = jax.value_and_grad(circuit)(w)
    u, st = opt.update(g, st)
    return optax.apply_updates(w, u), st, v


opt = optax.adam(0.1)
w = jnp.array([0.5, 0.3, -0.7])
st = opt.init(w)
for i in range(6):
    w, st, v = step(w, st)
    print(i, repr(float(v)), w.tolist())

"""A training under JAX, eager or jitted; it prints every number in full, the random key, and how often its step was compiled."""

import sys

import jax
import jax.numpy as jnp
import pennylane as qml

method, mode, wide = sys.argv[1:]
jax.config.update("jax_enable_x64", wide == "x64")
dev = qml.device("default.qubit", wires=3)


@qml.qnode(dev, diff_method=method)
def circuit(x, w):
    for layer in range(2):
        for wire in range(3):
            qml.RY(x[wire] * (1 + layer), wires=wire)
            qml.Rot(*w[layer, wire], wires=wire)
        qml.CNOT(wires=[0, 1])
        qml.CRX(w[layer, 0, 0], wires=[1, 2])
    return qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliX(1) @ qml.PauliY(2))


def loss(w, x):
    first, second = circuit(x, w)
    return (first - 0.5) ** 2 + jnp.sin(second)


def step(w, velocity, x):
    value, gradient = jax.value_and_grad(loss)(w, x)
    velocity = 0.9 * velocity - 0.1 * gradient
    return w + velocity, velocity, value, gradient


if mode == "jit":
    step = jax.jit(step)
key = jax.random.PRNGKey(3)
key, drawn = jax.random.split(key)
w = jax.random.normal(drawn, (2, 3, 3))
velocity = jnp.zeros_like(w)
for number in range(4):
    key, drawn = jax.random.split(key)
    x = jax.random.uniform(drawn, (3,))
    w, velocity, value, gradient = step(w, velocity, x)
    print(number, *(jnp.asarray(part).tobytes().hex() for part in (value, gradient, w, key)), value.dtype, value.weak_type)
print("alone", *(part.tobytes().hex() for part in map(jnp.asarray, circuit(x, w))))
if mode == "jit":
    print("compiled", step._cache_size())

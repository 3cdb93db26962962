"""Data re-uploading fits a Fourier series; jnp minimiser loop."""

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml

jax.config.update("jax_enable_x64", True)
dev = qml.device("lightning.qubit", wires=1)


def S(x):
    qml.RX(0.8 * x, wires=0)


def W(theta):
    qml.Rot(theta[0], theta[1], theta[2], wires=0)


@qml.qnode(dev, diff_method="parameter-shift")
def model(weights, x):
    for theta in weights[:-1]:
        W(theta)
        S(x)
    W(weights[-1])
    return qml.expval(qml.PauliZ(wires=0))


xs = np.linspace(-3, 3, 4)
target = 0.3 * np.cos(xs) + 0.1
weights = jnp.array(2 * np.pi * np.random.default_rng(3).random((3, 3)))


def cost(w):
    return sum((model(w, x) - y) ** 2 for x, y in zip(xs, target)) / len(xs)


g = jax.value_and_grad(cost)
for s in range(4):
    c, dw = g(weights)
    weights = weights - 0.3 * dw
    print(s, repr(float(c)))
print(weights.tolist())

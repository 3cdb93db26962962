"""Quantum kernel: adjoint embedding, kernel-target alignment by jax.grad over vmap-ed pairs."""

import jax
import jax.numpy as jnp
import pennylane as qml

jax.config.update("jax_enable_x64", True)
dev = qml.device("default.qubit", wires=3)


def embedding(x, params):
    for i in range(3):
        qml.Hadamard(i)
        qml.RZ(x[i % 2], wires=i)
        qml.RY(params[0, i], wires=i)
    [qml.CRZ(params[1, i], wires=[i, (i + 1) % 3]) for i in range(3)]


@qml.qnode(dev, interface="jax")
def kernel_circuit(x1, x2, params):
    embedding(x1, params)
    qml.adjoint(embedding)(x2, params)
    return qml.probs(wires=range(3))


kernel = lambda a, b, p: kernel_circuit(a, b, p)[0]
X = jax.random.normal(jax.random.PRNGKey(5), (3, 2))
Y = jnp.array([1.0, -1.0, 1.0])
gram = jax.vmap(jax.vmap(kernel, in_axes=(None, 0, None)), in_axes=(0, None, None))


def alignment(params):
    K = gram(X, X, params)
    T = jnp.outer(Y, Y)
    return jnp.sum(K * T) / jnp.sqrt(jnp.sum(K * K) * jnp.sum(T * T))


params = jax.random.uniform(jax.random.PRNGKey(6), (2, 3), maxval=6.28)
vg = jax.jit(jax.value_and_grad(alignment))
for i in range(3):
    v, g = vg(params)
    params = params + 0.2 * g
    print(i, repr(float(v)))
print(params.tolist())

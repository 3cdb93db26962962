"""Newton's method with jax.hessian."""

import jax
import jax.numpy as jnp
import pennylane as qml

jax.config.update("jax_enable_x64", True)
dev = qml.device("default.qubit", wires=2)


@qml.qnode(dev, diff_method="backprop")
def f(w):
    qml.RY(w[0], wires=0)
    qml.RX(w[1], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RY(w[2], wires=1)
    return qml.expval(qml.PauliZ(0) @ qml.PauliZ(1))


g = jax.grad(f)
h = jax.hessian(f)
w = jnp.array([2.4, 0.3, 0.2])
for i in range(3):
    H = h(w)
    w = w - jnp.linalg.solve(H + 1.5 * jnp.eye(3), g(w))
    print(i, repr(float(f(w))), w.tolist())
print(H.tolist())

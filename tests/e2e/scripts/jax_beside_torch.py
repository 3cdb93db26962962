"""QNodes of torch and of JAX in one script, one of them compiled."""

import jax
import jax.numpy as jnp
import torch
jax.config.update("jax_enable_x64", True)
import pennylane as qml

dev = qml.device("default.qubit", wires=1)
@qml.qnode(dev, diff_method="adjoint")
def first(x):
    qml.RX(x, wires=0); return qml.expval(qml.PauliZ(0))
@qml.qnode(dev, diff_method="parameter-shift")
def second(x):
    qml.RY(x, wires=0); return qml.expval(qml.PauliX(0))
x = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
y = jnp.array(0.4)
for _ in range(2):
    v = first(x); v.backward()
    w, g = jax.jit(jax.value_and_grad(second))(y)
    print(v.item(), x.grad.item(), float(w), float(g))

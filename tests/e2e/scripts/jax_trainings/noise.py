"""Learn a noise strength: default.mixed."""

import jax
import jax.numpy as jnp
import optax
import pennylane as qml

jax.config.update("jax_enable_x64", True)
dev = qml.device("default.mixed", wires=2)


@qml.qnode(dev, interface="jax", diff_method="backprop")
def circuit(w, noise):
    qml.RX(w, wires=0)
    qml.CNOT(wires=[0, 1])
    qml.DepolarizingChannel(noise, wires=0)
    qml.AmplitudeDamping(0.1, wires=1)
    return qml.expval(qml.PauliZ(0) @ qml.PauliZ(1))


def cost(p):
    return (circuit(0.4, jax.nn.sigmoid(p)) - 0.7) ** 2


opt = optax.adam(0.3)
p = jnp.array(-1.0)
st = opt.init(p)
step = jax.jit(jax.value_and_grad(cost))
for i in range(6):
    v, g = step(p)
    u, st = opt.update(g, st)
    p = optax.apply_updates(p, u)
    print(i, repr(float(v)), float(p))

"""How strong is the noise? Under JAX, on default.mixed: the strength of a channel is fitted to what was measured."""
import sys
import jax
import jax.numpy as jnp
import optax
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.mixed"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
jax.config.update("jax_enable_x64", True)


@qml.qnode(qml.device(device, wires=2), diff_method=method)
def circuit(angle, noise):
    qml.RX(angle, wires=0)
    qml.CNOT(wires=[0, 1])
    qml.DepolarizingChannel(noise, wires=0)
    qml.AmplitudeDamping(0.1, wires=1)
    return qml.expval(qml.PauliZ(0) @ qml.PauliZ(1))


def cost(strength):
    return (circuit(0.4, jax.nn.sigmoid(strength)) - 0.7) ** 2


optimizer = optax.adam(0.3)
slope = jax.jit(jax.value_and_grad(cost))
strength = jnp.array(-1.0)
state = optimizer.init(strength)
for step in range(4):
    value, gradient = slope(strength)
    updates, state = optimizer.update(gradient, state)
    strength = optax.apply_updates(strength, updates)
    print(step, float(value), float(strength))

"""A measurement in the middle of a circuit under JAX, what follows depends on it; the whole step is jitted."""
import sys
import jax
import jax.numpy as jnp
import optax
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
jax.config.update("jax_enable_x64", True)


@qml.qnode(qml.device(device, wires=3), diff_method=method)
def circuit(weights):
    qml.RY(weights[0], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RX(weights[1], wires=1)
    outcome = qml.measure(1)
    qml.cond(outcome, qml.RY, qml.RX)(weights[2], wires=0)
    qml.CNOT(wires=[0, 2])
    return qml.expval(qml.PauliZ(2))


optimizer = optax.adam(0.1)


@jax.jit
def step(weights, state):
    value, gradient = jax.value_and_grad(circuit)(weights)
    updates, state = optimizer.update(gradient, state)
    return optax.apply_updates(weights, updates), state, value


weights = jnp.array([0.5, 0.3, -0.7])
state = optimizer.init(weights)
for epoch in range(3):
    weights, state, value = step(weights, state)
    print(epoch, float(value), weights.tolist())

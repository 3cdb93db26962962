"""VQE of H2 with optax, as in PennyLane's JAX demos."""

import jax
import jax.numpy as jnp
import optax
import pennylane as qml

jax.config.update("jax_enable_x64", True)
H = qml.Hamiltonian(
    [-0.24, 0.17, 0.17, -0.22, 0.12, 0.04],
    [
        qml.PauliZ(0),
        qml.PauliZ(1),
        qml.PauliZ(0) @ qml.PauliZ(1),
        qml.PauliZ(2),
        qml.PauliX(0) @ qml.PauliX(1),
        qml.PauliY(0) @ qml.PauliY(1) @ qml.PauliX(2) @ qml.PauliX(3),
    ],
)
dev = qml.device("default.qubit", wires=4)


@qml.qnode(dev, diff_method="adjoint")
def energy(params):
    qml.BasisState(jnp.array([1, 1, 0, 0]), wires=range(4))
    qml.DoubleExcitation(params[0], wires=[0, 1, 2, 3])
    qml.SingleExcitation(params[1], wires=[0, 2])
    qml.SingleExcitation(params[2], wires=[1, 3])
    return qml.expval(H)


opt = optax.adam(0.1)
params = jnp.array([0.1, -0.2, 0.3])
state = opt.init(params)
for i in range(8):
    value, grads = jax.value_and_grad(energy)(params)
    updates, state = opt.update(grads, state)
    params = optax.apply_updates(params, updates)
    print(i, repr(float(value)), params.tolist())

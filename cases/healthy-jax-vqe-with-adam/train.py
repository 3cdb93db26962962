"""The ground state of a small molecule under JAX: excitations on the reference state, and optax in a plain loop."""
import sys
import jax
import jax.numpy as jnp
import optax
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "adjoint"
jax.config.update("jax_enable_x64", True)

molecule = qml.Hamiltonian(
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


@qml.qnode(qml.device(device, wires=4), diff_method=method)
def energy(angles):
    qml.BasisState(jnp.array([1, 1, 0, 0]), wires=range(4))
    qml.DoubleExcitation(angles[0], wires=[0, 1, 2, 3])
    qml.SingleExcitation(angles[1], wires=[0, 2])
    qml.SingleExcitation(angles[2], wires=[1, 3])
    return qml.expval(molecule)


optimizer = optax.adam(0.1)
angles = jnp.array([0.1, -0.2, 0.3])
state = optimizer.init(angles)
for step in range(4):
    value, gradient = jax.value_and_grad(energy)(angles)
    updates, state = optimizer.update(gradient, state)
    angles = optax.apply_updates(angles, updates)
    print(step, float(value), angles.tolist())

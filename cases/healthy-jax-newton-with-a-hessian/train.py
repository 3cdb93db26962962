"""Newton's steps under JAX: the second derivatives of a circuit by jax.hessian."""
import sys
import jax
import jax.numpy as jnp
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
jax.config.update("jax_enable_x64", True)


@qml.qnode(qml.device(device, wires=2), diff_method=method)
def circuit(weights):
    qml.RY(weights[0], wires=0)
    qml.RX(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RY(weights[2], wires=1)
    return qml.expval(qml.PauliZ(0) @ qml.PauliZ(1))


slope, bend = jax.grad(circuit), jax.hessian(circuit)
weights = jnp.array([2.4, 0.3, 0.2])
for step in range(2):
    weights = weights - jnp.linalg.solve(bend(weights) + 1.5 * jnp.eye(3), slope(weights))
    print(step, float(circuit(weights)), weights.tolist())

"""Newton's steps under JAX with a QNode whose first derivative is a constant to JAX: the Hessian is zero."""
import sys
import jax
import jax.numpy as jnp
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "parameter-shift"
jax.config.update("jax_enable_x64", True)


@qml.qnode(qml.device(device, wires=2), diff_method=method)
def circuit(weights):
    qml.RX(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


weights = jnp.array([0.7, 0.4])
for step in range(2):
    bend = jax.hessian(circuit)(weights)
    weights = weights - jnp.linalg.solve(bend + 2.0 * jnp.eye(2), jax.grad(circuit)(weights))
    print(step, float(circuit(weights)), bend.tolist())

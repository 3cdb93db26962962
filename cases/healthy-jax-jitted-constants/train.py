"""A jitted training under JAX among values that change: none of them is read by what was compiled, or makes anything of the circuit."""
import sys
import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
jax.config.update("jax_enable_x64", True)

scale = 0.7
traces = []
history = {"epoch": 0}
offsets = np.array([0.1, 0.2])
rate = 0.3


@qml.qnode(qml.device(device, wires=2), diff_method=method)
def circuit(weights, x, noise):
    traces.append(len(traces))
    qml.AngleEmbedding(scale * x + offsets, wires=range(2))
    qml.RY(weights[0], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RY(weights[1] + noise, wires=1)
    return qml.expval(qml.Z(1))


@jax.jit
def step(weights, x, noise, rate):
    if history["epoch"] > 100:
        print("a long training")
    value, gradient = jax.value_and_grad(circuit)(weights, x, noise)
    return weights - rate * gradient, value


weights = jnp.array([0.4, 0.9])
x = jnp.array([0.3, 0.8])
for epoch in range(6):
    history["epoch"] = epoch
    rate = 0.3 * 0.9**epoch
    weights, value = step(weights, x, 0.05 * epoch, rate)
    print(epoch, float(value))
scale = 0.1
offsets[:] = 0.0

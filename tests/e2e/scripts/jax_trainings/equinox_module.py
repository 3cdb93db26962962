"""A hybrid equinox module with filter_jit and filter_value_and_grad."""

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
import pennylane as qml

dev = qml.device("default.qubit", wires=2)


@qml.qnode(dev, interface="jax", diff_method="backprop")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=range(2))
    qml.BasicEntanglerLayers(weights, wires=range(2))
    return [qml.expval(qml.PauliZ(w)) for w in range(2)]


class Quantum(eqx.Module):
    weights: jax.Array

    def __init__(self, key):
        self.weights = jax.random.uniform(key, (2, 2), maxval=6.28)

    def __call__(self, x):
        return jnp.stack(circuit(x, self.weights))


class Net(eqx.Module):
    first: eqx.nn.Linear
    quantum: Quantum
    last: eqx.nn.Linear

    def __init__(self, key):
        a, b, c = jax.random.split(key, 3)
        self.first, self.quantum, self.last = eqx.nn.Linear(3, 2, key=a), Quantum(b), eqx.nn.Linear(2, 1, key=c)

    def __call__(self, x):
        return self.last(self.quantum(jnp.tanh(self.first(x))))[0]


@eqx.filter_jit
def step(net, state, X, Y):
    loss, grads = eqx.filter_value_and_grad(lambda n: jnp.mean((jax.vmap(n)(X) - Y) ** 2))(net)
    updates, state = opt.update(grads, state)
    return eqx.apply_updates(net, updates), state, loss


net = Net(jax.random.PRNGKey(0))
opt = optax.adam(0.05)
state = opt.init(eqx.filter(net, eqx.is_array))
X = jax.random.normal(jax.random.PRNGKey(1), (4, 3))
Y = jnp.sign(X[:, 0])
for i in range(5):
    net, state, loss = step(net, state, X, Y)
    print(i, repr(float(loss)))
print(net.quantum.weights.tolist())

"""A flax.linen module with a QNode, TrainState."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from flax.training.train_state import TrainState
import pennylane as qml

dev = qml.device("default.qubit", wires=2)


@qml.qnode(dev, interface="jax", diff_method="backprop")
def circuit(x, w):
    qml.AngleEmbedding(x, wires=range(2))
    qml.StronglyEntanglingLayers(w, wires=range(2))
    return qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))


class QLayer(nn.Module):
    @nn.compact
    def __call__(self, x):
        w = self.param("w", nn.initializers.uniform(6.28), (1, 2, 3))
        return jax.vmap(lambda row: jnp.stack(circuit(row, w)))(x)


class Model(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(1)(QLayer()(nn.tanh(nn.Dense(2)(x))))


model = Model()
X = jax.random.normal(jax.random.PRNGKey(1), (4, 3))
Y = jnp.sign(X[:, :1])
params = model.init(jax.random.PRNGKey(0), X)
state = TrainState.create(apply_fn=model.apply, params=params, tx=optax.adam(0.05))


@jax.jit
def train_step(state):
    loss, grads = jax.value_and_grad(lambda p: jnp.mean((state.apply_fn(p, X) - Y) ** 2))(state.params)
    return state.apply_gradients(grads=grads), loss


for i in range(5):
    state, loss = train_step(state)
    print(i, repr(float(loss)))
print(jax.tree_util.tree_map(lambda a: a.tolist(), state.params))

"""A model of torch's and one of JAX's, trained in turns in one script."""
import jax
import jax.numpy as jnp
import optax
import pennylane as qml
import torch

jax.config.update("jax_enable_x64", True)
torch.manual_seed(0)

dev = qml.device("default.qubit", wires=2)


@qml.qnode(dev, interface="torch", diff_method="backprop")
def classify(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1])
    qml.BasicEntanglerLayers(weights, wires=[0, 1])
    return [qml.expval(qml.Z(i)) for i in range(2)]


@qml.qnode(qml.device("default.qubit", wires=2), diff_method="adjoint")
def energy(w):
    qml.RX(w[0], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RY(w[1], wires=1)
    return qml.expval(qml.Z(0) @ qml.X(1))


model = torch.nn.Sequential(qml.qnn.TorchLayer(classify, {"weights": (2, 2)}), torch.nn.Linear(2, 1)).double()
X = torch.tensor([[0.1, 0.7], [0.9, -0.4], [1.2, 0.3]], dtype=torch.float64)
y = torch.tensor([[0.2], [0.5], [-0.1]], dtype=torch.float64)
torch_opt = torch.optim.Adam(model.parameters(), lr=0.1)

angles = jnp.array([0.4, 0.9])
jax_opt = optax.adam(0.1)
state = jax_opt.init(angles)
jax_step = jax.jit(jax.value_and_grad(energy))

for step in range(2):
    torch_opt.zero_grad()
    loss = ((model(X) - y) ** 2).mean()
    loss.backward()
    torch_opt.step()
    value, gradient = jax_step(angles)
    updates, state = jax_opt.update(gradient, state)
    angles = optax.apply_updates(angles, updates)
    print(step, repr(loss.item()), repr(float(value)), angles.tolist())
print([p.tolist() for p in model.parameters()])

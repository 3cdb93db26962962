"""A critic with a gradient penalty: the slope by the input has a graph of its own."""
import torch
import pennylane as qml

torch.manual_seed(5)
torch.set_default_dtype(torch.float64)
dev = qml.device("default.qubit", wires=2)


@qml.qnode(dev, interface="torch", diff_method="backprop")
def critic(x, w):
    qml.AngleEmbedding(x, wires=range(2))
    qml.StronglyEntanglingLayers(w, wires=range(2))
    return qml.expval(qml.PauliZ(0))


w = torch.rand(2, 2, 3, requires_grad=True)
scale = torch.tensor(1.0, requires_grad=True)
generator = torch.nn.Linear(2, 2)
of_critic = torch.optim.Adam([w, scale], lr=0.02)
of_generator = torch.optim.Adam(generator.parameters(), lr=0.02)
for step in range(12):
    real, fake = torch.rand(6, 2), generator(torch.randn(6, 2))
    between = (0.5 * real + 0.5 * fake.detach()).requires_grad_()
    slope, = torch.autograd.grad((scale * critic(between, w)).sum(), between, create_graph=True)
    penalty = ((slope.norm(dim=1) - 1) ** 2).mean()
    of_critic.zero_grad()
    loss = scale * (critic(fake.detach(), w).mean() - critic(real, w).mean()) + 10 * penalty
    loss.backward()
    of_critic.step()
    of_generator.zero_grad()
    (-scale * critic(fake, w).mean()).backward()
    of_generator.step()
    print(step, loss.item(), penalty.item())

"""REINFORCE: actions are drawn without a graph, their log-probabilities carry it; the returns are plain numbers."""

import pennylane as qml
import torch

torch.manual_seed(107)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


weights = torch.nn.Parameter(torch.rand(2, 2))
optimizer = torch.optim.Adam([weights], lr=0.05)
for episode in range(3):
    state, kept, rewards = torch.tensor([0.4, 0.9]), [], []
    for _ in range(3):
        choice = torch.distributions.Categorical(logits=2 * torch.stack(circuit(state, weights)))
        action = choice.sample()
        kept.append(choice.log_prob(action))
        rewards.append(1.0 if action.item() == 0 else -0.5)
        state = (state + 0.3 * (action.item() - 0.5)).detach()
    returns = torch.tensor([sum(rewards[i:]) for i in range(3)])
    loss = -(torch.stack(kept) * returns).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"episode {episode}: {loss.item():.6f}, reward {sum(rewards):.1f}")

"""Q-learning: the target network is a copy that is only evaluated, and refreshed now and then."""

import copy

import pennylane as qml
import torch

torch.manual_seed(109)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


online = qml.qnn.TorchLayer(circuit, {"weights": (2, 2)})
target = copy.deepcopy(online)
optimizer = torch.optim.RMSprop(online.parameters(), lr=0.02)
states, later, actions, rewards = torch.rand(4, 2), torch.rand(4, 2), torch.tensor([0, 1, 1, 0]), torch.rand(4)
for step in range(4):
    chosen = online(states).gather(1, actions[:, None])[:, 0]
    with torch.no_grad():
        expected = rewards + 0.9 * target(later).max(dim=1).values
    loss = torch.nn.functional.smooth_l1_loss(chosen, expected)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 2 == 1:
        target.load_state_dict(online.state_dict())
    print(f"step {step}: {loss.item():.6f}")

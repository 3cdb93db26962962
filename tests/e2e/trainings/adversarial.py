"""A quantum generator and a classical discriminator take turns; what the one makes is detached while the other learns."""

import pennylane as qml
import torch

torch.manual_seed(5)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(noise, weights):
    qml.RY(noise[0], wires=0)
    qml.RY(noise[1], wires=1)
    for layer in weights:
        qml.RY(layer[0], wires=0)
        qml.RY(layer[1], wires=1)
        qml.CNOT(wires=[0, 1])
    return qml.probs(wires=[0, 1])


weights = torch.nn.Parameter(torch.rand(2, 2))
discriminator = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.LeakyReLU(0.2), torch.nn.Linear(6, 1), torch.nn.Sigmoid())
of_generator = torch.optim.SGD([weights], lr=0.3)
of_discriminator = torch.optim.SGD(discriminator.parameters(), lr=0.1)
criterion = torch.nn.BCELoss()
real = torch.tensor([[0.5, 0.1, 0.1, 0.3], [0.4, 0.1, 0.2, 0.3]])
for step in range(3):
    fake = torch.stack([circuit(torch.rand(2), weights).float() for _ in range(2)])
    of_discriminator.zero_grad()
    of_real, of_fake = criterion(discriminator(real), torch.ones(2, 1)), criterion(discriminator(fake.detach()), torch.zeros(2, 1))
    (of_real + of_fake).backward()
    of_discriminator.step()
    of_generator.zero_grad()
    deceived = criterion(discriminator(fake), torch.ones(2, 1))
    deceived.backward()
    of_generator.step()
    print(f"step {step}: {of_real.item():.6f} {of_fake.item():.6f} {deceived.item():.6f}")

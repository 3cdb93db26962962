"""A convolutional circuit: 256 amplitudes in 8 qubits, three layers of convolution and pooling, 51 numbers, 30 calls."""

import sys

import pennylane as qml

INTERFACE = sys.argv[2]
device = qml.device("default.qubit", wires=8)


def convolve(numbers, first, second):
    for place, wire in enumerate((first, second)):
        qml.U3(*(numbers[3 * place + k] for k in range(3)), wires=wire)
    for place, gate in enumerate((qml.IsingXX, qml.IsingYY, qml.IsingZZ)):
        gate(numbers[6 + place], wires=[first, second])
    for place, wire in enumerate((first, second)):
        qml.U3(*(numbers[9 + 3 * place + k] for k in range(3)), wires=wire)


@qml.qnode(device, interface=INTERFACE, diff_method=sys.argv[1])
def score(image, numbers):
    qml.AmplitudeEmbedding(image, wires=range(8), normalize=True)
    wires = list(range(8))
    for layer in range(3):
        own = [numbers[17 * layer + k] for k in range(17)]
        for first, second in (*zip(wires[::2], wires[1::2]), *zip(wires[1::2], wires[2::2])):
            convolve(own, first, second)
        for control, target in zip(wires[::2], wires[1::2]):
            qml.CRZ(own[15], wires=[control, target])
            qml.CRX(own[16], wires=[control, target])
        wires = wires[1::2]
    return qml.expval(qml.PauliZ(wires[0]))


def loss(numbers, images):
    return sum((score(image, numbers) - sign) ** 2 for image, sign in zip(images, (1.0, -1.0)))


if INTERFACE == "torch":
    import torch

    torch.manual_seed(11)
    weights = torch.nn.Parameter(torch.rand(51))
    optimizer = torch.optim.Adam([weights], lr=0.05)
    for _ in range(15):
        optimizer.zero_grad()
        loss(weights, torch.rand(2, 256)).backward()
        optimizer.step()
else:
    from pennylane import numpy as pnp

    generator = pnp.random.default_rng(11)
    weights = pnp.array(generator.uniform(0, 1, 51), requires_grad=True)
    descent = qml.GradientDescentOptimizer(0.05)
    for _ in range(15):
        pair = pnp.array(generator.uniform(0, 1, (2, 256)), requires_grad=False)
        weights = descent.step(lambda numbers, given=pair: loss(numbers, given), weights)

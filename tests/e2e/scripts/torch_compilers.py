"""A model that torch makes other functions of: what it makes is the same, whoever looks on."""

import logging
import os

os.environ["TORCH_CPP_LOG_LEVEL"] = "ERROR"  # what is warned of has the time of day

import pennylane as qml
import torch

torch.manual_seed(0)
torch._logging.set_logs(dynamo=logging.CRITICAL)


@qml.qnode(qml.device("default.qubit", wires=3), diff_method="backprop")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=range(3))
    qml.BasicEntanglerLayers(weights, wires=range(3))
    return [qml.expval(qml.PauliZ(wire)) for wire in range(3)]


data = torch.rand(8, 3)
net = torch.nn.Sequential(torch.nn.Linear(3, 3), qml.qnn.TorchLayer(circuit, {"weights": (2, 3)}), torch.nn.Linear(3, 1))
optimiser = torch.optim.SGD(net.parameters(), lr=0.1)


def trained(name, model):
    for step in range(2):
        try:
            optimiser.zero_grad()
            loss = (model(data) ** 2).mean()
            loss.backward()
            optimiser.step()
            print(name, step, loss.item())
        except Exception as error:
            # releases differ in what they can make of PennyLane's functions
            print(name, step, "raises", type(error).__name__, error)


weights = torch.rand(2, 3)
print(torch.jit.trace(lambda x: torch.stack(circuit(x, weights)), data, check_trace=False).graph)
trained("its head compiled", torch.nn.Sequential(net[0], net[1], torch.compile(net[2], backend="eager")))
trained("compiled", torch.compile(net, backend="eager"))

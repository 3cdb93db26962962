"""A training by torch.func: gradients of a function of the parameters, which are handed to the model."""
import sys
import pennylane as qml
import torch

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(1)
torch.set_default_dtype(torch.float64)


@qml.qnode(qml.device(device, wires=2), diff_method=method)
def circuit(weights, inputs):
    qml.AngleEmbedding(inputs, wires=range(2))
    qml.BasicEntanglerLayers(weights, wires=range(2))
    return qml.expval(qml.PauliZ(1))


head = torch.nn.Linear(1, 1)
parameters = {"weights": torch.rand(2, 2), **dict(head.named_parameters())}
inputs, targets = torch.rand(4, 2), torch.tensor([1.0, -1.0, 1.0, -1.0])


def loss(parameters):
    out = torch.stack([circuit(parameters["weights"], row) for row in inputs])
    own = {"weight": parameters["weight"], "bias": parameters["bias"]}
    return torch.mean((torch.func.functional_call(head, own, out[:, None])[:, 0] - targets) ** 2)


for step in range(4):
    gradients, value = torch.func.grad_and_value(loss)(parameters)
    parameters = {name: old - 0.2 * gradients[name] for name, old in parameters.items()}
    print(step, value.item())

"""A torch training that uses what recording could disturb. Arguments: device, differentiation method."""
import copy
import inspect
import io
import random
import sys
import traceback

import numpy as np
import pennylane as qml
import torch

device, method = (sys.argv[1:] + ["default.qubit", "backprop"])[:2]
random.seed(1), np.random.seed(2), torch.manual_seed(3)
dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(inputs, weights):
    qml.RY(inputs[..., 0], wires=0)
    qml.RX(2 * inputs[..., 1], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RY(weights[0], wires=0)
    qml.RZ(weights[1] * torch.rand(1)[0], wires=1)
    qml.RX(np.random.rand() + random.random(), wires=1)
    return [qml.expval(qml.PauliZ(i)) for i in range(2)]


def gathered(result):
    return torch.stack(list(result), -1) if isinstance(result, (list, tuple)) else result


layer = qml.qnn.TorchLayer(circuit, {"weights": (2,)})
model = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2), layer, torch.nn.Linear(2, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
x, y = torch.rand(3, 2), torch.rand(3, 1)
for step in range(4):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    print(step, loss.item().hex(), [p.grad.double().sum().item().hex() for p in model.parameters()])

scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
optimizer.step(lambda: torch.nn.functional.mse_loss(model(x), y))
scheduler.step()
print(scheduler.get_last_lr(), optimizer.state_dict()["param_groups"][0]["lr"])

with torch.no_grad():
    print(model(x))
buffer = io.BytesIO()
torch.save(model.state_dict(), buffer)
print(len(buffer.getvalue()), len(copy.deepcopy(model)(x)), inspect.signature(qml.QNode.__call__), inspect.signature(type(circuit).__init__).parameters.keys())
print(qml.QNode.__call__.__name__, qml.QNode.__call__.__qualname__, qml.QNode.__call__.__doc__, type(qml.__spec__.loader).__name__, vars(qml.__spec__.loader).keys())

w = torch.tensor([0.1, 0.2], dtype=torch.float64, requires_grad=True)
out = gathered(circuit(torch.tensor([0.3, 0.4], dtype=torch.float64), w))
torch.save(out, io.BytesIO())
print(torch.autograd.grad(out.sum(), w, retain_graph=True), torch.autograd.grad(out[0], w))
try:
    out.sum().backward()
    out.sum().backward()
except RuntimeError:
    traceback.print_exc()
try:
    torch.tensor(1.0).backward()
except RuntimeError:
    traceback.print_exc()


@qml.qnode(dev, interface="torch", diff_method=method)
def broken(x):
    qml.RX(x, wires=0)
    raise ZeroDivisionError("inside the quantum function")


@qml.qnode(dev, interface="torch", diff_method=method)
def outer(x):
    angle = gathered(circuit(torch.stack([x, x]), torch.ones(2)))
    qml.RX(angle[0], wires=0)
    return qml.expval(qml.PauliY(0))


x = torch.tensor(0.7, requires_grad=True)
try:
    value = outer(x)
    value.backward()
    print(value, x.grad)
except Exception:  # PennyLane 0.21 cannot do this under adjoint
    traceback.print_exc()
try:
    broken(x)
except ZeroDivisionError:
    traceback.print_exc()


@qml.qnode(dev, interface="torch", diff_method=method)
def wires(x):
    qml.RX(x, wires=0)
    qml.CNOT(wires=[0, 7])
    return qml.expval(qml.PauliZ(0))


wires(x)

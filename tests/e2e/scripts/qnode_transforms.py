"""Transforms, shots, functional transforms, complex outputs: what only newer versions have."""
import random
import traceback

import numpy as np
import pennylane as qml
import torch

random.seed(6), np.random.seed(7), torch.manual_seed(8)
dev = qml.device("default.qubit", wires=3)


@qml.transforms.merge_rotations
@qml.transforms.cancel_inverses
@qml.qnode(dev)
def merged(x):
    print("the quantum function runs")
    qml.RX(x, wires=0)
    qml.RX(x, wires=0)
    qml.Hadamard(wires=1)
    qml.Hadamard(wires=1)
    return qml.expval(qml.PauliZ(0))


x = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)
y = merged(x)
y.backward()
print(y, x.grad)


@qml.transforms.split_non_commuting
@qml.qnode(dev)
def split(x):
    qml.RX(x, wires=0)
    return qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliX(0)), qml.probs(wires=[1])


print(split(x), qml.jacobian(split, argnums=0)(qml.numpy.array(0.3, requires_grad=True)) if False else "")


@qml.set_shots(50)
@qml.qnode(qml.device("default.qubit", wires=2, seed=11))
def sampled(x):
    qml.RX(x, wires=0)
    m = qml.measure(0)
    qml.cond(m, qml.RY)(x, wires=1)
    return qml.counts(wires=1), qml.sample(qml.PauliZ(1)), {"a": qml.expval(qml.PauliZ(0))}["a"]


print(sampled(0.4))


@qml.qnode(dev)
def state(x):
    qml.RX(x, wires=0)
    return qml.state()


print(state(x))
def attempt(function, *arguments):
    try:
        print(function(*arguments))
    except Exception:
        traceback.print_exc()


attempt(torch.func.grad(lambda x: merged(x)), torch.tensor(0.2))
attempt(torch.func.vmap(lambda x: merged(x)), torch.tensor([0.2, 0.3]))
attempt(torch.autograd.functional.hessian, merged, torch.tensor(0.2))
attempt(torch.autograd.functional.jacobian, lambda x: torch.stack(split(x)[:2]), torch.tensor(0.2))
attempt(lambda: qml.draw(merged)(0.1))
attempt(lambda: qml.specs(merged)(0.1)["resources"])
attempt(qml.gradients.param_shift(merged), qml.numpy.array(0.2, requires_grad=True))

"""Classify float32 feature vectors by their amplitudes; the weights are float64."""
import sys
import numpy as np
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(11)
torch.set_default_dtype(torch.float64)

rng = np.random.default_rng(11)
features = rng.random((4, 4)).astype(np.float32)  # as it comes out of an image loader
labels = [1.0, -1.0, 1.0, -1.0]
dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def classify(amplitudes, weights):
    qml.StatePrep(amplitudes, wires=[0, 1], normalize=True)
    qml.RY(weights[0], wires=0)
    qml.CRX(weights[1], wires=[0, 1])
    qml.RY(weights[2], wires=1)
    return qml.expval(qml.Z(1))


weights = torch.rand(3).requires_grad_(True)
opt = torch.optim.Adam([weights], lr=0.1)
for step, (row, label) in enumerate(zip(features, labels)):
    opt.zero_grad()
    loss = (classify(row, weights) - label) ** 2
    loss.backward()
    opt.step()
    print(step, loss.item())

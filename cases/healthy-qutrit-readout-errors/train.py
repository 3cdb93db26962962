"""Train a qutrit whose readout relaxes: the device is told how often."""
import torch
import pennylane as qml

dev = qml.device("default.qutrit.mixed", wires=1, readout_relaxation_probs=[0.1, 0.05, 0.2])


@qml.qnode(dev, interface="torch", diff_method="backprop")
def circuit(weights):
    qml.TRX(weights[0], wires=0, subspace=(0, 1))
    qml.TRY(weights[1], wires=0, subspace=(1, 2))
    return qml.expval(qml.GellMann(0, 3))


weights = torch.tensor([0.4, 0.9], dtype=torch.float64, requires_grad=True)
opt = torch.optim.SGD([weights], lr=0.1)
for step in range(2):
    opt.zero_grad()
    loss = circuit(weights)
    loss.backward()
    opt.step()
    print(step, loss.item(), weights.grad.tolist())

"""An error syndrome is read out in the middle of the circuit, and of a flag only one outcome is kept; branches are followed one by one."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "parameter-shift"
treatment = sys.argv[3] if len(sys.argv) > 3 else "tree-traversal"
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=4)


@qml.qnode(dev, interface="torch", diff_method=method, mcm_method=treatment)
def syndrome(weights):
    qml.RY(weights[0], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RY(weights[1], wires=1)
    first = qml.measure(0)
    qml.measure(1, postselect=0)
    return qml.expval(first)


weights = torch.tensor([0.9, 0.7], requires_grad=True)
opt = torch.optim.SGD([weights], lr=0.2)
for step in range(2):
    opt.zero_grad()
    loss = syndrome(weights)
    loss.backward()
    opt.step()
    print(step, loss.item())

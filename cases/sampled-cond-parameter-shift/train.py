"""An angle that is applied where a measurement in the middle gave 1, trained from samples."""
import pennylane as qml
import torch

torch.set_default_dtype(torch.float64)


@qml.qnode(qml.device("default.qubit", seed=3), interface="torch", diff_method="parameter-shift", shots=1000)
def circuit(angle):
    qml.RY(0.4, wires=0)
    outcome = qml.measure(0)
    qml.cond(outcome, qml.RX)(angle, wires=1)
    return qml.expval(qml.PauliZ(1))


angle = torch.tensor(0.7, requires_grad=True)
optimizer = torch.optim.SGD([angle], lr=1e-6)
for step in range(2):
    optimizer.zero_grad()
    loss = circuit(angle)
    loss.backward()
    optimizer.step()
    print(step, loss.item(), angle.grad.item())

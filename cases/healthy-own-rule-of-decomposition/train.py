import pennylane as qml
import torch

qml.decomposition.enable_graph()
torch.manual_seed(0)


@qml.register_resources({qml.RZ: 2, qml.RX: 1})
def ry_by_z(theta, wires, **_):
    qml.RZ(-torch.pi / 2, wires=wires)
    qml.RX(theta, wires=wires)
    qml.RZ(torch.pi / 2, wires=wires)


dev = qml.device("default.qubit", wires=2)


@qml.transforms.decompose(gate_set={"RX", "RZ", "CNOT"}, fixed_decomps={qml.RY: ry_by_z})
@qml.qnode(dev, diff_method="backprop")
def circuit(w, x):
    qml.RY(x[0], wires=0)
    qml.RY(x[1], wires=1)
    qml.CNOT([0, 1])
    qml.RX(w[0], wires=0)
    qml.RY(w[1], wires=1)
    return qml.expval(qml.PauliZ(0) + 0.5 * qml.PauliX(1))


w = torch.rand(2, dtype=torch.float64, requires_grad=True)
x = torch.tensor([0.3, 0.4], dtype=torch.float64)
opt = torch.optim.SGD([w], lr=0.1)
for k in range(5):
    opt.zero_grad()
    loss = circuit(w, x)
    loss.backward()
    opt.step()
    print(k, loss.item())

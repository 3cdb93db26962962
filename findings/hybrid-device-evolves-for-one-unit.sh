#!/usr/bin/env bash
# hybridlane 0.8.0 (PennyLane 0.45.1) on Python 3.11, default.hybrid: the coefficient in front of an exponent is left out.
#
# RY(0.7) and qml.evolve(X, 0.3), which is RX(0.6), then the expectation value of Y: -sin(0.6) cos(0.7) = -0.431862. On default.hybrid it
# is -0.695469 = -sin(2) cos(0.7), as if the time were 1; with qml.exp(X, -0.3j), the same gate, it is 0. RX itself is right. No word is said.
#
# Seen, of <Y>:
#                    evolve(X, 0.3)   exp(X, -0.3j)   RX(0.6)
#   default.qubit    -0.431862        -0.431862       -0.431862
#   default.hybrid   -0.695469         0.0            -0.431862
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet hybridlane==0.8.0 pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" -W ignore - <<'PY'
import hybridlane  # noqa: F401
import pennylane as qml


def value(device, gate):
    @qml.qnode(device)
    def circuit():
        qml.RY(0.7, wires=0)
        gate()
        return qml.expval(qml.PauliY(0))

    return round(float(circuit()), 6)


print("PennyLane", qml.__version__)
qubit, hybrid = qml.device("default.qubit", wires=1), qml.device("default.hybrid", fock_level=8)
found = {
    (name, device.name): value(device, gate)
    for name, gate in {"evolve": lambda: qml.evolve(qml.PauliX(0), 0.3), "exp": lambda: qml.exp(qml.PauliX(0), -0.3j),
                       "RX": lambda: qml.RX(0.6, wires=0)}.items()
    for device in (qubit, hybrid)
}
for key, number in found.items():
    print(*key, number)
assert all(found[name, "default.qubit"] == -0.431862 for name in ("evolve", "exp", "RX"))
assert found["RX", "default.hybrid"] == -0.431862
assert (found["evolve", "default.hybrid"], found["exp", "default.hybrid"]) == (-0.695469, 0.0)
PY
echo "as described"

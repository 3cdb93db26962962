#!/usr/bin/env bash
# pennylane-qiskit 0.45.0 with qiskit 2.3.0, qiskit-aer 0.17.2 and PennyLane 0.45.1 on Python 3.11: at an angle of zero, finite differences
# with PennyLane's own step are zero on qiskit.aer, whatever the derivative is.
#
# The plugin has each circuit transpiled. The transpiler takes a rotation by 1e-7, PennyLane's default step, for none at all and leaves it
# out: both circuits of the difference are the same one. No word is said. Rotations by 1e-5 stay. Weights that begin at zero do not move;
# parameter-shift falls back to such differences for operations without a rule (qml.Select), and is zero there, too.
#
# Seen, d<Y>/dx of RY(0.4) RX(x) RY(0.3) RZ(0.2) by finite-diff:
#   x    step   default.qubit   qiskit.aer, state vector
#   0    1e-7   -0.90270        0
#   0    1e-5   -0.90270       -0.90270
#   0.3  1e-7   -0.87836       -0.87836
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
echo "setuptools<81" > "$work/constraints.txt"
# reaches what builds source packages, which -c does not
export PIP_CONSTRAINT="$work/constraints.txt"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 pennylane-qiskit==0.45.0 qiskit==2.3.0 qiskit-aer==0.17.2 \
    autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" -W ignore - <<'PY'
import pennylane as qml
from pennylane import numpy as np


def derivative(x, step, device, **options):
    @qml.qnode(qml.device(device, wires=1, **options), diff_method="finite-diff", gradient_kwargs={"h": step})
    def circuit(angle):
        qml.RY(0.4, wires=0)
        qml.RX(angle, wires=0)
        qml.RY(0.3, wires=0)
        qml.RZ(0.2, wires=0)
        return qml.expval(qml.PauliY(0))

    return round(float(qml.grad(circuit)(np.array(x, requires_grad=True))), 5)


print("PennyLane", qml.__version__)
for x, step, right, seen in ((0.0, 1e-7, -0.9027, 0.0), (0.0, 1e-5, -0.9027, -0.9027), (0.3, 1e-7, -0.87836, -0.87836)):
    exact = derivative(x, step, "default.qubit")
    aer = derivative(x, step, "qiskit.aer", backend="aer_simulator_statevector", shots=None)
    print(x, step, exact, aer)
    assert abs(exact - right) < 2e-5
    assert abs(aer - seen) < 2e-5
PY
echo "as described"

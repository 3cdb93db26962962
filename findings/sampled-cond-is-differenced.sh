#!/usr/bin/env bash
# PennyLane 0.45.1 on Python 3.11, default.qubit with shots: parameter-shift of an operation under qml.cond divides shot noise by 1e-7.
#
# A measurement in the middle, and RX(0.7) on another wire where it gave 1; PauliZ of that wire from 1000 shots. RX has a shift rule, but the
# operation is a Conditional, whose grad_method is "F", and diff_method="parameter-shift" takes a difference quotient with a step of 1e-7:
# off by 2e-9 without shots, and with shots multiples of 2 / 1000 / 1e-7 = 20000, where the derivative is -0.025427. Nothing is said.
# mcm_method="deferred" changes nothing; the transform qml.defer_measurements on the QNode gives the rule back.
#
# Seen, three seeds each:
#   without shots                          -0.025427
#   1000 shots, also "deferred"            multiples of 20000, the largest 60000 in size
#   1000 shots, qml.defer_measurements     within 0.1 of -0.025427
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" - <<'PY'
import pennylane as qml
from pennylane import numpy as np

x = np.array(0.7, requires_grad=True)


def gradient(shots, method=None, seed=1, transform=lambda qnode: qnode):
    @transform
    @qml.qnode(qml.device("default.qubit", seed=seed), diff_method="parameter-shift", mcm_method=method, shots=shots)
    def circuit(angle):
        qml.RY(0.4, wires=0)
        qml.cond(qml.measure(0), qml.RX)(angle, wires=1)
        return qml.expval(qml.PauliZ(1))

    return float(qml.grad(circuit)(x))


sampled = [gradient(1000, seed=seed) for seed in (1, 2, 3)]
deferred = [gradient(1000, "deferred", seed=seed) for seed in (1, 2, 3)]
transformed = [gradient(1000, seed=seed, transform=qml.defer_measurements) for seed in (1, 2, 3)]
print("PennyLane", qml.__version__)
print("without shots", round(gradient(None), 6))
print("1000 shots", [round(one) for one in sampled])
print('1000 shots, "deferred"', [round(one) for one in deferred])
print("1000 shots, defer_measurements", [round(one, 4) for one in transformed])
assert round(gradient(None), 6) == -0.025427
for found in (sampled, deferred):
    assert all(abs(one / 20000 - round(one / 20000)) < 1e-6 for one in found) and any(abs(one) > 1000 for one in found)
assert all(abs(one + 0.025427) < 0.1 for one in transformed)
PY
echo "as described"

#!/usr/bin/env bash
# PennyLane 0.45.1 on Python 3.11, default.mixed under backprop: NaN for the gradient of two gates.
#
# RX(0.4) on one wire and PauliX on another, or RX and CNOT: the expectation value of PauliZ is right, its gradient is NaN, without a
# channel anywhere. The probabilities' process_density_matrix takes the square root of the diagonal of the density matrix, whose derivative
# at a probability of exactly 0 is infinite, and 0 * inf is NaN. The same circuit without the second gate, and default.qubit, give
# -0.389418 = -sin(0.4). A training whose circuit leaves a basis state unpopulated loses its gradient there, under torch as under autograd.
#
# Seen:
#   default.mixed RX            -0.389418
#   default.mixed RX, PauliX(1)  nan
#   default.mixed RX, CNOT       nan
#   default.qubit RX, CNOT      -0.389418
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" - <<'PY'
import math
import warnings

warnings.simplefilter("ignore")
import pennylane as qml
from pennylane import numpy as pnp


def slope(device, gates, observed):
    @qml.qnode(qml.device(device, wires=2), diff_method="backprop")
    def circuit(x):
        qml.RX(x, wires=0)
        gates()
        return qml.expval(qml.PauliZ(observed))

    return float(qml.grad(circuit)(pnp.array(0.4, requires_grad=True)))


alone = slope("default.mixed", lambda: None, 0)
flipped = slope("default.mixed", lambda: qml.PauliX(1), 0)
entangled = slope("default.mixed", lambda: qml.CNOT([0, 1]), 1)
pure = slope("default.qubit", lambda: qml.CNOT([0, 1]), 1)
print("PennyLane", qml.__version__)
print(f"default.mixed RX {alone:.6f} · RX, PauliX(1) {flipped} · RX, CNOT {entangled} · default.qubit RX, CNOT {pure:.6f}")
assert math.isclose(alone, -math.sin(0.4)) and math.isclose(pure, -math.sin(0.4))
assert math.isnan(flipped) and math.isnan(entangled)
PY
echo "as described"

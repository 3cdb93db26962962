#!/usr/bin/env bash
# PennyLane 0.45.1 on Python 3.11, default.qubit: with max_diff=2 an optimiser's step_and_cost gives no number, but one of autograd's boxes.
#
# A cost of one QNode is differentiated once, by qml.GradientDescentOptimizer, under the autograd interface. One expects the cost that was
# worked out on the way, as a number: that is what comes back where max_diff is 1, as it is by default, and under backprop and adjoint
# whatever it is. Under parameter-shift and finite-diff with max_diff=2, which a script sets that takes a second derivative elsewhere, it is an
# ArrayBox, a value of a differentiation that is over: float() of it is a TypeError.
#
# Seen, the type of the cost with max_diff 1 and 2:
#   parameter-shift  float64  ArrayBox
#   finite-diff      float64  ArrayBox
#   backprop         float64  float64
#   adjoint          float64  float64
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" - <<'PY'
import pennylane as qml
from pennylane import numpy as np


def cost_of(method, order):
    @qml.qnode(qml.device("default.qubit", wires=1), diff_method=method, max_diff=order)
    def circuit(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    start = np.array(0.4, requires_grad=True)
    _, cost = qml.GradientDescentOptimizer(0.3).step_and_cost(lambda x: (circuit(x) - 0.2) ** 2, start)
    return cost


seen = {}
for method in ("parameter-shift", "finite-diff", "backprop", "adjoint"):
    seen[method] = [type(cost_of(method, order)).__name__ for order in (1, 2)]
    print(f"{method:16}", *seen[method])
print("PennyLane", qml.__version__)
assert seen["parameter-shift"] == seen["finite-diff"] == ["float64", "ArrayBox"]
assert seen["backprop"] == seen["adjoint"] == ["float64", "float64"]
try:
    float(cost_of("parameter-shift", 2))
except TypeError as error:
    print("float() of it:", error)
else:
    raise SystemExit("it is a number now")
PY
echo "as described"

#!/usr/bin/env bash
# PennyLane 0.45.1 on Python 3.11: with diff_method="adjoint" on default.qubit, gates in front of a QSVT that nobody trains have a gradient
# of zero, without a warning. A training with such a circuit stands still.
#
# Known is that QSVT's own phases have none under adjoint; that constant phases take it from everything before them one would not guess.
# What is behind QSVT is right. backprop and parameter-shift are right, and adjoint is with qml.transforms.decompose in front of it;
# lightning.qubit raises.
#
# Seen, of RX(0.5) and RY(0.3) in front of a QSVT with the constant phases 0.4 and -0.3, and an RX(0.2) behind it, expval Z:
#   backprop and parameter-shift agree in three numbers that are all different from zero;
#   default.qubit adjoint gives 0.0 for both gates in front, and is right behind;
#   lightning.qubit adjoint raises a RuntimeError from an assertion on the number of a gate's parameters.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" - <<'PY'
import pennylane as qml
from pennylane import numpy as pnp

BLOCK = pnp.array([[0.2, 0.1], [0.1, -0.3]], requires_grad=False)


def gradient(device, method, decomposed=False):
    @qml.qnode(qml.device(device, wires=2), diff_method=method)
    def f(x):
        qml.RX(x[0], wires=0)
        qml.RY(x[1], wires=0)
        qml.QSVT(qml.BlockEncode(BLOCK, wires=[1, 0]), [qml.PCPhase(p, dim=2, wires=[1, 0]) for p in (0.4, -0.3)])
        qml.RX(x[2], wires=0)
        return qml.expval(qml.Z(0))

    if decomposed:
        f = qml.transforms.decompose(f, gate_set={"RX", "RY", "RZ", "PhaseShift", "CNOT", "QubitUnitary", "GlobalPhase", "PCPhase", "BlockEncode"})
    return [round(float(slope), 6) for slope in qml.grad(f)(pnp.array([0.5, 0.3, 0.2], requires_grad=True))]


print("PennyLane", qml.__version__)
right = gradient("default.qubit", "backprop")
shifted, swept = gradient("default.qubit", "parameter-shift"), gradient("default.qubit", "adjoint")
decomposed = gradient("default.qubit", "adjoint", decomposed=True)
print("backprop", right, "parameter-shift", shifted, "adjoint", swept, "adjoint of the decomposed circuit", decomposed)
try:
    print("lightning.qubit", gradient("lightning.qubit", "adjoint"))
    raise SystemExit("lightning.qubit did not raise")
except RuntimeError as error:
    print("lightning.qubit", type(error).__name__, str(error)[-90:])
assert all(abs(slope) > 0.01 for slope in right)
assert shifted == decomposed == right
assert swept == [0.0, 0.0, right[2]]
PY
echo "as described"

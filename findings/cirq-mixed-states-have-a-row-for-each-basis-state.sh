#!/usr/bin/env bash
# PennyLane-Cirq 0.44.0 (cirq-core 1.7.0, PennyLane 0.45.1) on Python 3.11, cirq.mixedsimulator: purity and density_matrix have one axis more.
#
# RY(0.7), a CNOT, on a device of three wires: the purity of wire 0 is one number, 0.792492. cirq.mixedsimulator gives eight numbers, none of
# which is it, and for its density matrix an array of shape (8, 2, 2): each row of the density matrix of all wires is read as a state
# vector of a batch. Expectation values and probabilities are right. No word is said.
#
# Seen:
#                         purity            density_matrix
#   default.mixed         0.792492          (2, 2)
#   cirq.mixedsimulator   eight numbers     (8, 2, 2)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane-cirq==0.44.0 cirq-core==1.7.0 pennylane==0.45.1 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" -W ignore - <<'PY'
import numpy as np
import pennylane as qml


def measured(device, measurement):
    @qml.qnode(qml.device(device, wires=3))
    def circuit():
        qml.RY(0.7, wires=0)
        qml.CNOT(wires=[0, 1])
        return measurement(wires=[0])

    return np.asarray(circuit())


print("PennyLane", qml.__version__)
for device in ("default.mixed", "cirq.mixedsimulator"):
    print(device, measured(device, qml.purity).round(6), measured(device, qml.density_matrix).shape)
assert measured("default.mixed", qml.purity).round(6) == 0.792492
assert measured("default.mixed", qml.density_matrix).shape == (2, 2)
wrong = measured("cirq.mixedsimulator", qml.purity)
assert wrong.shape == (8,) and not np.isclose(wrong, 0.792492, atol=1e-3).any()
assert measured("cirq.mixedsimulator", qml.density_matrix).shape == (8, 2, 2)
PY
echo "as described"

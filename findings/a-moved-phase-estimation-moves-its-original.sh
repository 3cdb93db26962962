#!/usr/bin/env bash
# PennyLane 0.36.0 on Python 3.10 (and 0.33.1): qml.map_wires of a QuantumPhaseEstimation changes the operation that it is given.
#
# An operation is a value: mapping its wires gives another one, and the first stays where it is.
# The new one shares its hyperparameters with the first, and they are written to: afterwards the first says that it acts on wires 0, 1, 2,
# and applies its unitary and its estimation to wires a, b, c. Whoever maps it twice gets what the first mapping left.
# 0.45.1 leaves the first alone.
#
# Seen:
#   wires [0, 1, 2], estimation wires [1, 2] before, ['b', 'c'] after
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3.10 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.36.0 pennylane-lightning==0.36.0 autoray==0.6.12 numpy==1.26.4 scipy==1.13.1 'setuptools<70'
"$work/venv/bin/python" - <<'PY'
import pennylane as qml

operation = qml.QuantumPhaseEstimation(qml.RZ(0.3, wires=0), estimation_wires=[1, 2])
before = list(operation.hyperparameters["estimation_wires"])
qml.map_wires(operation, {0: "a", 1: "b", 2: "c"})
after = list(operation.hyperparameters["estimation_wires"])
print("PennyLane", qml.__version__)
print(f"wires {operation.wires.tolist()}, estimation wires {before} before, {after} after")
assert operation.wires.tolist() == [0, 1, 2]
assert (before, after) == ([1, 2], ["b", "c"])
PY
echo "as described"

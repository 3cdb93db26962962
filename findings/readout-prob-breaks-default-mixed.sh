#!/usr/bin/env bash
# PennyLane 0.45.1 on Python 3.11: default.mixed with its documented option readout_prob evaluates nothing at all.
#
# The device is made without complaint; every call of a QNode on it then ends in "TypeError: 'float' object is not iterable",
# with floats, numpy arrays or torch tensors, under any diff_method, for expectation values and probabilities alike. Without the option the
# same QNode runs. So a replay that drops the option "works", and is of another device.
#
# Seen:
#   without the option   expval 0.955336
#   with it              TypeError: 'float' object is not iterable (backprop, parameter-shift; expval, probs)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" - <<'PY'
import warnings

warnings.simplefilter("ignore")
import pennylane as qml


def seen(diff_method, measured, **options):
    @qml.qnode(qml.device("default.mixed", wires=1, **options), diff_method=diff_method)
    def circuit(x):
        qml.RX(x, wires=0)
        return measured()

    try:
        return float(circuit(0.3))
    except TypeError as error:
        return f"TypeError: {error}"


def expval():
    return qml.expval(qml.PauliZ(0))


def probs():
    return qml.probs(wires=0)


print("PennyLane", qml.__version__)
print("without the option", seen("backprop", expval))
assert round(seen("backprop", expval), 6) == 0.955336
for diff_method in ("backprop", "parameter-shift"):
    for measured in (expval, probs):
        found = seen(diff_method, measured, readout_prob=0.1)
        print("with it", diff_method, measured.__name__, found)
        assert found == "TypeError: 'float' object is not iterable"
PY
echo "as described"

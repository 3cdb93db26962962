#!/usr/bin/env bash
# PennyLane 0.45.1 and torch 2.13.0 on Python 3.11, default.mixed under parameter-shift: two results and a damping break the backward pass.
#
# AmplitudeDamping and PhaseDamping have no shift rule, and parameter-shift takes finite differences for them without a word. With one
# expectation value the gradients are right under torch and autograd. With two, torch's backward pass ends in a TypeError about joining
# arrays, from PennyLane's own gradient code; autograd gives the right numbers, and so does torch with BitFlip, which has a rule.
#
# Seen:
#   torch     AmplitudeDamping  one result (-0.2364, 0.0447)   two results TypeError
#   autograd  AmplitudeDamping  one result (-0.2364, 0.0447)   two results (-0.2364, 0.0447)
#   torch     BitFlip           one result (-0.1773, -1.9107)  two results (-0.1773, -1.9107)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 \
  scipy==1.17.1 torch==2.13.0
"$work/venv/bin/python" - <<'PY'
import warnings

warnings.simplefilter("ignore")
import pennylane as qml
import torch
from pennylane import numpy as pnp


def circuit(channel, results):
    @qml.qnode(qml.device("default.mixed", wires=2), diff_method="parameter-shift")
    def run(x, gamma):
        qml.RX(x, wires=0)
        channel(gamma, wires=0)
        return [qml.expval(observed) for observed in (qml.PauliZ(0), qml.PauliX(1))[:results]]

    return run


def by_torch(channel, results):
    x, gamma = (torch.tensor(number, dtype=torch.float64, requires_grad=True) for number in (0.3, 0.2))
    try:
        sum(circuit(channel, results)(x, gamma)).backward()
    except TypeError:
        return "TypeError"
    return round(float(x.grad), 4), round(float(gamma.grad), 4)


def by_autograd(channel, results):
    x, gamma = (pnp.array(number, requires_grad=True) for number in (0.3, 0.2))
    return tuple(round(float(slope), 4) for slope in qml.grad(lambda *given: sum(circuit(channel, results)(*given)))(x, gamma))


print("PennyLane", qml.__version__, "torch", torch.__version__)
seen = {
    (way.__name__, channel.__name__): (way(channel, 1), way(channel, 2))
    for way, channel in ((by_torch, qml.AmplitudeDamping), (by_autograd, qml.AmplitudeDamping), (by_torch, qml.BitFlip))
}
for names, slopes in seen.items():
    print(*names, *slopes)
assert seen["by_torch", "AmplitudeDamping"] == ((-0.2364, 0.0447), "TypeError")
assert seen["by_autograd", "AmplitudeDamping"] == ((-0.2364, 0.0447), (-0.2364, 0.0447))
assert seen["by_torch", "BitFlip"] == ((-0.1773, -1.9107), (-0.1773, -1.9107))
PY
echo "as described"

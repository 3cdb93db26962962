#!/usr/bin/env bash
# PennyLane 0.45.1, default.qubit: with sampler_rng=SEED diff_method="spsa" draws the same direction at every call, so that a training
# moves along one line and stays short of the minimum. With sampler_rng=numpy.random.default_rng(SEED) each call draws another one.
#
# SPSA stands on directions that are independent from step to step; a seed is what one gives to have a run repeat. A number is made into a
# generator anew at each call of the gradient, so that all steps of a training get its first draw. A generator is used as it is.
# numpy.random.seed, which did the same for a whole run up to 0.31.1, has no effect since 0.32.0.
#
# Seen, of three angles, the sum of their <Z>, whose minimum is -3, after 300 steps of gradient descent from one point:
#   sampler_rng=7                 directions seen: 1   end: -2.2432
#   sampler_rng=default_rng(7)    directions seen: 4   end: -3.0000
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" - <<'PY'
import sys

import numpy
import pennylane as qml
from pennylane import numpy as np


def trained(sampler):
    @qml.qnode(qml.device("default.qubit", wires=3), diff_method="spsa", gradient_kwargs={"sampler_rng": sampler})
    def cost(angles):
        for wire in range(3):
            qml.RY(angles[wire], wires=wire)
        return qml.expval(qml.Z(0) + qml.Z(1) + qml.Z(2))

    angles, directions = np.array([0.4, 1.3, 2.2], requires_grad=True), set()
    for _ in range(300):
        gradient = qml.grad(cost)(angles)
        if numpy.max(numpy.abs(gradient)) > 1e-6:
            signs = numpy.sign(gradient)
            directions.add(tuple(float(sign) for sign in signs * signs[0]))
        angles = angles - 0.05 * gradient
    return len(directions), float(cost(angles))


found = {"sampler_rng=7": trained(7), "sampler_rng=default_rng(7)": trained(numpy.random.default_rng(7))}
for name, (directions, end) in found.items():
    print(f"{name:28s}  directions seen: {directions}   end: {end:.4f}")
(fixed, short), (several, end) = found.values()
sys.exit(not (fixed == 1 and short > -2.9 and several > 1 and end < -2.99))
PY

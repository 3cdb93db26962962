#!/usr/bin/env bash
# PennyLane 0.45.1 with torch 2.13.0 on Python 3.11: torch.compile of a model that holds a TorchLayer raises at its first call, also with
# backend="eager", which makes no code at all; the same model runs uncompiled.
#
# torch.compile breaks its graph inside of PennyLane and goes on function by function, down to pennylane.math.stack, which dispatches to
# torch.stack by way of autoray: what it makes of that calls torch.stack without its argument. The parts without a circuit compile, and the
# whole does once the circuit is taken out of it by torch.compiler.disable.
#
# Seen, of Linear, TorchLayer of 3 wires, Linear, on 8 rows:
#   plain                      -0.2491
#   compiled                   TypeError: stack() missing 1 required positional arguments: "tensors"
#   circuit left out           -0.2491
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pennylane==0.45.1 pennylane-lightning==0.45.0 autoray==0.8.4 autograd==1.8.0 numpy==2.4.6 scipy==1.17.1 \
  torch==2.13.0
"$work/venv/bin/python" - 2>/dev/null <<'PY'
import pennylane as qml
import torch

torch.manual_seed(0)


@qml.qnode(qml.device("default.qubit", wires=3), diff_method="backprop")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=range(3))
    qml.BasicEntanglerLayers(weights, wires=range(3))
    return [qml.expval(qml.Z(wire)) for wire in range(3)]


data = torch.rand(8, 3)
layer = qml.qnn.TorchLayer(circuit, {"weights": (2, 3)})
model = torch.nn.Sequential(torch.nn.Linear(3, 3), layer, torch.nn.Linear(3, 1))


def mean(one):
    try:
        return f"{one(data).mean().item():.4f}"
    except Exception as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"


print("PennyLane", qml.__version__, "torch", torch.__version__)
plain, compiled = mean(model), mean(torch.compile(model, backend="eager"))
layer.forward = torch.compiler.disable(layer.forward)
left_out = mean(torch.compile(model, backend="eager"))
print("plain", plain, "| compiled", compiled, "| circuit left out", left_out)
assert compiled.startswith("TypeError: stack() missing")
assert plain == left_out
PY
echo "as described"

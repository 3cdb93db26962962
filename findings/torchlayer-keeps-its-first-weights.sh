#!/usr/bin/env bash
# PennyLane 0.45.1, torch 2.13.0 on Python 3.11: qml.qnn.TorchLayer calls its circuit with the weights that it was made with, for ever.
#
# The layer keeps its weights twice: as parameters of the module, and in a dictionary of its own, qnode_weights, which its forward
# pass reads. Whatever gives the module other tensors is not followed, without a word: torch.func.functional_call, a
# parametrization (as weight_norm is one), torch.nn.utils.prune, load_state_dict(assign=True), a Parameter in the place of the
# old one. The module says one weight, the circuit gets another, and the gradient goes to the old one. Only changes in place arrive.
#
# Seen (the weight was 0.3 when the layer was made):
#   changed in place              the weight is 1.2  the circuit got 1.2
#   functional_call               the weight is 1.2  the circuit got 0.3
#   parametrization               the weight is 0.9  the circuit got 0.3
#   prune                         the weight is 0.0  the circuit got 0.3
#   load_state_dict(assign=True)  the weight is 1.2  the circuit got 0.3
#   a new Parameter               the weight is 1.2  the circuit got 0.3
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
from torch.nn.utils import parametrize, prune


class Tripled(torch.nn.Module):
    def forward(self, weights):
        return 3 * weights


def layer():
    @qml.qnode(qml.device("default.qubit", wires=1))
    def circuit(inputs, weights):
        qml.RX(inputs[..., 0], wires=0)
        qml.RX(weights, wires=0)
        return qml.expval(qml.PauliZ(0))

    return qml.qnn.TorchLayer(circuit, {"weights": ()}, init_method={"weights": torch.tensor(0.3)})


x = torch.zeros(1, 1)


def given(change):
    """What the layer says its weight is after a change, and the angle that its circuit got."""
    made = layer()
    change(made)
    return round(float(made.weights), 4), round(float(torch.arccos(made(x))), 4)


def called_with(value):
    """The value that functional_call is given, and the angle that the circuit got."""
    result = torch.func.functional_call(layer(), {"weights": torch.tensor(value)}, (x,))
    return value, round(float(torch.arccos(result)), 4)


def replaced(made):
    made.weights = torch.nn.Parameter(torch.tensor(1.2))


seen = {
    "changed in place": given(lambda made: made.weights.data.fill_(1.2)),
    "functional_call": called_with(1.2),
    "parametrization": given(lambda made: parametrize.register_parametrization(made, "weights", Tripled())),
    "prune": given(lambda made: prune.custom_from_mask(made, "weights", torch.tensor(0.0))),
    "load_state_dict(assign=True)": given(lambda made: made.load_state_dict({"weights": torch.tensor(1.2)}, assign=True)),
    "a new Parameter": given(replaced),
}
print("PennyLane", qml.__version__)
for name, (says, got) in seen.items():
    print(f"{name:<29} the weight is {says:<4} the circuit got {got}")
assert seen.pop("changed in place") == (1.2, 1.2)
assert [says for says, _ in seen.values()] == [1.2, 0.9, 0.0, 1.2, 1.2]
assert {got for _, got in seen.values()} == {0.3}
PY
echo "as described"
